"""Quarantine of a number: held both ways, STOP still at once, lifted with a choice, replaced by a SIM that says OUI."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from campaigns.conversation.converse import converse
from messaging import inbox, outbox, people, quarantine, sender
from messaging.errors import RefusedError
from messaging.letters import measure
from messaging.models import (
    Audit,
    Club,
    Consent,
    Facilitator,
    Gateway,
    Inbound,
    Member,
    MemberPhone,
    Message,
    Pending,
    Phone,
    Programme,
    Station,
    StationPhone,
)
from messaging.models.people import Ownership, Purpose, Quarantine, Way
from messaging.models.post import InboundState, Kind
from messaging.phones import NumberError
from tests.script import Script
from tests.world import World

OLD, NEW, OTHER = "+22370000001", "+22376000002", "+22370000009"
ASK = "Info club: cette carte SIM remplace-t-elle votre ancienne carte? Repondez OUI ou NON. Arreter: STOP"
MOVED = "Merci, c'est note: cette carte remplace l'ancienne. Arreter a tout moment: STOP"
KEPT = "C'est note, rien ne change. Merci."
NUMBERS = {"old": OLD, "new": NEW, "other": OTHER}


@pytest.fixture
def script(installation, world: World) -> Script:
    """Awa, who leads the club 1041 and is a member of it, on one phone."""
    world.club("1041", facilitator=OLD)
    world.member(OLD, club="1041")
    return Script(installation, NUMBERS, world.now)


def put(script: Script, number: str = OLD, why: Quarantine = Quarantine.LOST) -> None:
    with script.here.db.write() as session:
        quarantine.put(session, people.find_phone(session, number), why, "staff:1", script.now)


def lift(script: Script, read: bool) -> None:
    with script.here.db.write() as session:
        phone = people.find_phone(session, OLD)
        quarantine.lift(session, phone, "retrouvé au marché", "staff:1", script.now, read=read)


def ask(script: Script, number: str = NEW) -> None:
    with script.here.db.write() as session:
        programme = session.scalars(sa.select(Programme)).first()
        old = people.find_phone(session, OLD)
        quarantine.replace(session, old, number, "staff:1", script.now, programme=programme)
    while sender.send_due(script.here, script.now).get("claimed"):
        pass


def phone(script: Script, number: str) -> Phone:
    with script.here.db.read() as session:
        found = people.find_phone(session, number)
        assert found
        return found


def behind(script: Script, number: str) -> list[str]:
    """What hangs on a number."""
    ident = phone(script, number).id
    tables = {
        "facilitator": Facilitator.phone_id, "member": MemberPhone.phone_id, "relay": Club.relay_phone_id,
        "station": StationPhone.phone_id,
    }  # fmt: skip
    with script.here.db.read() as session:
        return [
            name for name, column in tables.items() if session.scalar(sa.select(sa.exists().where(column == ident)))
        ]


def waiting(script: Script, kind: Kind = Kind.SERVICE, number: str = OLD, occurrence: str = "essai") -> None:
    """Let a message wait for a number."""
    with script.here.db.write() as session:
        programme = session.scalars(sa.select(Programme.id)).first()
        letter = outbox.Letter(
            programme_id=programme, kind=kind, occurrence=occurrence, language_wanted="fr", language="fr",
            size=measure("Bonjour"), due_at=script.now, useful_until=script.now + timedelta(days=2), body="Bonjour",
        )  # fmt: skip
        outbox.put(session, letter, people.find_phone(session, number).id, script.now)


def messages(script: Script, number: str = OLD) -> list[tuple[str, str | None]]:
    ident = phone(script, number).id
    with script.here.db.read() as session:
        rows = session.scalars(sa.select(Message).where(Message.phone_id == ident).order_by(Message.id))
        return [(row.state.value, row.reason) for row in rows]


def inbounds(script: Script, number: str = OLD) -> list[tuple[str, str]]:
    ident = phone(script, number).id
    with script.here.db.read() as session:
        rows = session.scalars(sa.select(Inbound).where(Inbound.phone_id == ident).order_by(Inbound.id))
        return [(row.state.value, row.text) for row in rows]


# --- held


def test_what_waits_is_held_and_nothing_leaves(script: Script) -> None:
    waiting(script)
    put(script)
    assert messages(script) == [("held", "quarantine")]
    waiting(script, Kind.REPLY, occurrence="reply")  # put afterwards, by whatever way
    script.turn()
    script.expect("old", "")
    assert messages(script) == [("held", "quarantine")] * 2


def test_the_question_we_asked_is_dropped(script: Script) -> None:
    script.write("old", "reprendre")
    with script.here.db.read() as session:
        assert session.get(Pending, phone(script, OLD).id)
    put(script)
    with script.here.db.read() as session:
        assert session.get(Pending, phone(script, OLD).id) is None


def test_what_it_writes_is_stored_and_not_read(script: Script) -> None:
    arrival = script.here.adapters.book.write(OLD, "PRES 1041 F1 H1", script.now, "before")
    inbox.receive(script.here.db, "simulator", [arrival])  # stored before the button, not read yet
    put(script, why=Quarantine.SEIZED)
    script.write("old", "aide")
    assert inbounds(script) == [("held", "PRES 1041 F1 H1"), ("held", "aide")]
    assert converse(script.here.db, script.now + timedelta(days=1)) == {}
    script.expect("old", "")


def test_stop_takes_effect_all_the_same_and_is_not_answered(script: Script) -> None:
    waiting(script)
    put(script)
    script.write("old", "STOP")
    assert phone(script, OLD).opted_out_at == script.now
    assert messages(script) == [("closed", "opted_out")]
    script.expect("old", "")


def test_a_second_press_changes_the_cause_only_and_both_are_noted(script: Script) -> None:
    put(script)
    put(script, why=Quarantine.SEIZED)
    assert phone(script, OLD).quarantine is Quarantine.SEIZED
    with script.here.db.read() as session:
        lines = session.scalars(sa.select(Audit).where(Audit.action == "quarantined").order_by(Audit.id)).all()
    assert [(one.before, one.after["why"]) for one in lines] == [({"why": None}, "lost"), ({"why": "lost"}, "seized")]


# --- lifted


def test_lifted_and_read_now(script: Script) -> None:
    put(script)
    waiting(script, Kind.REPLY, occurrence="reply")
    script.write("old", "aide")
    lift(script, read=True)
    script.turn()
    assert inbounds(script) == [("handled", "aide")]
    said = {body[:10] for _key, body, _at in script.here.adapters.book.sent(OLD)}
    assert said == {"Bonjour", "PRES 1041 "}  # handed over side by side, in no order
    assert phone(script, OLD).quarantine is None


def test_lifted_and_dropped_is_never_answered_and_stays_masked(script: Script) -> None:
    put(script)
    script.write("old", "l'agent demande argent")
    lift(script, read=False)
    script.turn()
    script.expect("old", "")
    with script.here.db.read() as session:
        row = session.scalars(sa.select(Inbound)).one()
    assert (row.state, row.intent, row.maybe_sensitive) == (InboundState.HANDLED, "noise", True)


def test_stale_messages_do_not_leave_after_lifting(script: Script) -> None:
    waiting(script)
    put(script)
    script.now += timedelta(days=3)
    lift(script, read=False)
    script.turn()
    script.expect("old", "")
    assert messages(script) == [("closed", "stale")]


def test_lifting_is_refused_twice_and_keeps_no_number_in_its_reason(script: Script) -> None:
    put(script)
    with script.here.db.write() as session:
        old = people.find_phone(session, OLD)
        quarantine.lift(session, old, "elle appelle du 70 00 00 01", "staff:1", script.now, read=False)
    with pytest.raises(RefusedError, match="pas en quarantaine"):
        lift(script, read=False)
    with script.here.db.read() as session:
        line = session.scalars(sa.select(Audit).where(Audit.action == "quarantine_lifted")).one()
    assert line.after["reason"] == "elle appelle du [numéro]"


# --- replaced


def test_nothing_moves_before_the_yes(script: Script) -> None:
    put(script)
    ask(script)
    script.expect("new", ASK)
    script.expect("old", "")
    assert behind(script, OLD) == ["facilitator", "member"]
    assert behind(script, NEW) == []


def test_the_yes_moves_everything_and_history_stays(script: Script, world: World) -> None:
    with world.db.write() as session:
        session.execute(sa.update(Club).values(relay_phone_id=world.phones[OLD]))
        station = Station(programme_id=world.programme_id, name="Radio", sms_name="Radio", languages=["fr"])
        session.add(station)
        session.flush()
        session.add(StationPhone(station_id=station.id, phone_id=world.phones[OLD]))
    script.write("old", "merci")
    script.expect("old", "Merci a vous.")
    put(script)
    ask(script)
    script.write("new", "oui")
    script.play(f"new < {ASK}\nnew < {MOVED}\nnew <")
    assert behind(script, OLD) == []
    assert behind(script, NEW) == ["facilitator", "member", "relay", "station"]
    assert phone(script, OLD).replaced_by_id == phone(script, NEW).id
    assert phone(script, OLD).quarantine is Quarantine.LOST
    assert inbounds(script) == [("handled", "merci")]
    assert len(messages(script)) == 1


ANSWERS = (
    ("a no", "non", KEPT),
    ("STOP", "STOP", "C'est fait. Plus de messages. Pour reprendre: REPRENDRE"),
)


@pytest.mark.parametrize(("label", "answer", "reply"), ANSWERS, ids=[row[0] for row in ANSWERS])
def test_a_no_ends_the_question(script: Script, label: str, answer: str, reply: str) -> None:
    put(script)
    ask(script)
    script.write("new", answer)
    script.play(f"new < {ASK}\nnew < {reply}")
    script.write("new", "oui")
    assert behind(script, NEW) == []


def test_anything_else_is_read_as_ever_and_the_question_stands(script: Script) -> None:
    put(script)
    ask(script)
    script.write("new", "c'est qui ?")
    script.write("new", "OUI")
    stranger = "Service d'information des clubs d'ecoute. Pour entrer: JOIN et le code. Pour arreter: STOP"
    script.play(f"new < {ASK}\nnew < {stranger}\nnew < {MOVED}")


def test_after_a_day_a_yes_changes_nothing(script: Script) -> None:
    put(script)
    ask(script)
    script.now += timedelta(hours=24, minutes=1)
    script.write("new", "OUI")
    assert behind(script, NEW) == []
    with script.here.db.read() as session:
        assert quarantine.asked(session, phone(script, OLD), script.now) is None


def test_a_sim_that_was_asked_by_mistake_can_no_longer_say_yes(script: Script) -> None:
    put(script)
    ask(script, OTHER)
    ask(script, NEW)
    script.write("other", "OUI")
    assert behind(script, OTHER) == []
    script.write("new", "OUI")
    assert behind(script, NEW) == ["facilitator", "member"]


def test_when_the_quarantine_is_lifted_meanwhile_the_yes_changes_nothing(script: Script) -> None:
    put(script)
    ask(script)
    lift(script, read=False)
    script.write("new", "OUI")
    assert behind(script, OLD) == ["facilitator", "member"]


def test_a_shared_phone_stays_shared(script: Script, world: World) -> None:
    """The new number is her daughter's, who is a member too; both were reached on the old one as well."""
    daughter = world.member(NEW)
    with world.db.write() as session:
        session.add(MemberPhone(member_id=daughter, phone_id=world.phones[OLD], ownership=Ownership.HOUSEHOLD))
    put(script)
    ask(script)
    script.write("new", "OUI")
    with world.db.read() as session:
        links = session.execute(sa.select(MemberPhone.member_id, MemberPhone.phone_id).order_by(MemberPhone.member_id))
        assert [tuple(row) for row in links] == [(member, world.phones[NEW]) for member in world.members]


