"""The judge's truth against our tables: who got one SMS, who none, who two, and what we say and charge of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from messaging.database import Database, keys_of
from messaging.models import Attempt, Budget, Message, Phone
from messaging.models.post import AttemptState, State
from messaging.phones import Keys
from messaging.rules import Reason
from tests.crash.place import PRICE, TEXT, Place

OPEN = (State.WAITING, State.SUBMITTING)


@dataclass(frozen=True)
class Ours:
    """What our tables say at the end."""

    messages: Mapping[str, tuple[State, str | None]]  # state and reason, by number
    listed: frozenset[str]  # numbers of what `jekulu resolve --list` shows
    unknown: int  # attempts whose outcome nobody knows
    charged: int
    reserved: int


@dataclass(frozen=True)
class Verdict:
    """Counts of people; `wrong` are sentences, empty when all is well."""

    people: int
    once: int
    lost: int
    doubled: int
    parked: int
    wrong: tuple[str, ...]


def open_messages(place: Place, keys: Keys) -> int:
    """How many messages are still on their way by our tables, or not planned yet."""
    db = Database(place.settings.database_url, keys)
    try:
        with db.read() as session:
            ended = session.scalar(sa.select(sa.func.count()).where(Message.state.not_in(OPEN))) or 0
        return len(place.numbers) - ended
    finally:
        db.dispose()


def read(place: Place, keys: Keys, listed: Collection[int]) -> Ours:
    """Read our tables; `listed` are the messages that a person is shown to settle, by id."""
    db = Database(place.settings.database_url, keys)
    try:
        with db.read() as session:
            query = sa.select(Message.id, Phone.sealed, Message.state, Message.reason).join_from(Message, Phone)
            rows = [
                (ident, keys_of(session).open(sealed), (state, reason))
                for ident, sealed, state, reason in session.execute(query)
            ]
            unknown = sa.select(sa.func.count()).where(Attempt.state == AttemptState.UNKNOWN)
            money = session.execute(sa.select(Budget.charged_micros, Budget.reserved_micros)).one()
            return Ours(
                {number: told for _, number, told in rows},
                frozenset(number for ident, number, _ in rows if ident in listed),
                session.scalar(unknown) or 0,
                *money,
            )
    finally:
        db.dispose()


def judge(numbers: Collection[str], sent: Sequence[Mapping[str, str]], ours: Ours, can_ask: bool) -> Verdict:
    """Compare.

    Where the gateway can be asked, whoever got nothing is lost, and nothing is left for a person to settle. Where it
    cannot, whoever got nothing must be on the list of what a person settles.
    """
    got = Counter(one["to"] for one in sent if one["body"] == TEXT)
    parked = ours.listed
    held = {number for number, told in ours.messages.items() if told == (State.HELD, Reason.UNKNOWN.value)}
    nothing = {number for number in numbers if not got[number]}
    lost = nothing if can_ask else nothing - parked
    handed_over = {number for number, told in ours.messages.items() if told[0] in (State.HANDED_OVER, State.CLOSED)}
    checks = (
        (len(sent) != got.total(), "the judge has SMS with other words"),
        (set(got) > set(numbers), "the judge has SMS to strangers"),
        (set(ours.messages) != set(numbers), "our messages are not one a person"),
        (held != parked, f"{len(held)} wait for a person, {len(parked)} are listed"),
        (can_ask and bool(parked), f"{len(parked)} wait for a person although the gateway could be asked"),
        (any(told[0] in OPEN for told in ours.messages.values()), "some messages are still on their way"),
        (ours.unknown != len(parked), f"{ours.unknown} attempts are unknown, {len(parked)} are listed"),
        (not handed_over <= set(got), "we call something handed over that the judge does not have"),
        (not set(got) <= handed_over | parked, "the judge has an SMS that we neither call handed over nor list"),
        (ours.charged != PRICE * len(handed_over), "not every SMS is charged once"),
        (can_ask and ours.charged != PRICE * len(sent), "our bill is not the judge's"),
        (ours.reserved != PRICE * len(parked), "money is reserved for nothing"),
    )
    return Verdict(
        people=len(numbers),
        once=sum(count == 1 for count in got.values()),
        lost=len(lost),
        doubled=sum(count > 1 for count in got.values()),
        parked=len(parked),
        wrong=tuple(words for is_wrong, words in checks if is_wrong),
    )
