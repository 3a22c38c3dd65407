"""People who were enrolled by the form: with their evidence, once, and never against what protects them."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from campaigns.evaluation import forms
from campaigns.evaluation.intake.enrolments import COLUMNS
from messaging.imports.columns import folded
from messaging.models import ClubMember, Consent, Member, MemberPhone
from messaging.models.people import LifeStage, Route
from tests.messaging.registers import problems, take, whole, xlsx

HEADER = (
    "_submission_time", "household_id", "club_code", "given_by_way", "consent_version", "purposes", "purposes/messages",
    "witness", "sex", "age_band", "life_stage", "lang", "route", "phone", "ownership", "content_level", "safe_time",
    "given_name", "_uuid", "_status",
)  # fmt: skip
AWA = ("2026-03-05T10:00:00", "M1", "1041", "oral", "v1", "messages life_stage", "1", "K", "f", "25-49", "pregnant",
       "bm", "phone", "76000061", "own", "person", "morning evening", "", "aaaa1111-22", "web")  # fmt: skip
BOY = ("2026-03-05T11:00:00", "", "1055", "paper", "v1", "", "0", "", "m", "under18", "", "dds", "group", "", "", "",
       "", "", "bbbb1111-22", "web")  # fmt: skip


def changed(row: tuple[str, ...], **said: str) -> tuple[str, ...]:
    return tuple(said.get(name, cell) for name, cell in zip(HEADER, row, strict=True))


@pytest.fixture
def register(db, now):
    whole(db, now)
    return db


def test_they_are_stored_with_consent_club_and_phone(register, now):
    done = take(register, "enrolments", xlsx([HEADER, AWA, BOY]), now)
    assert (done.problems, done.added) == ((), 2)
    with register.read() as session:
        awa, boy = session.scalars(sa.select(Member).order_by(Member.code))
        assert (awa.code, awa.route, awa.life_stage, awa.safe_hours) == (
            "E-AAAA111122", Route.PHONE, LifeStage.PREGNANT, "matin, soir"
        )  # fmt: skip
        assert f"{awa.life_stage_until}" == "2026-12-01"
        assert (boy.route, boy.age_band, boy.household_id) == (Route.GROUP, "under18", None)
        given = session.execute(sa.select(Consent.member_id, Consent.purpose).order_by(Consent.purpose)).all()
        assert given == [(awa.id, "life_stage"), (awa.id, "messages")], "the boy agreed to nothing"
        assert set(session.scalars(sa.select(Consent.language))) == {"bm"}
        assert len(session.scalars(sa.select(ClubMember.club_id)).all()) == 2
        assert session.scalars(sa.select(MemberPhone.member_id)).all() == [awa.id]


def test_she_agreed_when_the_form_was_filled_in_and_not_when_it_was_sent(register, now):
    header, row = ("SubmissionDate", *HEADER[1:], "start"), ("2026-03-09T10:00:00Z", *AWA[1:], "2026-03-05T09:00:00Z")
    assert take(register, "enrolments", xlsx([header, row]), now).added == 1
    with register.read() as session:
        assert {f"{moment:%Y-%m-%d}" for moment in session.scalars(sa.select(Consent.given_at))} == {"2026-03-05"}


def test_a_submission_is_taken_once_whatever_the_office_changed_since(register, now):
    take(register, "enrolments", xlsx([HEADER, AWA]), now)
    with register.write() as session:
        session.execute(sa.update(Member).values(literacy="helped", age_band="18-24"))
    again = take(register, "enrolments", xlsx([HEADER, AWA]), now)
    assert (again.added, again.changed, again.unchanged, again.problems) == (0, 0, 1, ())
    with register.read() as session:
        assert session.scalars(sa.select(Member.age_band)).all() == ["18-24"]


WRONG = [
    ("no consent to messages", changed(AWA, purposes="life_stage"), "Accords donnés"),
    ("a stage without its consent", changed(AWA, purposes="messages"), "Accords donnés"),
    ("oral without a witness", changed(AWA, witness=""), "Initiale du témoin"),
    ("a phone under 18", changed(AWA, age_band="under18", life_stage="", purposes="messages"), "Téléphone"),
    ("a phone, and nothing was ticked", changed(AWA, purposes="", life_stage=""), "Version du texte d'accord"),
    ("a household that is not there", changed(AWA, household_id="M9"), "Code du ménage"),
    ("no club", changed(BOY, club_code=""), "Codes des clubs"),
    ("a short id", changed(BOY, _uuid="x"), "Identifiant de l'envoi"),
]


@pytest.mark.parametrize(("row", "column"), [row[1:] for row in WRONG], ids=[row[0] for row in WRONG])
def test_what_protects_a_person_holds_here_too(register, now, row, column):
    done = take(register, "enrolments", xlsx([HEADER, row]), now)
    assert (2, column) in problems(done)


def test_every_question_of_the_form_has_its_column():
    known = {name for column in COLUMNS for name in column.names()}
    asked = forms.enrolment(["fr", "dts"])
    assert [one["name"] for one in asked if folded(one["name"]) not in known] == []
    assert [one["label"] for one in asked if folded(one["label"]) not in known] == []
