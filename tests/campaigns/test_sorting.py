"""What sorting does to an SMS and its case, in which list an SMS stands, and how the clocks run."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from campaigns import clocks, sorting
from campaigns.models import Feedback
from messaging import staff
from messaging.clock import utc_now
from messaging.errors import RefusedError
from messaging.installation import Installation
from messaging.models import Audit, Gateway, Inbound, Role
from messaging.models.post import InboundState
from tests.world import World

ZONE = "Africa/Bamako"


@pytest.fixture
def world(installation: Installation) -> World:
    """A member's phone, and an account that sorts."""
    made = World(installation.db, utc_now()).programme("essai", demonstration=True)
    made.member("+22376000011")
    with made.db.write() as session:
        staff.add(session, "awa@essai.example", [(Role.OFFICER, "")], made.now, programmes=["essai"])
    return made


def came(
    world: World, text: str = "La radio ?", intent: str | None = "feedback", category: str | None = "question",
    *, doubtful: bool = False, state: InboundState = InboundState.HANDLED,
) -> int:  # fmt: skip
    """An SMS as the reader left it, with the case that it filed."""
    with world.db.write() as session:
        number = session.scalar(sa.select(sa.func.count(Inbound.id))) or 0
        row = Inbound(
            gateway_id=session.scalars(sa.select(Gateway.id)).first(), dedupe_key=f"k{number}", text=text,
            phone_id=world.phones["+22376000011"], received_at=world.now, next_at=world.now, digest=str(number),
            state=state, role="member", intent=intent, category=category, maybe_sensitive=doubtful,
        )  # fmt: skip
        session.add(row)
        session.flush()
        case = sorting.case_of(intent, category, None)
        if case and row.phone_id:
            session.add(Feedback(
                programme_id=world.programme_id, inbound_id=row.id, phone_id=row.phone_id, category=case,
                told_at=world.now,
            ))  # fmt: skip
        return row.id


def box(world: World, ident: int) -> str:
    """The list it stands in."""
    with world.db.read() as session:
        return session.scalars(sa.select(sorting.BOX).where(Inbound.id == ident)).one()


def case(world: World, ident: int) -> tuple[str, bool] | None:
    """The category of its case, and whether somebody has seen to it."""
    with world.db.read() as session:
        row = session.scalar(sa.select(Feedback).where(Feedback.inbound_id == ident))
        return row and (row.category, row.sorted_at is not None)


def sort(world: World, ident: int, kind: str, seen: str = "") -> int:
    """Sort one; gives how many were sorted."""
    with world.db.write() as session:
        return len(sorting.sort(session, {ident: kind}, {ident: seen}, 1, world.programme_id, world.now))


BOXES = [
    ("a question waits to be sorted", "feedback", "question", False, InboundState.HANDLED, "waiting"),
    ("so does what was not understood", "unknown", None, False, InboundState.HANDLED, "waiting"),
    ("a report that was read does not", "attendance", None, False, InboundState.HANDLED, "read"),
    ("AVIS without words does not", "feedback", None, False, InboundState.HANDLED, "read"),
    ("what the screen caught is sensitive", "sensitive", "fraud", True, InboundState.HANDLED, "sensitive"),
    ("free text without a reviewed list may be", "feedback", "question", True, InboundState.HANDLED, "doubtful"),
    ("so may what the reader failed on", None, None, False, InboundState.FAILED, "doubtful"),
    ("what nobody has looked at is in no list", None, None, False, InboundState.NEW, "unread"),
    ("nor what a number in quarantine wrote", None, None, False, InboundState.HELD, "unread"),
]


@pytest.mark.parametrize(("intent", "category", "doubtful", "state", "wanted"), [r[1:] for r in BOXES], ids=[
    row[0] for row in BOXES
])  # fmt: skip
def test_each_sms_stands_in_one_list(
    world: World, intent: str | None, category: str | None, doubtful: bool, state: InboundState, wanted: str
) -> None:
    ident = came(world, intent=intent, category=category, doubtful=doubtful, state=state)
    assert box(world, ident) == wanted
    with world.db.read() as session:
        for name in ("waiting", "doubtful", "sensitive", "sorted"):
            found = session.scalars(sa.select(Inbound.id).where(sorting.boxed(name))).all()
            assert (ident in found) is (name == wanted), name


CASES = [
    ("as the reader said", "feedback", "question", None, "question"),
    ("as staff say, whatever the reader said", "feedback", "question", "complaint_minor", "complaint_minor"),
    ("an SMS nobody understood", "unknown", None, None, None),
    ("one that staff made out", "unknown", None, "assistance_request", "assistance_request"),
    ("a misread report is no case", "feedback", "question", "report", None),
    ("nor is noise", "feedback", "thanks", "noise", None),
    ("caught by the screen", "sensitive", "fraud", None, "sensitive_fraud"),
    ("found by the officer", "feedback", "question", "psea", "sensitive_psea"),
    ("caught in vain", "sensitive", "fraud", "thanks", "thanks"),
]


@pytest.mark.parametrize(("intent", "category", "sorted_as", "wanted"), [r[1:] for r in CASES], ids=[
    row[0] for row in CASES
])  # fmt: skip
def test_case_says_what_the_sms_is(
    intent: str, category: str | None, sorted_as: str | None, wanted: str | None
) -> None:
    assert sorting.case_of(intent, category, sorted_as) == wanted


