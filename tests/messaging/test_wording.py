"""Two forms of one text: the official letters stay the truth, the phone gets those that are cheap."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messaging import profile
from messaging.letters import is_gsm7
from messaging.models import LetterKind, SmsForm
from messaging.wording import BESIDE, Wording, render, spelt

LETTERS = "manding-dogon"


def said(official: str = "", sms: str = "", **more: object) -> Wording:
    return Wording(sms=sms, official=official, read_aloud="-", **more)  # type: ignore[arg-type]


# label, profile, official letters, what the phone gets
SPELT = [
    ("Bambara", LETTERS, "sinji, safunɛ, tɛgɛ", "sinji, safunè, tègè"),
    ("ny", LETTERS, "Ɲininkali", "Nyininkali"),
    ("ng beside g", LETTERS, "saŋge", "sangge"),
    ("a capital open vowel", LETTERS, "Ɔwɔ", "òwò"),
    ("an apostrophe", LETTERS, "K’a", "K'a"),
    ("an accent typed apart", "french", "Pre\u0301parez", "Préparez"),
    ("guillemets", "french", "les mains « avant » le repas", 'les mains "avant" le repas'),
    ("an oe", "french", "l’œuf", "l'oeuf"),
    ("an accent that costs stays: the editor decides", "french", "le maïs", "le maïs"),
    ("a slot", LETTERS, "Aw ni {place} kɛlɛ", "Aw ni {place} kèlè"),
    ("nothing to change", "french", "Lavez les mains.", "Lavez les mains."),
]


@pytest.mark.parametrize(("letters", "official", "phone"), [row[1:] for row in SPELT], ids=[row[0] for row in SPELT])
def test_the_phone_gets_sms_letters_and_the_official_text_stays(letters: str, official: str, phone: str) -> None:
    done = spelt(said(official, club=official, right=official, wrong=official, options={"1": official}), letters)
    assert done.parts() == dict.fromkeys(("sms", "club", "right", "wrong", "option_1"), phone)
    assert {done.official_of(part) for part in done.parts()} == {official}
    assert done.form is SmsForm.PROFILE
    others = ("club", "right", "wrong", "option_1")
    assert done.officials == (dict.fromkeys(others, official) if phone != official else None)


# label, official text, SMS as the writer typed it, what the phone gets, who made it
OWN = [
    ("left to the profile", "tɛgɛ", "", "tègè", SmsForm.PROFILE),
    ("typed as the profile would", "tɛgɛ", "tègè", "tègè", SmsForm.PROFILE),
    ("typed in official letters", "tɛgɛ", "tɛgɛ", "tègè", SmsForm.PROFILE),
    ("spelt otherwise by the reviewer", "tɛgɛ", "tege", "tege", SmsForm.REVIEWER),
    ("her own, and only tidied", "tɛgɛ", " tege  — ji ", "tege - ji", SmsForm.REVIEWER),
    ("a blank is left to the profile too", "tɛgɛ", " ", "tègè", SmsForm.PROFILE),
    ("an SMS alone is the official text too", "", "tègè", "tègè", SmsForm.PROFILE),
]


@pytest.mark.parametrize(("official", "sms", "phone", "form"), [row[1:] for row in OWN], ids=[row[0] for row in OWN])
def test_whose_sms_form_it_is(official: str, sms: str, phone: str, form: SmsForm) -> None:
    done = spelt(said(official, sms), LETTERS)
    assert (done.sms, done.form, done.official) == (phone, form, official or sms)


def test_a_text_before_1982_passes_unchanged() -> None:
    done = spelt(said("safunè, tègè", kind=LetterKind.OLD), LETTERS)
    assert (done.sms, done.official, done.kind) == ("safunè, tègè", "safunè, tègè", LetterKind.OLD)


def test_unicode_stands_as_it_was_written() -> None:
    done = spelt(said("Tɛgɛ « ko »", club="Aw bɛɛ", unicode=True), LETTERS)
    assert (done.sms, done.club, done.officials) == ("Tɛgɛ « ko »", "Aw bɛɛ", None)
    assert done.form is SmsForm.REVIEWER  # no newer profile rewrites it


def test_official_letters_of_a_part_come_from_what_is_kept_before_what_the_phone_gets() -> None:
    once = said("I tɛgɛ", club="Aw bèè", officials={"club": "Aw bɛɛ"})
    done = spelt(once, LETTERS)
    assert (done.club, done.official_of("club")) == ("Aw bèè", "Aw bɛɛ")
    assert done.official_of("right") == ""


def test_empty_parts_go_to_no_phone() -> None:
    done = spelt(said("ji", club="", right=None, options={"1": "ji", "2": ""}), LETTERS)
    assert done.parts() == {"sms": "ji", "option_1": "ji"}


# --- the mark of the words


def test_the_mark_of_words_never_changes() -> None:
    """Approvals in a database rest on it."""
    words = Wording(sms="Lavez les mains.", official="Lavez les mains.", read_aloud="Lavez les mains.")
    assert words.hash == HASH


HASH = "38d03fbc6e235e2046fbf7523e17f081882c5199d1ab1d88ad9a1b13a0663f91"
TOLD = [
    ("sms", "x"), ("official", "x"), ("read_aloud", "x"), ("club", "x"), ("options", {"1": "x"}), ("right", "x"),
    ("wrong", "x"), ("unicode", True), ("officials", {"club": "x"}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), TOLD, ids=[row[0] for row in TOLD])
def test_what_people_get_is_in_the_mark(name: str, value: object) -> None:
    words = said("ji", "ji")
    assert replace(words, **{name: value}).hash != words.hash


def test_what_nobody_gets_is_not_in_the_mark() -> None:
    words = said("ji", "ji")
    beside = replace(words, back_translation="eau", kind=LetterKind.OLD, form=SmsForm.PROFILE, comment="x")
    assert beside.hash == words.hash
    assert {name for name, _ in TOLD} | set(BESIDE) == set(Wording.__dataclass_fields__)


# --- the wire text

FILLED = [
    ("one value", "Club {club}.", {"club": "1041"}, "Club 1041."),
    ("twice", "{club}, {club}", {"club": "1041"}, "1041, 1041"),
    ("a number", "{episode}", {"episode": 12}, "12"),
    ("no value for it", "Club {club}.", {"place": "Koundou"}, "Club {club}."),
    ("no values at all", "Club {club}.", None, "Club {club}."),
]


@pytest.mark.parametrize(("words", "slots", "wire"), [row[1:] for row in FILLED], ids=[row[0] for row in FILLED])
def test_values_in_their_braces(words: str, slots: dict[str, object] | None, wire: str) -> None:
    assert render(words, slots) == wire


# --- no letter is ever lost

WORDS = st.text(alphabet="abcegiknostu ɛɔɲŋƐƆƝŊèòéçœ’«»—½\u00a0\u200b{}.,1\n", max_size=40)
PARTS = st.builds(
    said,
    official=WORDS, sms=WORDS, club=st.none() | WORDS, right=st.none() | WORDS, wrong=st.none() | WORDS,
    options=st.none() | st.dictionaries(st.sampled_from("123"), WORDS, max_size=3), kind=st.sampled_from(LetterKind),
    unicode=st.booleans(),
)  # fmt: skip


@given(PARTS, st.sampled_from(profile.PROFILES))
def test_what_was_written_is_found_again_in_official_letters(written: Wording, letters: str) -> None:
    done = spelt(written, letters)
    assert done.official == (written.official or written.sms)
    for part, words in written.parts().items():
        if part in done.parts() and part != "sms":
            assert done.official_of(part) == words
        elif part != "sms":
            assert not profile.spell(words, letters, written.kind).sms  # nothing but blanks


@given(PARTS, st.sampled_from(profile.PROFILES))
def test_spelling_again_changes_nothing(written: Wording, letters: str) -> None:
    once = spelt(written, letters)
    assert spelt(once, letters).hash == once.hash


@given(st.text(alphabet="abeikosɛɔɲŋƐƆƝŊ ’—", max_size=40))
def test_bambara_words_become_gsm7(official: str) -> None:
    assert is_gsm7(spelt(said(official), LETTERS).sms)


# --- what a person wrote for the phone stays hers


def test_a_part_written_by_hand_for_the_phone_is_kept_and_marked() -> None:
    done = spelt(said("Safunɛ.", right="Owo de", officials={"right": "Ɔwɔ dɛ"}), LETTERS)
    assert (done.right, done.official_of("right"), done.form) == ("Owo de", "Ɔwɔ dɛ", SmsForm.REVIEWER)


def test_a_part_that_stands_in_official_letters_alone_gets_its_words_for_the_phone() -> None:
    done = spelt(said("Safunɛ.", officials={"right": "Dɛ", "option_1": "ɔwɔ"}, options={"1": ""}), LETTERS)
    assert (done.right, done.options, done.form) == ("Dè", {"1": "òwò"}, SmsForm.PROFILE)


def test_as_written_a_text_is_made_anew_by_a_newer_profile() -> None:
    once = spelt(said("Safunɛ.", right="Dɛ"), LETTERS)
    again = spelt(once.as_written(), LETTERS)
    assert (again.sms, again.right, again.hash) == ("Safunè.", "Dè", once.hash)
