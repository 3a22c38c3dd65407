"""The command that settles what nobody knows: one pass of looks, the list of what is parked, and a person's orders."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

import click
from sqlalchemy.orm import Session

from messaging import resolving, settling
from messaging.cli.frame import command_errors, emit, json_option, moment, now_option, opened
from messaging.errors import DataError
from messaging.installation import Installation
from messaging.models import Message

MOST = 10_000
Order = Callable[[Session, Message, datetime, int | None], None]


@click.command()
@click.argument("ids", nargs=-1, type=int, metavar="[ID]...")
@click.option("--list", "what", flag_value="list", help="List what waits for a person's decision; no number is shown.")
@click.option("--send", "what", flag_value="send", help="Send these messages again, although they may have left.")
@click.option("--close", "what", flag_value="close", help="Close these messages for good.")
@now_option
@json_option
@command_errors
def resolve(ids: tuple[int, ...], what: str | None, now: str | None, as_json: bool) -> None:
    """One pass over the attempts whose outcome is not known; or settle by hand what no look could."""
    if bool(ids) is not (what in ("send", "close")):
        raise click.UsageError("Write the ids of the list after --send or --close, and nowhere else.")
    with opened() as here:
        at = moment(here, now)
        if what == "list":
            emit(_listed(here), as_json)
        elif what == "send":
            emit({"sent_again": _order(here, ids, at, settling.send_again)}, as_json)
        elif what == "close":
            emit({"closed": _order(here, ids, at, settling.give_up)}, as_json)
        else:
            emit(resolving.resolve(here, at), as_json)


def _listed(here: Installation) -> list[dict[str, object]]:
    with here.db.read() as session:
        return [
            {
                "message": one.message.id, "gateway": one.gateway, "since": one.since.isoformat(),
                "kind": one.message.kind.value, "step": one.message.step_id,
            }
            for one in settling.parked(session, most=MOST)
        ]  # fmt: skip


def _order(here: Installation, ids: Sequence[int], now: datetime, order: Order) -> int:
    """Settle all of them or, when one is not there or refuses, none."""
    with here.db.write() as session:
        for ident in sorted(set(ids)):
            message = session.get(Message, ident)
            if message is None:
                raise DataError(f"There is no message {ident}. See jekulu resolve --list.")
            order(session, message, now, None)
    return len(set(ids))
