"""The shipped campaigns: whole, without error, one SMS each in GSM-7, resting on facts and on attested words."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from campaigns import library
from campaigns.definitions import Definition, Step, editing, read, slots
from campaigns.definitions.model import TRIGGERS
from campaigns.definitions.wording import groups
from campaigns.library import facts, glossary
from campaigns.loading import wording
from messaging import languages, letters, profile
from tests.attested import strangers

FILES = library.files()
SOURCES = Path(__file__).parent.parent.parent / "docs" / "sources.md"
HEALTH = ("nutrition", "iycf", "hygiene")
DRAFTED = ("bm", "dts")  # beside French; no other language has words enough
LETTERS = {row["code"]: row["profile"] for row in languages.shipped()}
# The editor's page of facts has so many rows; none may be lost, the level C ones least of all.
ROWS = 57
WARNINGS: dict[str, list[str]] = {}  # none: a warning that a library file earns is named here, with its reason


def definition(path: Path) -> Definition:
    found, problems = read(path.read_text(encoding="utf-8"), path.name)
    assert found is not None, [str(problem) for problem in problems]
    return found


def steps() -> list[tuple[str, Definition, Step]]:
    return [
        (f"{path.stem}/{step.step}", whole, step)
        for path in FILES
        for whole in [definition(path)]
        for step in whole.steps
    ]


STEPS = steps()
EACH = pytest.mark.parametrize(("name", "whole", "step"), STEPS, ids=[row[0] for row in STEPS])
FILE = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)


def test_there_is_a_campaign_for_each_topic() -> None:
    topics = "aje-bandiagara climat-kita groupes-bandiagara hygiene-bandiagara marche-kita nutrition-bandiagara"
    assert [path.stem for path in FILES] == [*topics.split(), "radio-bandiagara", "savoirs-bandiagara"]


@FILE
def test_a_shipped_file_has_no_problem(path: Path) -> None:
    _, problems = read(path.read_text(encoding="utf-8"), path.name)
    assert [problem.rule for problem in problems] == WARNINGS.get(path.stem, []), [str(one) for one in problems]


@FILE
def test_a_shipped_file_says_what_it_is(path: Path) -> None:
    head = path.read_text(encoding="utf-8").partition("campaign:")[0]
    assert all(line.startswith("#") for line in head.splitlines() if line)
    assert "DRAFT" in head
    assert "sign-off" in head


@FILE
def test_a_campaign_has_8_to_14_steps_and_2_to_4_quiz_questions_under_its_own_name(path: Path) -> None:
    whole = definition(path)
    assert whole.campaign == path.stem
    assert 8 <= len(whole.steps) <= 14
    quiz = {step.question.code or step.step for step in whole.steps if step.question and not step.question.poll}
    assert 2 <= len(quiz) <= 4


def test_every_trigger_and_every_kind_of_question_is_used() -> None:
    assert {step.when.trigger for _, _, step in STEPS} == set(TRIGGERS)
    assert {step.question.type for _, _, step in STEPS if step.question} == {"single", "multi", "yesno", "number"}


@EACH
def test_every_step_names_a_row_it_serves(name: str, whole: Definition, step: Step) -> None:
    rows = {*whole.serves, *step.serves}
    letter = "B" if whole.campaign.endswith("kita") else "A"
    assert rows
    assert {row[0] for row in rows} == {letter}
    if letter == "B":
        assert step.serves, "each step of Kita names its own row"


@EACH
def test_each_sms_is_one_segment_of_gsm7_at_its_longest(name: str, whole: Definition, step: Step) -> None:
    for text in step.texts.values():
        for words in (text.sms, text.club, text.right, text.wrong):
            if words:
                size = letters.measure(slots.stretched(words))
                assert (size.encoding, size.segments) == ("GSM-7", 1), (name, size.units, words)


@EACH
def test_the_sms_form_is_the_official_form_spelt_for_the_air(name: str, whole: Definition, step: Step) -> None:
    for language, text in step.texts.items():
        said = wording(text)
        for part, words in said.parts().items():
            official = said.official_of(part)
            if language == "fr":
                assert profile.sms_value(official) == words
            else:
                made = profile.spell(official, LETTERS[language])
                assert made.sms == words
                assert not [found.code for found in made.findings if found.level != "info"]


@EACH
def test_each_fact_cited_may_be_said(name: str, whole: Definition, step: Step) -> None:
    known = facts.load()
    assert {known[fact].level for fact in step.facts} <= {"A"}
    if whole.topic in HEALTH and step.kind in ("message", "question"):
        assert step.facts
    if not whole.topic.startswith(HEALTH):
        assert not step.facts, "market, climate and radio state no fact of health"


@EACH
def test_each_text_is_read_aloud_and_translated_back(name: str, whole: Definition, step: Step) -> None:
    assert "fr" in step.texts
    assert set(step.texts) <= {"fr", *DRAFTED}
    for text in step.texts.values():
        assert text.read_aloud
        assert text.back_translation
        assert slots.names(text.back_translation) == slots.names(text.sms)


@EACH
def test_what_calls_to_a_meeting_leaves_its_day_to_who_leads(name: str, whole: Definition, step: Step) -> None:
    if "meeting" in step.tags and step.when.of_airing is False:
        for text in step.texts.values():
            assert not re.search(r"\d jours?|deux jours|demain|\{date\}|\{place\}", text.sms + text.read_aloud), name


@EACH
def test_what_is_said_on_illness_ends_at_the_cscom(name: str, whole: Definition, step: Step) -> None:
    for text in step.texts.values():
        for words in (text.sms, text.right, text.wrong):
            if words and re.search(r"diarrhée|malad|fièvre", words) and "?" not in words:
                assert words.endswith(("allez au CSCom.", "allez tout de suite au CSCom."))


@FILE
def test_the_first_question_says_what_an_answer_costs(path: Path) -> None:
    for step in editing.first_questions(definition(path)):
        for language, text in step.texts.items():
            assert "answer_cost" in slots.names(text.sms), f"{step.step}/{language}"


@FILE
def test_a_campaign_leads_to_the_club_or_the_radio_and_says_stop(path: Path) -> None:
    said = " ".join(text.sms for step in definition(path).steps for text in step.texts.values())
    assert re.search(r"\bclub|\bradio|CSCom|séance", said, re.IGNORECASE)
    assert "STOP" in said


def test_the_steps_by_age_cover_each_window() -> None:
    months = [step.when.child_month for _, whole, step in STEPS if whole.topic == "iycf"]
    windows = [(0, 0), (1, 5), (6, 6), (7, 8), (9, 11), (12, 17), (18, 23)]
    for first, last in windows:
        assert any(month is not None and first <= month <= last for month in months), (first, last)


@EACH
def test_what_is_sent_by_age_is_personal_with_words_for_the_family(name: str, whole: Definition, step: Step) -> None:
    if whole.topic == "iycf":
        assert step.personal == "child_age"
        for text in step.texts.values():
            assert text.club
            assert text.club.startswith(("Familles:", "Question au club:"))


def test_members_get_no_lesson_twice() -> None:
    again = ("weekly", "every_days", "market")
    for name, whole, step in STEPS:
        if step.when.trigger in again and whole.audience_of(step).role == "member":
            assert step.kind == "bulletin", f"{name} comes again and again to members"


# --- Bambara and Dogon


@pytest.mark.parametrize("language", DRAFTED)
def test_a_draft_holds_attested_words_only(language: str) -> None:
    drafts = {name: wording(step.texts[language]) for name, _, step in STEPS if language in step.texts}
    assert drafts
    for name, said in drafts.items():
        for words in (said.read_aloud, *map(said.official_of, said.parts())):
            assert not strangers(words, language), name


@pytest.mark.parametrize("language", DRAFTED)
def test_a_draft_carries_every_slot_and_every_command_of_the_french(language: str) -> None:
    for name, _, step in STEPS:
        if language in step.texts:
            french, own = step.texts["fr"].sms, step.texts[language].sms
            assert set(slots.names(own)) == set(slots.names(french)), name
            assert commands(own) == commands(french), name
            assert step.texts[language].comment


def commands(text: str) -> set[str]:
    """What is typed in capitals; a yes and a no are said in each language's own words."""
    return set(re.findall(r"\b[A-Z]{3,}\b", slots.without(text))) - {"OUI", "NON"}