def test_the_consent_of_a_member_goes_with_her(script: Script) -> None:
    put(script)
    ask(script)
    script.write("new", "OUI")
    with script.here.db.read() as session:
        member = session.scalars(sa.select(Member)).one()
        found = sa.select(outbox.consented(Purpose.MESSAGES, sa.literal(member.id), sa.literal(phone(script, NEW).id)))
        assert session.scalar(found)


def test_a_stop_on_the_old_number_holds_on_the_new_one(script: Script) -> None:
    script.write("old", "STOP")
    stopped = phone(script, OLD).opted_out_at
    put(script)
    ask(script)
    script.write("new", "OUI")
    assert behind(script, NEW) == ["facilitator", "member"]
    assert phone(script, NEW).opted_out_at == stopped


def test_unless_she_agreed_anew_on_the_new_one(script: Script, world: World) -> None:
    script.write("old", "STOP")
    put(script)
    ask(script)
    with world.db.write() as session:
        evidence = people.Evidence("sms-1", "fr", Way.SMS, script.now + timedelta(minutes=1))
        people.give(
            session, world.programme_id, Purpose.MESSAGES, evidence, phone_id=people.find_phone(session, NEW).id
        )
    script.write("new", "OUI")
    assert phone(script, NEW).opted_out_at is None
    with world.db.read() as session:
        assert session.scalars(sa.select(Consent).where(Consent.phone_id.is_not(None))).one()