def test_every_kind_fits_its_column() -> None:
    assert max(len(name) for name in (*sorting.KINDS, *sorting.SENSITIVE_CASES)) <= 24


def test_sorting_sees_to_the_case_and_undoing_brings_it_back(world: World) -> None:
    ident = came(world)
    assert case(world, ident) == ("question", False)
    assert sort(world, ident, "complaint_minor") == 1
    assert (box(world, ident), case(world, ident)) == ("sorted", ("complaint_minor", True))
    with world.db.write() as session:
        assert len(sorting.unsort(session, [ident], 1, world.programme_id, world.now)) == 1
    assert (box(world, ident), case(world, ident)) == ("waiting", ("question", False))


def test_noise_is_no_case_until_it_is_taken_back(world: World) -> None:
    ident = came(world)
    sort(world, ident, "noise")
    assert case(world, ident) is None
    with world.db.write() as session:
        sorting.unsort(session, [ident], 1, world.programme_id, world.now)
    assert case(world, ident) == ("question", False)


def test_a_sensitive_one_is_an_open_case_that_its_focal_point_settles(world: World) -> None:
    ident = came(world, doubtful=True)
    sort(world, ident, "protection")
    assert (box(world, ident), case(world, ident)) == ("sensitive", ("sensitive_protection", False))
    with world.db.write() as session:
        assert sorting.unsort(session, [ident], 1, world.programme_id, world.now) == []
        sorting.settle(session, session.get_one(Inbound, ident), 1, world.programme_id, world.now)
    assert (box(world, ident), case(world, ident)) == ("sensitive", ("sensitive_protection", True))


def test_a_harmless_one_becomes_ordinary(world: World) -> None:
    ident = came(world, doubtful=True)
    sort(world, ident, "thanks")
    assert box(world, ident) == "sorted"


def test_what_somebody_else_sorted_meanwhile_stays(world: World) -> None:
    ident = came(world)
    sort(world, ident, "thanks")
    assert sort(world, ident, "noise") == 0
    assert case(world, ident) == ("thanks", True)
    assert sort(world, ident, "noise", seen="thanks") == 1


def test_an_unknown_kind_is_refused_and_changes_nothing(world: World) -> None:
    ident = came(world)
    with pytest.raises(RefusedError), world.db.write() as session:
        sorting.sort(session, {ident: "gossip"}, {}, 1, world.programme_id, world.now)
    assert box(world, ident) == "waiting"


def test_the_log_tells_before_and_after_and_no_words(world: World) -> None:
    ident = came(world, "Awa, 76 12 34 56, demande")
    sort(world, ident, "assistance_request")
    with world.db.read() as session:
        row = session.scalars(sa.select(Audit).where(Audit.object == "inbound")).one()
    assert (row.actor, row.action, row.object_id) == ("staff:1", "sorted", str(ident))
    assert (row.before, row.after) == ({"as": None}, {"as": "assistance_request"})


def at(day: str, hour: str = "10:00") -> datetime:
    """A moment of the first weeks of March 2026, which begins on a Sunday."""
    return datetime.fromisoformat(f"2026-03-{day}T{hour}:00").replace(tzinfo=UTC)


DUE = [
    ("told on Monday, seen to by Thursday", "question", at("02"), at("05")),
    ("told on Thursday, the weekend does not count", "question", at("05"), at("10")),
    ("told on Saturday, counted from Monday on", "complaint_minor", at("07"), at("12", "00:00")),
    ("a fee asked: a day, weekend or not", "sensitive_fraud", at("06"), at("07")),
    ("security: at once", "sensitive_security", at("06"), at("06")),
    ("thanks have no clock", "thanks", at("02"), None),
]


@pytest.mark.parametrize(("category", "told_at", "wanted"), [row[1:] for row in DUE], ids=[row[0] for row in DUE])
def test_clocks(category: str, told_at: datetime, wanted: datetime | None) -> None:
    assert clocks.due(category, told_at, ZONE) == wanted


STANDING = [
    ("fresh", "question", at("02"), at("03"), "calm"),
    ("in its last working day", "question", at("02"), at("04", "11:00"), "near"),
    ("over", "question", at("02"), at("05", "10:00"), "late"),
    ("fraud in the morning", "sensitive_fraud", at("02"), at("02", "15:00"), "calm"),
    ("fraud in the night", "sensitive_fraud", at("02"), at("02", "23:00"), "near"),
    ("fraud a day later", "sensitive_fraud", at("02"), at("03"), "late"),
    ("thanks never", "thanks", at("02"), at("31"), "calm"),
]


@pytest.mark.parametrize(("category", "told_at", "now", "wanted"), [row[1:] for row in STANDING], ids=[
    row[0] for row in STANDING
])  # fmt: skip
def test_standing(category: str, told_at: datetime, now: datetime, wanted: str) -> None:
    assert clocks.standing(category, told_at, now, ZONE) == wanted


def test_counting_back_agrees_with_counting_on() -> None:
    for told in range(0, 14 * 24, 5):
        for later in range(0, 9 * 24, 3):
            told_at = at("01", "00:00") + timedelta(hours=told)
            now, end = told_at + timedelta(hours=later), clocks.due("question", told_at, ZONE)
            assert end is not None
            assert (now >= end) is (told_at <= clocks.told_by(now, clocks.WORKING_DAYS, ZONE)), (told_at, now)