@pytest.mark.parametrize(
    ("text", "language", "lost"),
    [
        ("Ɲininkali: arajo {station}, E{episode}, lamɛn? 1 ɔwɔ 2 ayi", "bm", []),
        ("I ni ce. Tɛgɛ ko", "bm", []),
        ("ji ni safunɛ", "bm", ["ni"]),  # attested inside « i ni ce » only
        ("Lavez tɛgɛ", "bm", ["Lavez"]),
        ("Mɔɔnu, arajo", "dts", ["arajo"]),  # Toro So has no word for radio, and borrows none
        ("Dii", "dds", ["Dii"]),  # nor Donno So any of Toro So
    ],
)
def test_a_word_that_no_source_gives_is_found(text: str, language: str, lost: list[str]) -> None:
    assert strangers(text, language) == lost


# --- the facts


def test_every_row_of_facts_is_there_and_its_sources_are_named() -> None:
    known = facts.load()
    assert len(known) == ROWS
    assert Counter(fact.level for fact in known.values()) == {"A": 33, "B": 15, "C": 4, "rule": 4, "background": 1}
    assert {source for fact in known.values() for source in fact.sources} == set(facts.sources())


def test_each_source_of_a_fact_is_credited_on_the_page_of_sources() -> None:
    page = SOURCES.read_text(encoding="utf-8")
    assert not [name for name, title in facts.sources().items() if f"| {name} | {title} |" not in page]