def test_it_is_asked_in_her_language(script: Script, world: World) -> None:
    with world.db.write() as session:
        session.execute(sa.update(Phone).where(Phone.id == world.phones[OLD]).values(language="bm"))
    put(script)
    ask(script)
    assert phone(script, NEW).language == "bm"
    with world.db.read() as session:
        asked = session.scalars(sa.select(Message)).one()
    assert (asked.kind, asked.language_wanted, asked.language) == (Kind.SERVICE, "bm", "fr")  # no words in it yet
    assert asked.village_id == world.village_id  # so that a pause of her commune holds it


def test_words_of_nobody_leave_by_no_real_gateway_but_this_question_does(script: Script) -> None:
    with script.here.db.write() as session:
        session.execute(
            sa.insert(Gateway).values(
                name="vrai", adapter="twilio", sender="1", country="ML", price_micros=0, rate=1.0, tokens=0,
                prefixes=[], kinds=[], position=0, answer_cost="free", paused_at=script.now,
            )
        )  # fmt: skip
    waiting(script)
    sender.send_due(script.here, script.now)
    assert messages(script) == [("held", "not_approved")]
    put(script)
    ask(script)
    assert messages(script, NEW) == [("waiting", "paused_gateway")]


REFUSED = (
    ("no quarantine", NEW, lambda script: lift(script, read=False), "Mettez d'abord l'ancien"),
    ("itself", OLD, lambda script: None, "C'est le numéro en quarantaine"),
    ("another in quarantine", NEW, lambda script: (known(script, NEW), put(script, NEW)), "lui-même en quarantaine"),
    ("one that said STOP", NEW, lambda script: script.write("new", "STOP"), "a dit STOP"),
    ("one that is none", NEW, lambda script: change(script, NEW, invalid_at=script.now), "n'existe pas"),
    ("another facilitator", NEW, lambda script: leads(script), "Des membres peuvent"),
)


