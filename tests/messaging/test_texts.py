"""Four eyes: who may review and approve which text, what any edit does, and what is kept of it all."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from messaging import installation, profile, staff, texts
from messaging.errors import RefusedError, StaleError
from messaging.models import Audit, Role, SmsForm, Text, TextEvent, TextState, TextVersion
from messaging.texts import Outside
from messaging.wording import Wording, spelt
from tests.meanwhile import at_once

WORDS = Wording(sms="Lavez les mains.", official="Lavez les mains.", read_aloud="Lavez les mains.")
ACCOUNTS = {
    "auteur": [(Role.EDITOR, ""), (Role.TRANSLATOR, "fr"), (Role.TRANSLATOR, "bm"), (Role.APPROVER, "")],
    "traductrice": [(Role.TRANSLATOR, "fr"), (Role.TRANSLATOR, "bm"), (Role.APPROVER, "")],
    "approbateur": [(Role.APPROVER, "")],
    "agent": [(Role.OFFICER, "")],
}
SHEET = Outside("relectrice du centre de santé", "Bandiagara", date(2026, 3, 12), "")


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

    def do(self, act, by: str, **more: Any) -> TextState:
        if act is texts.review:
            more.setdefault("variety", "Ségou")
        with self.db.write() as session:
            person = staff.by_email(session, f"{by}@essai.example")
            return act(session, self.text, person, staff.roles(session, person.id), self.now, **more).state

    def approve(self) -> TextState:
        self.do(texts.review, "traductrice")
        return self.do(texts.approve, "approbateur")

    def file(self, by: str = "auteur", **changes: Any) -> TextState:
        """File the sheet of the present version, with some of it changed."""
        with self.db.read() as session:
            printed = texts.mark(texts.current(session, session.get_one(Text, self.text)))
        return self.do(texts.review, by, outside=replace(SHEET, **{"sheet": printed, **changes}))

    def events(self) -> list[TextEvent]:
        with self.db.read() as session:
            return texts.history(session, self.text)

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


def test_a_review_records_who_which_variety_and_when(office: Office) -> None:
    office.write("bm")
    office.do(texts.review, "traductrice", variety=" Ségou ", remark="lu deux fois")
    last = office.events()[-1]
    assert (last.event, last.version, last.at) == ("reviewed", 1, office.now)
    assert (last.variety, last.read_on, last.remark) == ("Ségou", office.now.date(), "lu deux fois")
    assert (last.outside_role, last.sheet) == (None, None)
    with office.db.read() as session:
        assert last.staff_id == staff.by_email(session, "traductrice@essai.example").id


@pytest.mark.parametrize("variety", ["", "  ", "x" * 41], ids=["none", "blank", "a story"])
def test_a_review_names_a_variety(office: Office, variety: str) -> None:
    office.write("bm")
    with pytest.raises(RefusedError, match="variété"):
        office.do(texts.review, "traductrice", variety=variety)


def test_french_needs_no_variety(office: Office) -> None:
    office.write("fr")
    assert office.do(texts.review, "traductrice", variety="") is TextState.REVIEWED
    assert office.events()[-1].variety is None


# --- the signed sheet of a person without an account


@pytest.mark.parametrize("by", ["auteur", "traductrice", "approbateur"])
def test_an_outside_person_may_review_a_printed_sheet(office: Office, by: str) -> None:
    text = office.write("bm")
    assert office.file(by) is TextState.REVIEWED
    last = office.events()[-1]
    assert (last.outside_role, last.variety, last.read_on) == (SHEET.role, SHEET.variety, SHEET.read_on)
    with office.db.read() as session:
        assert last.staff_id == staff.by_email(session, f"{by}@essai.example").id  # who filed it
        assert last.sheet == texts.mark(texts.current(session, session.get_one(Text, text)))
        assert session.get_one(Text, text).reviewer_id == last.staff_id


def test_who_files_a_sheet_in_bambara_does_not_approve_it_alone(office: Office) -> None:
    office.write("bm")
    office.file("approbateur")
    with pytest.raises(RefusedError, match="enregistré sa fiche"):
        office.do(texts.approve, "approbateur")


def test_the_mark_tells_text_version_and_words(office: Office) -> None:
    text = office.write("bm")
    with office.db.read() as session:
        version = texts.current(session, session.get_one(Text, text))
        assert texts.mark(version) == f"{text}-1-{version.hash[:4].upper()}"


def as_typed(printed: str) -> list[str]:
    return [printed.lower(), f" {printed} ", printed.replace("-", " - "), printed.replace("-", " "), " ".join(printed)]


def test_a_mark_is_read_as_it_is_typed(office: Office) -> None:
    text = office.write("bm")
    with office.db.read() as session:
        version = texts.current(session, session.get_one(Text, text))
    assert all(texts.is_mark_of(typed, version) for typed in as_typed(texts.mark(version)))
    assert not any(texts.is_mark_of(typed, version) for typed in ("", "-", f"{text}-1", f"{text}-1-0000"))


NO_REVIEW = [
    ("no mark", "auteur", {"sheet": ""}, "autre version"),
    ("another mark", "auteur", {"sheet": "1-1-XXXX"}, "autre version"),
    ("read before it was written", "auteur", {"read_on": date(2026, 3, 11)}, "pas encore écrit"),
    ("read tomorrow", "auteur", {"read_on": date(2026, 3, 13)}, "avenir"),
    ("nobody's role", "auteur", {"role": " "}, "rôle"),
    ("no variety", "auteur", {"variety": " "}, "variété"),
    ("a role that is a story", "auteur", {"role": "x" * 81}, "rôle"),
    ("filed by an officer", "agent", {}, "éditeur, traducteur ou approbateur"),
]


@pytest.mark.parametrize(("by", "changes", "says"), [r[1:] for r in NO_REVIEW], ids=[r[0] for r in NO_REVIEW])
def test_a_sheet_that_is_no_review(office: Office, by: str, changes: dict[str, Any], says: str) -> None:
    text = office.write("bm")
    with pytest.raises(RefusedError, match=says) as told:
        office.file(by, **changes)
    assert " / " in str(told.value)
    assert office.state(text) is TextState.DRAFT


def test_a_sheet_of_an_older_version_is_no_review(office: Office) -> None:
    text = office.write("bm")
    with office.db.read() as session:
        old = texts.mark(texts.current(session, session.get_one(Text, text)))
    office.write("bm", replace(WORDS, sms="I bolo ko."))
    with pytest.raises(RefusedError, match="imprimez-la de nouveau"):
        office.file(sheet=old)


def test_without_a_read_aloud_text_nothing_is_approved(office: Office) -> None:
    office.write("fr", Wording(sms="Lavez.", official="Lavez.", read_aloud=""))
    office.do(texts.review, "traductrice")
    with pytest.raises(RefusedError, match="haute voix"):
        office.do(texts.approve, "approbateur")


# --- what returns a text to draft from outside


def test_a_change_of_something_it_cites_returns_it_to_draft(office: Office) -> None:
    approved = office.write("fr")
    office.approve()
    draft = office.write("bm")
    with office.db.write() as session:
        assert texts.return_to_draft(session, [approved, draft], "fact_changed", office.now, "HY3") == 1
        assert texts.return_to_draft(session, [], "fact_changed", office.now) == 0
    assert office.state(approved) is TextState.DRAFT
    office.text = approved
    assert [(one.event, one.remark) for one in office.events()[-2:]] == [("approved", None), ("fact_changed", "HY3")]


OFFICIAL = "Sɛnɛkɛla, i bolo ko."


def bambara(**changes: Any) -> Wording:
    said = Wording(sms="", official=OFFICIAL, read_aloud=OFFICIAL, club="Aw bɛɛ.", options={"1": "ɲɔ", "2": "ji"})
    return spelt(replace(said, **changes), "manding-dogon")


def newer(monkeypatch: pytest.MonkeyPatch, **letters: str) -> None:
    """A newer letter profile, which spells some letters otherwise."""
    spell = profile.spell

    def otherwise(text: str, *given: Any) -> profile.Spelt:
        made = spell(text, *given)
        return replace(made, sms=made.sms.translate(str.maketrans(letters)))

    monkeypatch.setattr(profile, "VERSION", profile.VERSION + 1)
    monkeypatch.setattr(profile, "spell", otherwise)


def test_a_newer_profile_that_spells_it_otherwise_makes_a_draft_of_it(office: Office, monkeypatch) -> None:
    text = office.write("bm", bambara())
    assert office.approve() is TextState.APPROVED
    newer(monkeypatch, è="e")
    installation.prepare(office.db, office.now)  # as every start does
    assert office.state(text) is TextState.DRAFT
    with office.db.read() as session:
        old, new = texts.versions(session, text)
    assert (old.sms, new.sms) == ("Sènèkèla, i bolo ko.", "Senekela, i bolo ko.")
    assert (old.profile, new.profile) == (profile.VERSION - 1, profile.VERSION)
    assert (new.official, new.club, new.options) == (OFFICIAL, "Aw bee.", {"1": "nyò", "2": "ji"})
    assert new.officials == {"club": "Aw bɛɛ.", "option_1": "ɲɔ"}
    last = office.events()[-1]
    assert (last.event, last.version, last.staff_id) == ("profile_changed", 2, None)
    with office.db.write() as session:
        assert texts.respell(session, office.now) == 0


SAME = [
    ("spelt the same", bambara(), {"x": "y"}, True),
    ("spelt by a person", bambara(sms="Senekela, i bolo ko."), {"è": "e"}, False),
    ("sent as Unicode", bambara(unicode=True), {"è": "e"}, False),
]


@pytest.mark.parametrize(("words", "letters", "moves"), [row[1:] for row in SAME], ids=[row[0] for row in SAME])
def test_a_newer_profile_changes_nothing_that_is(office: Office, monkeypatch, words, letters, moves) -> None:
    text, before = office.write("bm", words), profile.VERSION
    office.approve()
    newer(monkeypatch, **letters)
    installation.prepare(office.db, office.now)
    assert office.state(text) is TextState.APPROVED
    with office.db.read() as session:
        (only,) = texts.versions(session, text)
    assert only.profile == before + moves
    assert (only.form is SmsForm.PROFILE) == moves


def test_the_profile_of_an_older_version_matters_no_more(office: Office, monkeypatch) -> None:
    text = office.write("bm", bambara())
    newer(monkeypatch, è="e")
    office.write("bm", bambara(official="I tɛgɛ ko."))
    with office.db.write() as session:
        assert texts.respell(session, office.now) == 0
        assert [row.sms for row in texts.versions(session, text)] == ["Sènèkèla, i bolo ko.", "I tege ko."]


# --- the history


def test_the_history_tells_everything_and_nothing_is_ever_deleted(office: Office, monkeypatch) -> None:
    french = office.write("fr")
    bambara_id = office.write("bm", bambara())
    kept: list[tuple[int, int, int]] = []

    def step(act) -> None:
        office.now += timedelta(hours=1)
        act()
        with office.db.read() as session:
            tables = (TextEvent, TextVersion, Audit)
            counts = tuple(session.scalar(sa.select(sa.func.count()).select_from(table)) or 0 for table in tables)
        assert not kept or all(now >= then for now, then in zip(counts, kept[-1], strict=True))
        kept.append(counts)  # type: ignore[arg-type]

    def of_bambara(act):
        def done() -> None:
            office.text = bambara_id
            act()

        return done

    step(of_bambara(lambda: office.file("traductrice")))
    step(of_bambara(lambda: office.do(texts.approve, "approbateur")))
    step(lambda: office.write("fr", replace(WORDS, sms="Lavez bien les mains."), by="approbateur"))
    step(of_bambara(lambda: office.do(texts.review, "traductrice", variety="Kita", remark="bien")))
    step(lambda: office.write("bm", bambara(club="Aw bɛɛ!"), by="traductrice"))
    newer(monkeypatch, è="e")
    step(lambda: installation.prepare(office.db, office.now))

    with office.db.read() as session:
        who = {staff.by_email(session, f"{name}@essai.example").id: name for name in ACCOUNTS}
        told = [
            (one.event, one.version, who.get(one.staff_id or 0), one.variety, one.sheet and one.sheet[:4], one.remark)
            for one in texts.history(session, bambara_id)
        ]
        times = [one.at for one in texts.history(session, bambara_id)]
        assert [row.version for row in texts.versions(session, bambara_id)] == [1, 2, 3]
        assert [row.version for row in texts.versions(session, french)] == [1, 2]
    assert told == [
        ("written", 1, "auteur", None, None, None),
        ("reviewed", 1, "traductrice", "Bandiagara", f"{bambara_id}-1-", None),
        ("approved", 1, "approbateur", None, None, None),
        ("source_changed", 1, "approbateur", None, None, None),
        ("reviewed", 1, "traductrice", "Kita", None, "bien"),
        ("edited", 2, "traductrice", None, None, None),
        ("profile_changed", 3, None, None, None, f"{profile.VERSION - 1} -> {profile.VERSION}"),
    ]
    assert times == sorted(set(times))


def test_what_is_edited_in_that_moment_is_not_approved(office) -> None:
    text_id = office.write("fr", by="auteur")
    office.do(texts.review, "traductrice")
    other = replace(WORDS, sms="Lavez tout.")

    def edit(session) -> None:
        texts.edit(session, text_id, 1, other, staff.by_email(session, "auteur@essai.example"), office.now)

    def approve(session) -> None:
        person = staff.by_email(session, "approbateur@essai.example")
        texts.approve(session, text_id, person, staff.roles(session, person.id), office.now)

    with pytest.raises(RefusedError, match="Seul un texte relu"):
        at_once(office.db, edit, approve)
    assert office.state(text_id) is TextState.DRAFT


def test_the_second_of_two_who_save_in_that_moment_is_told(office) -> None:
    text_id = office.write("fr", by="auteur")

    def edit(sms: str):
        said = replace(WORDS, sms=sms)
        return lambda session: texts.edit(
            session, text_id, 1, said, staff.by_email(session, "auteur@essai.example"), office.now
        )

    with pytest.raises(StaleError):
        at_once(office.db, edit("Lavez tout."), edit("Ne lavez rien."))


def test_the_second_of_two_who_write_the_first_words_is_told(office) -> None:
    def save(sms: str):
        """What the form does that was opened while there was no text yet."""

        def store(session) -> None:
            said, person = replace(WORDS, sms=sms), staff.by_email(session, "traductrice@essai.example")
            there = session.scalar(sa.select(Text).where(Text.step_id == 1, Text.language == "bm"))
            if there is not None:
                texts.edit(session, there.id, 0, said, person, office.now)
            else:
                texts.write(session, 1, "bm", said, office.now, person.id)

        return store

    with pytest.raises(StaleError):
        at_once(office.db, save("I tɛgɛ ko."), save("I bolo ko."))
    with office.db.read() as session:
        assert [version.sms for version in session.scalars(sa.select(TextVersion))] == ["I tɛgɛ ko."]
