"""A process that dies by kill -9 at a named moment; its settings are in the environment."""

from __future__ import annotations

import os
import signal
import sys
from datetime import datetime
from typing import Any

from campaigns.conversation.converse import converse
from messaging import claiming, inbox, outbox, sender, settings
from messaging.gateways.protocol import Outbound, Submitted
from messaging.gateways.simulator import Simulator
from messaging.installation import Installation, open_installation
from messaging.models import Gateway


def die() -> None:
    """As a power cut would: no handler runs."""
    os.kill(os.getpid(), signal.SIGKILL)


class DiesBefore(Simulator):
    """Dies when it is about to hand an SMS over."""

    def submit(self, outbound: Outbound) -> Submitted:
        """Die."""
        die()
        return super().submit(outbound)


class DiesAfter(Simulator):
    """Dies when the carrier has taken the SMS and before anybody knows."""

    def submit(self, outbound: Outbound) -> Submitted:
        """Hand over, then die."""
        taken = super().submit(outbound)
        die()
        return taken


def use(here: Installation, kind: type[Simulator], now: datetime) -> None:
    """Let this carrier stand at the simulator's place."""
    with here.db.read() as session:
        gateway = session.get_one(Gateway, 1)
    here.adapters.put(gateway, kind(here.adapters.book, lambda: now))


def main(moment: str, now: datetime) -> None:
    """Go to the moment and die there."""
    here = open_installation(settings.load())
    if moment == "stop stored":
        inbox.receive(here.db, "simulator", [here.adapters.book.write("+22370000001", "ARRET", now, "stop-1")])
    elif moment == "claimed":
        claiming.claim(here, now)
    elif moment == "before submit":
        use(here, DiesBefore, now)
        sender.send_due(here, now)
    elif moment == "reply put":
        put = outbox.put

        def put_and_die(*given: Any, **more: Any) -> bool:
            put(*given, **more)
            die()  # before the commit
            return True

        outbox.put = put_and_die
        converse(here.db, now)
    elif moment == "after submit":
        use(here, DiesAfter, now)
        sender.send_due(here, now)
    die()


if __name__ == "__main__":
    main(sys.argv[1], datetime.fromisoformat(sys.argv[2]))
