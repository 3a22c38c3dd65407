"""Places at risk: what a level blocks, what is held and let go, and what takes two people."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from messaging import communes, inbox, installation, outbox, places, programmes, proposals, risk, sender, staff
from messaging.departure import look
from messaging.errors import RefusedError
from messaging.gateways.protocol import Arrival
from messaging.installation import Installation
from messaging.letters import measure
from messaging.models import (
    Audit,
    Budget,
    Club,
    Inbound,
    Mark,
    Message,
    PausedPlace,
    Phone,
    Place,
    Proposal,
    RiskRule,
    Role,
    Station,
    StationPhone,
)
from messaging.models.place import RiskLevel
from messaging.models.post import Kind, State
from messaging.models.rule import Decision
from messaging.outbox import Letter
from messaging.rules import Reason
from tests.land import commune, share
from tests.meanwhile import at_once
from tests.world import World

GREEN, ORANGE, RED = RiskLevel
AWA, BOU, COUMBA, DIE = "+22376000001", "+22376000002", "+22376000003", "+22376000004"
ROLES = {
    "agent": [(Role.OFFICER, "")],
    "approuve": [(Role.APPROVER, "")],
    "second": [(Role.APPROVER, "")],
    "edite": [(Role.EDITOR, "")],
}


class Land:
    """Two communes with people, the queue before them, and four accounts."""

    def __init__(self, here: Installation, now: datetime) -> None:
        self.here, self.now, self.put = here, now, 0
        self.world = World(here.db, now).programme(demonstration=True)
        self.doucombo = commune(self.world, "Doucombo")
        self.members = {AWA: self.world.member(AWA)}
        self.village = self.world.village_id
        self.kendie = commune(self.world, "Kendié")
        self.members[BOU] = self.world.member(BOU)
        with here.db.write() as session:
            for name, roles in ROLES.items():
                staff.add(session, f"{name}@essai.example", roles, now, demonstration=True)

    def who(self, name: str) -> int:
        with self.here.db.read() as session:
            return staff.by_email(session, f"{name}@essai.example").id

    def act(self, who: str, what: Callable, *given: object):
        """Have an account do one thing of `communes`, a minute later."""
        self.now += timedelta(minutes=1)
        with self.here.db.write() as session:
            done = what(session, *given, self.who(who), self.now)
            return done.id if isinstance(done, Proposal) else done

    def ask(self, who: str, what: Callable, *given: object):
        self.now += timedelta(minutes=1)
        with self.here.db.write() as session:
            return what(session, self.doucombo, *given, self.who(who), self.now, self.world.programme_id).id

    def queue(self, number: str, *tags: str, kind: Kind = Kind.CAMPAIGN, hours: int = 24, **who: int | None) -> int:
        """Put one message."""
        self.put += 1
        letter = Letter(
            programme_id=self.world.programme_id, kind=kind, occurrence=f"reply:{self.put}", language_wanted="fr",
            language="fr", size=measure("Bonjour"), due_at=self.now, useful_until=self.now + timedelta(hours=hours),
            body="Bonjour", tags=tags, segment_price_micros=10,
        )  # fmt: skip
        with self.here.db.write() as session:
            who = {"member_id": self.members.get(number), **who}
            assert outbox.put(session, letter, self.world.phones[number], self.now, **who)
            return session.scalars(sa.select(sa.func.max(Message.id))).one()

    def state(self, message_id: int) -> str:
        """The state of a message and why: `held risk`."""
        with self.here.db.read() as session:
            row = session.get_one(Message, message_id)
            return f"{row.state.value} {row.reason or ''}".strip()

    def send(self) -> dict[str, int]:
        return sender.send_due(self.here, self.now)

    def level(self) -> RiskLevel:
        with self.here.db.read() as session:
            return places.risk(session, self.doucombo, self.now)


@pytest.fixture
def land(installation: Installation, now: datetime) -> Land:
    return Land(installation, now)


# tag, then green, orange, red; two people approve a warning wherever it goes
TABLE = [
    ("meeting", "yes", "yes", "blocked"),
    ("distribution", "yes", "yes", "blocked"),
    ("cash", "yes", "yes", "blocked"),
    ("agency", "blocked", "blocked", "blocked"),
    ("srh", "blocked", "blocked", "blocked"),
    ("security", "blocked", "blocked", "blocked"),
    ("warning", "yes", "yes", "yes"),
]


@pytest.mark.parametrize("row", TABLE, ids=[row[0] for row in TABLE])
def test_the_table_of_tags_and_levels(land: Land, row: tuple[str, ...]) -> None:
    tag, *said = row
    with land.here.db.write() as session:
        programmes.add_rules(session)
        blocked = risk.blocked_tags(session)
        rows = {r.level: r.decision.value for r in session.scalars(sa.select(RiskRule).where(RiskRule.tag == tag))}
    assert ["blocked" if tag in blocked[level] else "yes" for level in RiskLevel] == said
    assert ["blocked" if rows[level] == "block" else "yes" for level in RiskLevel] == said


def test_a_committee_that_agreed_is_one_changed_row(land: Land) -> None:
    with land.here.db.write() as session:
        programmes.add_rules(session)
        session.get_one(RiskRule, (GREEN, "srh")).decision = Decision.ALLOW
        programmes.add_rules(session)
    with land.here.db.read() as session:
        blocked = risk.blocked_tags(session)
    assert ("srh" in blocked[GREEN], "srh" in blocked[ORANGE]) == (False, True)


def test_rules_of_an_older_version_get_the_law_once(land: Land) -> None:
    db = land.here.db
    with db.write() as session:
        programmes.add_rules(session)
        session.execute(sa.update(RiskRule).values(decision=Decision.ALLOW))
        session.execute(sa.delete(Mark).where(Mark.name == programmes.LAW_TAKEN))
    installation.prepare(db, land.now)
    with db.write() as session:
        assert session.get_one(RiskRule, (RED, "cash")).decision is Decision.BLOCK
        assert session.get_one(RiskRule, (ORANGE, "cash")).decision is Decision.ALLOW
        session.get_one(RiskRule, (RED, "cash")).decision = Decision.ALLOW  # staff change it
    installation.prepare(db, land.now)
    with db.read() as session:
        assert session.get_one(RiskRule, (RED, "cash")).decision is Decision.ALLOW


# message, state after Doucombo is set to red
QUEUED = [
    ("money", AWA, ("cash",), Kind.CAMPAIGN, "held risk"),
    ("a distribution and more", AWA, ("warning", "distribution"), Kind.CAMPAIGN, "held risk"),
    ("a call with a date", AWA, ("meeting",), Kind.SERVICE, "held risk"),
    ("a tip", AWA, (), Kind.CAMPAIGN, "waiting"),
    ("a warning", AWA, ("warning",), Kind.ALERT, "waiting"),
    ("an answer to her SMS", AWA, ("cash",), Kind.REPLY, "waiting"),
    ("money elsewhere", BOU, ("cash",), Kind.CAMPAIGN, "waiting"),
]


def test_a_raised_level_holds_what_is_queued_at_once(land: Land) -> None:
    ids = [land.queue(number, *tags, kind=kind) for _label, number, tags, kind, _state in QUEUED]
    assert land.act("approuve", communes.raise_level, land.doucombo, RED) == 3
    assert [land.state(ident) for ident in ids] == [row[-1] for row in QUEUED]
    assert land.level() is RED
    with land.here.db.read() as session:
        (row,) = communes.history(session, land.doucombo)
        assert (row.level, row.staff_id, row.since) == (RED, land.who("approuve"), land.now)
        noted = session.scalars(sa.select(Audit).where(Audit.object == "place")).one()
        assert (noted.action, noted.before, noted.after) == ("raised", {"level": "green"}, {"level": "red", "held": 3})


def test_what_is_planned_later_is_held_at_the_last_moment(land: Land) -> None:
    land.act("approuve", communes.raise_level, land.doucombo, RED)
    money, tip, elsewhere = land.queue(AWA, "cash"), land.queue(AWA), land.queue(BOU, "cash")
    land.send()
    assert [land.state(one) for one in (money, tip, elsewhere)] == ["held risk", "handed_over", "handed_over"]


@pytest.mark.parametrize("tags", [("agency",), ("security", "cash")])
def test_what_is_blocked_everywhere_needs_no_red_commune(land: Land, tags: tuple[str, ...]) -> None:
    ident = land.queue(BOU, *tags)
    land.send()
    assert land.state(ident) == "held risk"


def whose(land: Land) -> Iterator[tuple[str, str, dict[str, int | None]]]:
    """Phones of Doucombo without a message that says so, and one that moved."""
    world, land.world.village_id = land.world, land.village
    world.club("1041", facilitator=COUMBA)
    yield "the facilitator of a club there", COUMBA, {}
    host = world.phone(DIE)
    with land.here.db.write() as session:
        station = Station(programme_id=world.programme_id, name="Radio", sms_name="Radio", languages=["fr"])
        station.place_id = land.doucombo
        session.add(station)
        session.flush()
        session.add(StationPhone(station_id=station.id, phone_id=host))
    yield "the host of a station there", DIE, {}
    relay = world.phone("+22376000005")
    with land.here.db.write() as session:
        session.get_one(Club, world.clubs["1041"]).relay_phone_id = relay
    yield "the phone of a club there", "+22376000005", {}
    share(world, world.member("+22376000009"), BOU)
    yield "a phone shared with somebody of another commune", BOU, {}
    world.phone("+22376000077")
    yield "a message that was meant for the village", "+22376000077", {"village_id": land.village}


def test_the_strictest_of_a_phones_places_counts(land: Land) -> None:
    for label, number, who in whose(land):
        before = land.queue(number, "cash", **who)
        if land.level() is GREEN:
            land.act("approuve", communes.raise_level, land.doucombo, RED)
            assert land.state(before) == "held risk", label
        later = land.queue(number, "cash", **who)
        with land.here.db.read() as session:
            message = session.get_one(Message, later)
            assert risk.look(session, [message], land.now).is_risky(message), label
        with land.here.db.write() as session:
            session.execute(sa.update(Message).values(state=State.WAITING))
            here = risk.at(risk.within(session, [land.doucombo], land.now), Message)
            assert outbox.hold_all(session, sa.and_(here, Message.id == later), Reason.RISK) == 1, label


def test_to_lower_takes_two_people_and_lets_go_what_is_still_of_use(land: Land) -> None:
    soon, later, sexual = land.queue(AWA, "cash", hours=1), land.queue(AWA, "cash"), land.queue(AWA, "cash", "srh")
    land.act("approuve", communes.raise_level, land.doucombo, RED)
    with pytest.raises(RefusedError, match="deuxième personne"):
        land.act("approuve", communes.raise_level, land.doucombo, ORANGE)
    asked = land.ask("approuve", communes.ask_to_lower, ORANGE)
    with pytest.raises(RefusedError, match="attend déjà"):
        land.ask("agent", communes.ask_to_lower, GREEN)
    with pytest.raises(RefusedError, match="une autre personne"):
        land.act("approuve", communes.accept, asked)
    for who in ("agent", "edite"):
        with pytest.raises(RefusedError, match="Il faut le rôle : approbateur"):
            land.act(who, communes.accept, asked)
    assert land.level() is RED
    land.now += timedelta(hours=2)
    land.act("second", communes.accept, asked)
    assert land.level() is ORANGE
    assert [land.state(one) for one in (soon, later, sexual)] == ["held risk", "waiting", "held risk"]
    with pytest.raises(RefusedError, match="déjà décidé"):
        land.act("second", communes.accept, asked)
    with land.here.db.write() as session:
        outbox.expire(session, land.now)
    assert land.state(soon) == "closed stale"


def test_what_was_asked_before_the_level_rose_again_is_no_question_any_more(land: Land) -> None:
    land.act("approuve", communes.raise_level, land.doucombo, ORANGE)
    asked = land.ask("agent", communes.ask_to_lower, GREEN)
    land.act("second", communes.raise_level, land.doucombo, RED)
    with pytest.raises(RefusedError, match="déjà décidé"):
        land.act("approuve", communes.accept, asked)
    assert land.level() is RED
    assert land.ask("agent", communes.ask_to_lower, GREEN) != asked


def test_a_refused_request_changes_nothing(land: Land) -> None:
    land.act("approuve", communes.raise_level, land.doucombo, RED)
    asked = land.ask("agent", communes.ask_to_lower, GREEN)
    land.act("second", proposals.refuse, asked)
    assert land.level() is RED
    with land.here.db.read() as session:
        row = session.get_one(Proposal, asked)
        assert (row.accepted, row.decided_by) == (False, land.who("second"))


REFUSED = [
    ("an officer raises", "agent", communes.raise_level, (RED,), "approbateur"),
    ("an editor pauses", "edite", communes.pause, (), "agent de suivi"),
    ("to the level it has", "approuve", communes.raise_level, (GREEN,), "pas plus élevé"),
]


@pytest.mark.parametrize("case", REFUSED, ids=[row[0] for row in REFUSED])
def test_who_may_not_is_told_why(land: Land, case: tuple) -> None:
    _label, who, what, given, told = case
    with pytest.raises(RefusedError, match=told):
        land.act(who, what, land.doucombo, *given)


def test_only_a_commune_has_a_level(land: Land) -> None:
    with pytest.raises(RefusedError, match="pas une commune"):
        land.act("approuve", communes.raise_level, land.village, RED)


def test_a_pause_holds_everything_for_every_phone_and_tells_nobody(land: Land) -> None:
    tip, answer, elsewhere = land.queue(AWA), land.queue(AWA, kind=Kind.REPLY), land.queue(BOU, kind=Kind.REPLY)
    assert land.act("agent", communes.pause, land.doucombo) == 2
    assert land.act("agent", communes.pause, land.doucombo) == 0
    later = land.queue(AWA, kind=Kind.REPLY)
    with land.here.db.read() as session:
        before = session.scalar(sa.select(sa.func.count()).select_from(Message))
    land.send()
    assert [land.state(one) for one in (tip, answer, later)] == ["held paused_place"] * 3
    assert land.state(elsewhere) == "handed_over"
    with land.here.db.read() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Message)) == before
        assert communes.held(session, land.doucombo, land.world.programme_id, land.now) == {"paused_place": 3}
        assert communes.held(session, land.kendie, land.world.programme_id, land.now) == {}


def test_a_stop_takes_effect_in_a_paused_commune_too(land: Land) -> None:
    tip = land.queue(AWA)
    land.act("agent", communes.pause, land.doucombo)
    arrival = Arrival(dedupe_key="1", sender=AWA, text="ARRET", received_at=land.now, digest="1")
    assert inbox.receive(land.here.db, "simulator", [arrival]) == 1
    with land.here.db.read() as session:
        assert session.scalars(sa.select(Inbound.stopped)).one()
        assert session.get_one(Phone, land.world.phones[AWA]).opted_out_at == land.now
    assert land.state(tip) == "closed opted_out"


@pytest.mark.parametrize(
    ("old", "ends"),
    [
        ("drop", ["closed paused_place", "closed paused_place", "waiting"]),
        ("keep", ["waiting", "held paused_place", "waiting"]),
    ],
)
def test_lifting_takes_two_people_and_drops_what_is_old(land: Land, old: str, ends: list[str]) -> None:
    ids = [land.queue(AWA, kind=Kind.REPLY), land.queue(AWA, hours=1), land.queue(BOU)]
    land.act("agent", communes.pause, land.doucombo)
    asked = land.ask("approuve", communes.ask_to_lift, old)
    with pytest.raises(RefusedError, match="une autre personne"):
        land.act("approuve", communes.accept, asked)
    land.now += timedelta(hours=2)
    land.act("second", communes.accept, asked)
    assert [land.state(one) for one in ids] == ends
    with land.here.db.read() as session:
        assert session.get(PausedPlace, land.doucombo) is None
        reserved = session.scalars(sa.select(Budget.reserved_micros)).one()
        assert reserved == (10 if old == "drop" else 30)  # what is dropped gives its money back
    with pytest.raises(RefusedError, match="pas en pause"):
        land.ask("agent", communes.ask_to_lift, "drop")


def test_a_lifted_pause_does_not_undo_a_level(land: Land) -> None:
    money, tip = land.queue(AWA, "cash"), land.queue(AWA, kind=Kind.REPLY)
    land.act("approuve", communes.raise_level, land.doucombo, RED)
    land.act("agent", communes.pause, land.doucombo)
    land.act("second", communes.accept, land.ask("agent", communes.ask_to_lift, "keep"))
    assert [land.state(one) for one in (money, tip)] == ["held risk", "waiting"]
    land.act("agent", communes.pause, land.doucombo)
    land.act("second", communes.accept, land.ask("agent", communes.ask_to_lower, GREEN))
    assert [land.state(one) for one in (money, tip)] == ["waiting", "held paused_place"]
    land.send()
    assert land.state(money) == "held paused_place"


def test_who_must_decide_finds_it(land: Land) -> None:
    land.act("approuve", communes.raise_level, land.doucombo, RED)
    asked = land.ask("approuve", communes.ask_to_lower, GREEN)
    here = land.world.programme_id
    for who, roles, own, found in (
        ("second", {Role.APPROVER}, [here], [asked]),
        ("second", {Role.APPROVER}, [here + 1], []),
        ("approuve", {Role.APPROVER}, [here], []),
        ("agent", {Role.OFFICER}, [here], []),
    ):
        with land.here.db.read() as session:
            assert [row.id for row in proposals.open_for(session, land.who(who), roles, own)] == found, who


def queries(land: Land, messages: int) -> int:
    with land.here.db.write() as session:
        rows = session.scalars(sa.select(Message).where(Message.state == State.WAITING).limit(messages)).all()
        assert len(rows) == messages
        seen: list[str] = []
        connection = session.connection()
        sa.event.listen(connection, "before_cursor_execute", lambda _c, _u, statement, *_: seen.append(statement))
        look(session, rows, land.now)
        return len(seen)


def test_the_last_moment_asks_no_more_for_a_larger_batch_and_little_where_all_is_calm(land: Land) -> None:
    land.world.crowd(40)
    for number in list(land.world.phones)[-40:]:
        land.queue(number, "cash", kind=Kind.REPLY)
    calm = queries(land, 2), queries(land, 40)
    assert calm[0] == calm[1]
    land.act("approuve", communes.raise_level, land.doucombo, RED)
    land.act("agent", communes.pause, land.kendie)
    with land.here.db.write() as session:
        session.execute(sa.update(Message).values(state=State.WAITING, reason=None))
    hot = queries(land, 2), queries(land, 40)
    assert hot[0] == hot[1]
    assert hot[0] - calm[0] <= 2  # which places, which phones


# --- two at once


def test_what_a_sender_holds_in_that_moment_is_let_go_too(land: Land) -> None:
    """The sender decided by the old level, the level is lowered, the sender commits: nothing stays held for nothing."""
    land.act("approuve", communes.raise_level, land.doucombo, RED)
    asked, message = land.ask("approuve", communes.ask_to_lower, GREEN), land.queue(AWA, "cash")

    def hold(session: Session) -> None:
        rows = session.scalars(sa.select(Message).with_for_update(skip_locked=True)).all()
        (leaving,) = look(session, rows, land.now)
        assert leaving.verdict.reason is Reason.RISK
        leaving.message.state, leaving.message.reason = State.HELD, Reason.RISK.value

    second = land.who("second")
    at_once(land.here.db, hold, lambda session: communes.accept(session, asked, second, land.now))
    assert land.state(message) == "waiting"


def test_a_request_is_decided_once(land: Land) -> None:
    land.act("approuve", communes.raise_level, land.doucombo, RED)
    asked, now = land.ask("agent", communes.ask_to_lower, GREEN), land.now + timedelta(minutes=1)
    one, other = land.who("approuve"), land.who("second")

    def accept(session: Session) -> None:
        row = session.get_one(Proposal, asked)  # as the page does
        communes.accept(session, row.id, other, now)

    with pytest.raises(RefusedError, match="déjà décidé"):
        at_once(land.here.db, lambda session: proposals.refuse(session, asked, one, now), accept)
    assert land.level() is RED


def test_who_raises_and_who_accepts_do_not_wait_for_each_other_in_a_circle(land: Land) -> None:
    land.act("approuve", communes.raise_level, land.doucombo, ORANGE)
    asked, land.now = land.ask("agent", communes.ask_to_lower, GREEN), land.now + timedelta(hours=1)
    one, other, now = land.who("approuve"), land.who("second"), land.now

    with pytest.raises(RefusedError, match="déjà décidé"):
        at_once(
            land.here.db,
            lambda session: session.get_one(Place, land.doucombo, with_for_update=True),
            lambda session: communes.accept(session, asked, other, now),
            lambda session: communes.raise_level(session, land.doucombo, RED, one, now),
        )
    assert land.level() is RED