def known(script: Script, number: str) -> None:
    with script.here.db.write() as session:
        people.add_phone(session, number, script.now)


def change(script: Script, number: str, **values: object) -> None:
    known(script, number)
    with script.here.db.write() as session:
        session.execute(sa.update(Phone).where(Phone.id == people.find_phone(session, number).id).values(**values))


def leads(script: Script) -> None:
    known(script, NEW)
    with script.here.db.write() as session:
        old = session.scalars(sa.select(Facilitator)).first()
        session.add(
            Facilitator(
                programme_id=old.programme_id, kind=old.kind, phone_id=people.find_phone(session, NEW).id, language="fr"
            )
        )


@pytest.mark.parametrize(("label", "number", "before", "sentence"), REFUSED, ids=[row[0] for row in REFUSED])
def test_a_number_that_cannot_take_its_place(script: Script, label: str, number: str, before, sentence: str) -> None:
    put(script)
    before(script)
    with pytest.raises(RefusedError, match=sentence):
        ask(script, number)
    with script.here.db.read() as session:
        assert not session.scalars(sa.select(Message).where(Message.kind == Kind.SERVICE)).all()


def test_what_is_no_number_is_refused(script: Script) -> None:
    put(script)
    with pytest.raises(NumberError):
        ask(script, "76 12")


def test_a_number_that_came_back_can_replace_the_one_that_replaced_it(script: Script) -> None:
    """She finds the old phone again, and loses the new one."""
    put(script)
    ask(script)
    script.write("new", "OUI")
    lift(script, read=False)
    put(script, NEW)
    with script.here.db.write() as session:
        programme = session.scalars(sa.select(Programme)).first()
        lost = people.find_phone(session, NEW)
        quarantine.replace(session, lost, OLD, "staff:1", script.now, programme=programme)
    script.turn()
    script.write("old", "OUI")
    assert behind(script, OLD) == ["facilitator", "member"]
    assert (phone(script, OLD).replaced_by_id, phone(script, NEW).replaced_by_id) == (None, phone(script, OLD).id)


def test_what_the_first_number_wrote_follows_to_the_third(script: Script, world: World) -> None:
    """She loses one phone after the other: the first leads to the last."""
    third = "+22376000077"
    put(script)
    ask(script)
    script.write("new", "OUI")
    put(script, NEW)
    with script.here.db.write() as session:
        quarantine.move(session, phone(script, NEW).id, people.add_phone(session, third, script.now), script.now)
    assert phone(script, OLD).replaced_by_id == phone(script, NEW).replaced_by_id == phone(script, third).id
