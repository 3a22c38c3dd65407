"""A process that takes one signed call at the webhook and dies by kill -9 at a named moment."""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

import sqlalchemy as sa
from flask import Flask

from messaging import settings
from messaging.database import Database
from messaging.installation import open_installation
from tests.fakes.carrier import Call
from webhooks import door


def die(*_given: object) -> None:
    """As a power cut would: no handler runs."""
    os.kill(os.getpid(), signal.SIGKILL)


def prepare(moment: str, db: Database, patient: Any = door) -> None:
    """Let death wait at this moment."""
    if moment == "before the commit":
        sa.event.listen(db.engine, "commit", die)
    elif moment == "stored, not answered":
        store = patient._store
        patient._store = lambda *given: (store(*given), die())


def main(moment: str, url: str, form: list[str]) -> None:
    """Take the call and die."""
    here = open_installation(settings.load())
    app = Flask(__name__)
    app.extensions |= {"jekulu": here, "jekulu.wake": lambda _name: None}
    app.register_blueprint(door.blueprint)
    call = Call(url, tuple(zip(form[::2], form[1::2], strict=True)))
    prepare(moment, here.db)
    app.test_client().post(
        call.path, data=call.body, headers=call.headers, environ_overrides={"REQUEST_URI": call.path}
    )
    die()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
