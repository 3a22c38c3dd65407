"""Four eyes: who may review and approve which text, and what any edit does."""

from __future__ import annotations

import pytest

from messaging import staff, texts
from messaging.errors import RefusedError, StaleError
from messaging.models import Role, Text, TextState
from messaging.texts import Wording

WORDS = Wording(sms="Lavez les mains.", official="Lavez les mains.", read_aloud="Lavez les mains.")
ACCOUNTS = {
    "auteur": [(Role.EDITOR, ""), (Role.TRANSLATOR, "fr"), (Role.TRANSLATOR, "bm"), (Role.APPROVER, "")],
    "traductrice": [(Role.TRANSLATOR, "fr"), (Role.TRANSLATOR, "bm"), (Role.APPROVER, "")],
    "approbateur": [(Role.APPROVER, "")],
}


class Office:
    """A step's texts and three accounts."""

    def __init__(self, db, now) -> None:
        self.db, self.now, self.text = db, now, 0
        with db.write() as session:
            for name, roles in ACCOUNTS.items():
                staff.add(session, f"{name}@essai.example", roles, now)

    def write(self, language: str, words: Wording = WORDS, by: str = "auteur") -> int:
        with self.db.write() as session:
            person = staff.by_email(session, f"{by}@essai.example")
            self.text = texts.write(session, 1, language, words, self.now, person.id).id
        return self.text

    def do(self, act, by: str) -> TextState:
        with self.db.write() as session:
            person = staff.by_email(session, f"{by}@essai.example")
            return act(session, self.text, person, staff.roles(session, person.id), self.now).state

    def state(self, text_id: int) -> TextState:
        with self.db.read() as session:
            return session.get_one(Text, text_id).state


@pytest.fixture
def office(db, now) -> Office:
    return Office(db, now)


def test_a_text_goes_from_draft_over_reviewed_to_approved(office: Office) -> None:
    text = office.write("fr")
    assert office.state(text) is TextState.DRAFT
    assert office.do(texts.review, "traductrice") is TextState.REVIEWED
    assert office.do(texts.approve, "approbateur") is TextState.APPROVED


REFUSED = [
    ("the author reviews her own text", "fr", None, texts.review, "auteur", "avez écrit"),
    ("somebody who is no translator reviews", "fr", None, texts.review, "approbateur", "traducteur"),
    ("a draft is approved", "fr", None, texts.approve, "approbateur", "relu"),
    ("the author approves her own text", "fr", "traductrice", texts.approve, "auteur", "avez écrit"),
    ("the reviewer approves in Bambara", "bm", "traductrice", texts.approve, "traductrice", "troisième"),
]


@pytest.mark.parametrize(
    ("language", "reviewer", "act", "by", "says"), [r[1:] for r in REFUSED], ids=[r[0] for r in REFUSED]
)
def test_refused(office: Office, language, reviewer, act, by, says) -> None:
    office.write(language)
    if reviewer:
        office.do(texts.review, reviewer)
    with pytest.raises(RefusedError, match=says):
        office.do(act, by)


def test_the_reviewer_may_approve_in_french(office: Office) -> None:
    office.write("fr")
    office.do(texts.review, "traductrice")
    assert office.do(texts.approve, "traductrice") is TextState.APPROVED


def test_any_edit_returns_to_draft_and_an_edit_of_the_french_returns_all_languages(office: Office) -> None:
    bambara = office.write("bm")
    office.do(texts.review, "traductrice")
    office.do(texts.approve, "approbateur")
    french = office.write("fr", by="approbateur")
    assert office.state(bambara) is TextState.APPROVED
    office.write("fr", Wording(**{**vars(WORDS), "sms": "Lavez bien les mains."}))
    assert (office.state(french), office.state(bambara)) == (TextState.DRAFT, TextState.DRAFT)


def test_the_same_words_again_change_nothing(office: Office) -> None:
    text = office.write("fr")
    office.do(texts.review, "traductrice")
    office.write("fr")
    assert office.state(text) is TextState.REVIEWED


def test_two_editors_cannot_overwrite_each_other(office: Office) -> None:
    text = office.write("fr")
    with office.db.write() as session:
        person = staff.by_email(session, "auteur@essai.example")
        texts.edit(session, text, 1, Wording(**{**vars(WORDS), "sms": "Une."}), person, office.now)
    with office.db.write() as session, pytest.raises(StaleError):
        person = staff.by_email(session, "traductrice@essai.example")
        texts.edit(session, text, 1, Wording(**{**vars(WORDS), "sms": "Deux."}), person, office.now)


def test_an_outside_person_may_review_a_printed_sheet(office: Office) -> None:
    from datetime import date

    office.write("bm")
    outside = texts.Outside("relectrice du centre de santé", "Bandiagara", date(2026, 3, 10))
    with office.db.write() as session:
        person = staff.by_email(session, "auteur@essai.example")
        roles = staff.roles(session, person.id)
        assert (
            texts.review(session, office.text, person, roles, office.now, outside=outside).state is TextState.REVIEWED
        )
        assert texts.history(session, office.text)[-1].outside_role == outside.role


def test_without_a_read_aloud_text_nothing_is_approved(office: Office) -> None:
    office.write("fr", Wording(sms="Lavez.", official="Lavez.", read_aloud=""))
    office.do(texts.review, "traductrice")
    with pytest.raises(RefusedError, match="haute voix"):
        office.do(texts.approve, "approbateur")
