"""The table of how long things are kept, row by row: one day before its end, and one day after."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns import retention as whole
from campaigns.models import AirQuestion, AirQuestionAsker, AirQuestionState, Feedback, PracticeReport
from messaging import calls, outbox, people, retention
from messaging.installation import Installation
from messaging.models import Audit, Call, Consent, Facilitator, Inbound, Mark, Member, Message, Phone, Programme
from messaging.models.people import FacilitatorKind, LifeStage, Purpose, Way
from messaging.models.post import InboundState, State
from tests.world import World

AWA = "+22370000001"
DAY = timedelta(days=1)
READ = {"readings": [{"intent": "sensitive", "status": "ok", "fields": {"category": "fraud", "note": "Moussa"}}]}


def inbound(session: Session, phone_id: int, at: datetime, text: str = "l'agent Moussa") -> Inbound:
    row = Inbound(
        gateway_id=1, dedupe_key=f"sms-{at.isoformat()}-{text[:4]}", text=text, phone_id=phone_id, received_at=at,
        next_at=at, digest="d", state=InboundState.HANDLED, readings=READ, intent="sensitive", undecodable=b"Moussa",
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row


def reply(session: Session, world: World, phone_id: int, at: datetime, text: str = "Bonjour Awa") -> Message:
    programme = session.get_one(Programme, world.programme_id)
    letter = outbox.reply(
        session, programme, text, "fr", occurrence=f"reply:{at.isoformat()}", due_at=at, useful_until=at + DAY
    )
    outbox.put(session, letter, phone_id, at)
    row = session.scalars(sa.select(Message).where(Message.occurrence == letter.occurrence)).one()
    row.state = State.CLOSED
    return row


def case(session: Session, world: World, phone_id: int, closed_at: datetime, category: str) -> Feedback:
    sms = inbound(session, phone_id, closed_at - DAY)
    row = Feedback(
        programme_id=world.programme_id, inbound_id=sms.id, phone_id=phone_id, category=category, told_at=closed_at,
        answered_at=closed_at, answer="Nous avons parle a Moussa", closed_at=closed_at,
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row


def member(session: Session, world: World, until: datetime) -> Member:
    row = session.get_one(Member, world.members[0])
    row.life_stage, row.life_stage_until, row.child_birth_month = LifeStage.LACTATING, until.date(), date(2025, 11, 1)
    return row


def consent(session: Session, world: World, phone_id: int, withdrawn_at: datetime) -> Consent:
    evidence = people.Evidence("sms-1", "fr", Way.SMS, withdrawn_at - DAY)
    people.give(session, world.programme_id, Purpose.VOICE, evidence, phone_id=phone_id)
    people.withdraw(session, withdrawn_at, phone_id=phone_id)
    session.flush()
    return session.scalars(sa.select(Consent).where(Consent.purpose == Purpose.VOICE)).one()


Make = Callable[[Session, World, int, datetime], Any]
Held = Callable[[Any], bool]  # of the row as it is afterwards, or None when it is gone: its words are still there


def a_line(session: Session, _world: World, _phone: int, at: datetime) -> Audit:
    row = Audit(at=at, actor="staff:1", action="sorted", object="inbound", object_id="1")
    session.add(row)
    session.flush()
    return row


def a_call(session: Session, world: World, phone_id: int, at: datetime) -> Call:
    calls.ask(session, world.programme_id, phone_id, "unknown_number", None, at)
    return session.scalars(sa.select(Call)).one()


def an_exercise(session: Session, world: World, phone_id: int, at: datetime) -> PracticeReport:
    leader = Facilitator(
        programme_id=world.programme_id, kind=FacilitatorKind.FACILITATOR, phone_id=phone_id, language="fr"
    )
    session.add(leader)
    session.flush()
    row = PracticeReport(
        programme_id=world.programme_id, facilitator_id=leader.id, intent="attendance", status="ok",
        fields={"women": 12}, received_at=at,
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row


ROWS: dict[str, tuple[str, timedelta, Make, Held]] = {
    # what it is: the row of the table, how long it is kept, how one is made at a moment, what tells that it is held
    "the words of a reply": (
        "replies", 12 * retention.MONTH, lambda s, w, p, at: reply(s, w, p, at), lambda row: row.body is not None,
    ),
    "the words of an SMS that came in": (
        "inbounds", 24 * retention.MONTH, lambda s, w, p, at: inbound(s, p, at),
        lambda row: row.text != "" or row.undecodable is not None,
    ),
    "a stage of life": (
        "life_stages", DAY, lambda s, w, p, at: member(s, w, at),
        lambda row: row.life_stage is not LifeStage.NONE or row.child_birth_month is not None,
    ),
    "a consent that was withdrawn": (
        "consents", 3 * retention.YEAR, lambda s, w, p, at: consent(s, w, p, at), lambda row: row is not None,
    ),
    "a line of the audit log": ("audits", 5 * retention.YEAR, a_line, lambda row: row is not None),
    "a call to a number that nobody knows": (
        "unknown_numbers", 7 * DAY, a_call, lambda row: row.done_at is None,
    ),
    "the words of a sensitive case": (
        "sensitive", 6 * retention.MONTH, lambda s, w, p, at: case(s, w, p, at, "sensitive_fraud"),
        lambda row: row.answer is not None,
    ),
    "the words of an answer to a case": (
        "answers", 12 * retention.MONTH, lambda s, w, p, at: case(s, w, p, at, "question"),
        lambda row: row.answer is not None,
    ),
    "a report of training": ("practice", 3 * retention.MONTH, an_exercise, lambda row: row is not None),
}  # fmt: skip


@pytest.fixture
def awa(world: World) -> World:
    world.member(AWA)
    return world


@pytest.mark.parametrize("what", ROWS)
def test_what_is_kept_until_its_day_and_no_longer(installation: Installation, awa: World, what: str) -> None:
    name, kept, make, is_held = ROWS[what]
    with awa.db.write() as session:
        row = make(session, awa, awa.phones[AWA], awa.now)
        table, ident = type(row), row.id
    for since, held, ended in ((kept - DAY, True, 0), (kept + DAY, False, 1), (kept + 2 * DAY, False, 0)):
        counts = whole.keep(installation, awa.now + since)
        with awa.db.read() as session:
            assert is_held(session.get(table, ident)) is held, f"{what}, {since} later"
        assert counts[name] == ended, f"{what}, {since} later"


def test_a_reply_leaves_a_hash_by_which_its_words_can_be_shown(installation: Installation, awa: World) -> None:
    with awa.db.write() as session:
        ident = reply(session, awa, awa.phones[AWA], awa.now).id
    whole.keep(installation, awa.now + 366 * DAY)
    with awa.db.read() as session:
        left = session.get_one(Message, ident).body_hash
    assert left == retention.digest(installation.keys, "Bonjour Awa")
    assert left != retention.digest(installation.keys, "Bonjour Binta")


def test_what_was_read_in_an_sms_outlives_its_words(installation: Installation, awa: World) -> None:
    with awa.db.write() as session:
        ident = inbound(session, awa.phones[AWA], awa.now).id
    whole.keep(installation, awa.now + 733 * DAY)
    with awa.db.read() as session:
        assert session.get_one(Inbound, ident).readings == READ


def test_of_a_sensitive_case_category_dates_and_outcome_stay(installation: Installation, awa: World) -> None:
    with awa.db.write() as session:
        row = case(session, awa, awa.phones[AWA], awa.now, "sensitive_fraud")
        ident, sms, row.referred_to, row.satisfied = row.id, row.inbound_id, "FAO", True
        answer = reply(session, awa, awa.phones[AWA], awa.now, "Nous avons parle a Moussa")
        answer.inbound_id, said = sms, answer.id
    whole.keep(installation, awa.now + 184 * DAY)
    with awa.db.read() as session:
        left, came = session.get_one(Feedback, ident), session.get_one(Inbound, sms)
        assert (left.category, left.closed_at, left.referred_to, left.satisfied) == (
            "sensitive_fraud",
            awa.now,
            "FAO",
            True,
        )
        assert (came.text, came.undecodable, came.intent) == ("", None, "sensitive")
        assert came.readings == {"readings": [{"intent": "sensitive", "status": "ok", "fields": {"category": "fraud"}}]}
        assert session.get_one(Message, said).body is None


def test_a_question_to_air_goes_with_the_sensitive_sms_that_asked_it(installation: Installation, awa: World) -> None:
    with awa.db.write() as session:
        phone = awa.phones[AWA]
        hers = case(session, awa, phone, awa.now, "sensitive_fraud").inbound_id
        other = inbound(session, phone, awa.now, "quand semer").id
        for words, askers in (("Qui demande un sac ?", [hers]), ("Quand semer ?", [other]), ("Vieux ?", [])):
            question = AirQuestion(
                programme_id=awa.programme_id, wording=words, answer=words, state=AirQuestionState.WAITING,
                asked_at=awa.now,
            )  # fmt: skip
            session.add(question)
            session.flush()
            session.add_all(
                AirQuestionAsker(air_question_id=question.id, inbound_id=sms, phone_id=phone, asked_at=awa.now)
                for sms in askers
            )
    whole.keep(installation, awa.now + 184 * DAY)
    with awa.db.read() as session:
        left = session.execute(sa.select(AirQuestion.wording, AirQuestion.answer).order_by(AirQuestion.id)).all()
    assert [tuple(row) for row in left] == [("", None), ("Quand semer ?",) * 2, ("Vieux ?",) * 2]


@pytest.mark.parametrize("case_of", ["an open one", "one that is not sensitive"])
def test_the_words_of_other_cases_stay(installation: Installation, awa: World, case_of: str) -> None:
    with awa.db.write() as session:
        row = case(
            session, awa, awa.phones[AWA], awa.now, "sensitive_fraud" if case_of == "an open one" else "question"
        )
        if case_of == "an open one":
            row.closed_at = None
        sms = row.inbound_id
    whole.keep(installation, awa.now + 200 * DAY)
    with awa.db.read() as session:
        assert session.get_one(Inbound, sms).text == "l'agent Moussa"


def test_what_holds_or_was_refused_is_kept_without_end(installation: Installation, awa: World) -> None:
    with awa.db.write() as session:
        evidence = people.Evidence("sms-1", "fr", Way.SMS, awa.now)
        people.refuse(session, awa.programme_id, Purpose.EVALUATION, evidence, awa.phones[AWA])
    whole.keep(installation, awa.now + 4000 * DAY)
    with awa.db.read() as session:
        kept = session.scalars(sa.select(Consent.purpose).order_by(Consent.id)).all()
    assert kept == [Purpose.MESSAGES, Purpose.EVALUATION]


def test_the_consents_of_a_programme_that_ended_go_three_years_after(installation: Installation, awa: World) -> None:
    with awa.db.write() as session:
        session.get_one(Programme, awa.programme_id).ended_at = awa.now
    for years, left in ((2, 1), (4, 0)):
        whole.keep(installation, awa.now + years * retention.YEAR)
        with awa.db.read() as session:
            assert len(session.scalars(sa.select(Consent)).all()) == left


def test_many_rows_go_in_pieces(awa: World) -> None:
    with awa.db.write() as session:
        for place in range(7):
            inbound(session, awa.phones[AWA], awa.now + timedelta(seconds=place))
            reply(session, awa, awa.phones[AWA], awa.now + timedelta(seconds=place))
    counts = retention.apply(awa.db, retention.RULES, awa.now + 800 * DAY, piece=3)
    assert (counts["inbounds"], counts["replies"]) == (7, 7)


def test_a_night_looks_only_at_what_came_since_the_last_one(awa: World) -> None:
    night = awa.now + 800 * DAY
    retention.apply(awa.db, retention.RULES, night)
    with awa.db.write() as session:
        session.execute(sa.insert(Mark).values(name="other", value="-"))
        session.get_one(Mark, "retention:inbounds").value = (awa.now + DAY).isoformat()
        before = inbound(session, awa.phones[AWA], awa.now, "avant").id
        after = inbound(session, awa.phones[AWA], awa.now + 2 * DAY, "apres").id
    retention.apply(awa.db, retention.RULES, night)
    with awa.db.read() as session:
        texts = [session.get_one(Inbound, ident).text for ident in (before, after)]
    assert texts == ["avant", ""]


def test_a_night_writes_what_it_did_also_when_that_is_nothing(installation: Installation, awa: World) -> None:
    whole.keep(installation, awa.now)
    with awa.db.write() as session:
        session.get_one(Phone, awa.phones[AWA]).erase_asked_at = awa.now
    whole.keep(installation, awa.now + DAY)
    with awa.db.read() as session:
        lines = session.scalars(sa.select(Audit).where(Audit.action == "retained").order_by(Audit.id)).all()
    names = {rule.name for rule in whole.RULES if rule.apply} | {*whole.OURS}
    assert [line.after["erasures"] for line in lines] == [0, 1]
    assert all(set(line.after) == names and line.actor == "job:retention" for line in lines)


def test_one_that_cannot_be_erased_keeps_nobody_else(
    installation: Installation, awa: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole_erase, bad = whole.erasure.erase, awa.phone("+22370000002")
    with awa.db.write() as session:
        session.execute(sa.update(Phone).values(erase_asked_at=awa.now))

    def erase(session: Session, phone: Phone, now: datetime) -> Any:
        done = whole_erase(session, phone, now)
        if phone.id == bad:
            raise RuntimeError
        return done

    monkeypatch.setattr(whole.erasure, "erase", erase)
    assert whole.erase_due(installation, awa.now + DAY) == 1
    with awa.db.read() as session:
        assert session.get_one(Phone, awa.phones[AWA]).sealed == b""
        assert session.get_one(Phone, bad).sealed != b""


def test_who_agrees_while_the_night_works_is_spared(
    installation: Installation, awa: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with awa.db.write() as session:
        session.get_one(Phone, awa.phones[AWA]).erase_asked_at = awa.now

    def due(session: Session, now: datetime, most: int) -> list[int]:
        with awa.db.write() as other:
            other.get_one(Phone, awa.phones[AWA]).erase_asked_at = None
        return [awa.phones[AWA]]

    monkeypatch.setattr(whole, "due", due)
    assert whole.erase_due(installation, awa.now + DAY) == 0


def test_every_row_of_the_table_is_named_once_and_has_a_test_when_a_night_applies_it() -> None:
    names = [rule.name for rule in whole.RULES]
    assert len(names) == len(set(names))
    assert {rule.name for rule in whole.RULES if rule.apply} == {row[0] for row in ROWS.values()}
