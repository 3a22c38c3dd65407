"""The named points of the send sequence, and a real `jekulu run` that dies by kill -9 when it passes one of them.

    python -m tests.crash.points "after A" 2        dies when it passes the point for the second time

Nothing of the product knows of it: its functions are wrapped by their names, and a name that is gone stops the start.
A transaction is told by what it writes, so that it is found wherever it is opened.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session
from urllib3.connection import HTTPConnection

import wsgi
from messaging import outcomes, receipts
from messaging.gateways.twilio import Twilio

NEW_ATTEMPT, NEW_RECEIPT = "INSERT INTO attempt ", "INSERT INTO receipt "


class Passing:
    """Counts who passes the point, in any thread, and dies at the nth."""

    def __init__(self, nth: int) -> None:
        """Die at the `nth` passing."""
        self._left = nth
        self._lock = threading.Lock()

    def __call__(self, *_: object) -> None:
        """Somebody is there: as in a power cut, no handler runs."""
        with self._lock:
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)


def wrap(owner: Any, name: str, before: Callable[..., object] | None, after: Callable[..., object] | None) -> None:
    """Call `before` and `after` around a function of the product; AttributeError when it has no such name."""
    real = getattr(owner, name)

    def wrapped(*args: Any, **more: Any) -> Any:
        if before:
            before(*args)
        result = real(*args, **more)
        if after:
            after(*args)
        return result

    setattr(owner, name, wrapped)


def before_a(passing: Passing) -> None:
    """The attempts are written, their transaction is not committed."""
    on_transactions(writing=NEW_ATTEMPT, commits="before_commit", then=passing)


def after_a(passing: Passing) -> None:
    """The attempts are committed, the gateway is not called."""
    on_transactions(writing=NEW_ATTEMPT, commits="after_commit", then=passing)


def on_transactions(writing: str, commits: str, then: Callable[[], None]) -> None:
    """Do something around the commit of each transaction that wrote with a statement that starts so."""
    mine = threading.local()

    def executed(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        mine.wrote = getattr(mine, "wrote", False) or statement.startswith(writing)

    def began(*_: object) -> None:
        mine.wrote = False

    def committing(session: Session) -> None:
        if commits == "before_commit":
            session.flush()
        if getattr(mine, "wrote", False):
            mine.wrote = False
            then()

    sa.event.listen(sa.Engine, "before_cursor_execute", executed)
    sa.event.listen(sa.Engine, "begin", began)
    sa.event.listen(Session, commits, committing)


def before_submit(passing: Passing) -> None:
    """The adapter is called; no byte has gone out."""
    wrap(Twilio, "submit", passing, None)


def half_submitted(passing: Passing) -> None:
    """The head of the request is out, its form is not: a gateway that acted on it would be broken."""
    real = HTTPConnection.endheaders

    def endheaders(self: Any, message_body: Any = None, **more: Any) -> None:
        if is_submitting():
            real(self, None, **more)
            passing()
        real(self, message_body, **more)

    HTTPConnection.endheaders = endheaders  # type: ignore[method-assign]
    _mark_submitting()


def submitted(passing: Passing) -> None:
    """The whole request is out, nothing of the answer is read."""
    real = HTTPConnection.getresponse

    def getresponse(self: Any, *args: Any, **more: Any) -> Any:
        if is_submitting():
            passing()
        return real(self, *args, **more)

    HTTPConnection.getresponse = getresponse  # type: ignore[method-assign]
    _mark_submitting()


_submitting = threading.local()


def is_submitting() -> bool:
    """True in a thread that hands an SMS over; looks and health use the same connections."""
    return getattr(_submitting, "now", False)


def _mark_submitting() -> None:
    wrap(Twilio, "submit", lambda *_: setattr(_submitting, "now", True), lambda *_: setattr(_submitting, "now", False))


def answered(passing: Passing) -> None:
    """The gateway's answer is read, nothing of it is stored."""
    wrap(Twilio, "submit", None, passing)


def inside_b(passing: Passing) -> None:
    """The outcomes are written, their transaction is not committed."""

    def written(session: Session, *_: object) -> None:
        session.flush()
        passing()

    wrap(outcomes, "record", None, written)


def after_b(passing: Passing) -> None:
    """The outcomes are committed."""
    wrap(outcomes, "record", lambda session, *_: sa.event.listen(session, "after_commit", passing, once=True), None)


def inside_receive(passing: Passing) -> None:
    """A receipt is written, its transaction is not committed: the gateway has no answer yet."""
    looks = threading.local()  # set in threads that store what a look told

    def received() -> None:
        if not getattr(looks, "now", False):
            passing()

    wrap(Twilio, "resolve", lambda *_: setattr(looks, "now", True), None)
    on_transactions(writing=NEW_RECEIPT, commits="before_commit", then=received)


def after_receive(passing: Passing) -> None:
    """A receipt is committed; the gateway has no answer yet."""
    wrap(receipts, "receive", None, passing)


def looked(passing: Passing) -> None:
    """A look at the gateway has given its answer, nothing of it is stored."""
    wrap(Twilio, "resolve", None, passing)


SENDING: dict[str, Callable[[Passing], None]] = {
    "before A": before_a,
    "after A": after_a,
    "before submit": before_submit,
    "half submitted": half_submitted,
    "submitted": submitted,
    "answered": answered,
    "inside B": inside_b,
    "after B": after_b,
    "looked": looked,
}
REPORTS: dict[str, Callable[[Passing], None]] = {"inside receive": inside_receive, "after receive": after_receive}
POINTS = SENDING | REPORTS


def main(point: str, nth: str) -> None:
    """Run as `jekulu run` does, until the point is passed for the nth time."""
    POINTS[point](Passing(int(nth)))
    wsgi.main(["run"], prog_name="jekulu")


if __name__ == "__main__":
    main(*sys.argv[1:])