def test_each_fact_is_said_in_both_languages_with_the_same_figures() -> None:
    spoken = {"BF1", "BF4", "CF3", "CF5", "CF6", "NB1", "HY1"}
    for name in spoken:
        fact = facts.load()[name]
        assert facts.figures(fact.fr) <= facts.figures(fact.en) | facts.figures(fact.age), name


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("une tasse", set()),
        ("3 à 4 repas", {"3", "4"}),
        ("deux mains", {"2"}),
        ("une demi-tasse", {"1/2"}),
        ("trois quarts de tasse", {"3/4"}),
        ("vingt-quatre heures", {"24"}),
        ("1,5 mm", {"1,5"}),
        ("half a cup", {"1/2"}),
    ],
)
def test_figures_are_folded(text: str, expected: set[str]) -> None:
    assert facts.figures(text) == expected


def test_the_word_groups_are_read() -> None:
    assert len(groups()) == 10


# --- the attested words


@pytest.mark.parametrize("language", glossary.languages())
def test_a_word_in_sms_letters_is_its_official_form_spelt_for_the_air(language: str) -> None:
    for word in glossary.words(language):
        assert profile.spell(word.official, LETTERS[language]).sms == word.sms, word
        assert letters.is_gsm7(word.sms)


def test_each_word_names_a_source_that_has_a_credit_on_the_page_of_sources() -> None:
    page = SOURCES.read_text(encoding="utf-8")
    shown = [credit for credit in glossary.credits() if credit.must_show]
    for credit in shown:
        assert credit.source in page
        assert credit.licence in page
        assert credit.credit in page
    known = {credit.short for credit in glossary.credits()}
    for language in glossary.languages():
        for word in glossary.words(language):
            assert word.status == "guess" or any(word.source.startswith(short) for short in known), word


def test_no_word_is_given_in_a_language_that_has_no_list() -> None:
    assert glossary.languages() == ["bm", "dts", "dto", "djm"]
    assert glossary.words("dds") == ()
    assert glossary.tokens("dds") == frozenset()


@pytest.mark.parametrize(
    ("text", "language", "found"),
    [
        ("Lavez vos mains au savon avant le repas", "bm", ["tɛgɛ ko", "safunɛ", "dumuni"]),
        ("Le lait maternel seul, pas d'eau", "dts", ["irudii", "idii", "dii"]),  # not « lait »
        ("Deux ŒUFS, un oeuf", "dts", ["lɛy", "tal"]),
        ("Pour arrêter: STOP", "dts", ["iŋɛɛ", "ing-ɛnɛ"]),
        ("Pour arrêter: STOP", "bm", ["dabila", "jɔ"]),
        ("le savonnier", "bm", []),  # whole words only
        ("", "bm", []),
        ("Lavez vos mains", "dds", []),
        ("Lavez vos mains", "ffm", []),
    ],
)
def test_attested_words_are_found_in_the_order_of_the_french(text: str, language: str, found: list[str]) -> None:
    assert [word.official for word in glossary.words_for(text, language)] == found


@pytest.mark.parametrize("language", glossary.languages())
def test_each_concept_is_found_by_each_of_its_own_forms(language: str) -> None:
    for word in glossary.words(language):
        assert word in glossary.words_for(f"Au club, {word.french}!", language), word


def test_single_words_are_in_official_letters_and_folded_to_small_ones() -> None:
    single = glossary.tokens("bm")
    assert {"ɲininkali", "safinɛ", "musow", "ni"} <= single
    assert all(word == word.lower() and " " not in word for word in single)
