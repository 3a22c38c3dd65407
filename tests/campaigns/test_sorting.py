"""What sorting does to an SMS and its case, and in which list an SMS stands."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from campaigns import cases, sorting
from campaigns.models import Attendance, ClubSession, ClubSessionKind, Feedback
from messaging import staff
from messaging.clock import utc_now
from messaging.errors import RefusedError
from messaging.installation import Installation
from messaging.models import Audit, Gateway, Inbound, Role
from messaging.models.post import InboundState
from tests.world import World


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
    ("harm that an SMS did", "feedback", "suggestion", "adverse", "adverse"),
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
        cases.settle(session, session.get_one(Inbound, ident), 1, world.programme_id, world.now)
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


def reported(world: World, category: str | None) -> tuple[int, int]:
    """A report whose note is sensitive, or that no list has screened: the SMS and the report, as they are filed."""
    ident = came(world, "PRES 1041 F12 H8 T20 ...", "attendance", category, doubtful=True)
    with world.db.write() as session:
        club_id = world.clubs.get("1041") or 0
        held = ClubSession(programme_id=world.programme_id, kind=ClubSessionKind.CLUB, club_id=club_id or None)
        session.add(held)
        session.flush()
        row = Attendance(
            club_session_id=held.id, intent="attendance", total=20, note="...", sensitive=True, inbound_id=ident,
            received_at=world.now,
        )  # fmt: skip
        session.add(row)
        if category is None:
            session.add(Feedback(
                programme_id=world.programme_id, inbound_id=ident, phone_id=world.phones["+22376000011"],
                category="unclassified", told_at=world.now,
            ))  # fmt: skip
        session.flush()
        return ident, row.id


def masked(world: World, ident: int) -> bool:
    """Whether the note of a report is hidden."""
    with world.db.read() as session:
        return session.get_one(Attendance, ident).sensitive


def test_the_note_of_a_report_is_hidden_until_somebody_says_that_it_may_be_read(world: World) -> None:
    doubtful, note = reported(world, None)
    assert box(world, doubtful) == "doubtful"
    with world.db.read() as session:
        assert doubtful in session.scalars(sa.select(Inbound.id).where(sorting.boxed("doubtful"))).all()
    sort(world, doubtful, "report")
    assert (box(world, doubtful), masked(world, note), case(world, doubtful)) == ("sorted", False, None)
    with world.db.write() as session:
        sorting.unsort(session, [doubtful], 1, world.programme_id, world.now)
    assert (box(world, doubtful), masked(world, note)) == ("doubtful", True)
    with world.db.read() as session:
        assert doubtful in session.scalars(sa.select(Inbound.id).where(sorting.boxed("doubtful"))).all()
    sort(world, doubtful, "protection")
    assert (box(world, doubtful), masked(world, note)) == ("sensitive", True)


def test_a_report_with_a_sensitive_note_is_its_focal_points(world: World) -> None:
    ident, note = reported(world, "fraud")
    assert (box(world, ident), case(world, ident)) == ("sensitive", ("sensitive_fraud", False))
    sort(world, ident, "report")
    assert (box(world, ident), masked(world, note)) == ("sorted", False)
