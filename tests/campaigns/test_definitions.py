"""The campaign file: what is refused and on which line, all problems at once, and writing that reads back equal."""

from __future__ import annotations

import datetime as dt
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from campaigns import library
from campaigns.definitions import SLOTS, Definition, Problem, dump, model, read
from campaigns.definitions.sentences import SENTENCES
from campaigns.definitions.writing import schema_text

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs" / "campaign-format.md"

GOOD = """\
campaign: mains
title: {fr: Mains propres}
topic: hygiene
pillar: social
starts: 2026-12-01
ends: 2027-06-30
audience: {role: member}
steps:
  - step: cendre
    kind: message
    when: {after_enrolment: 3}
    hour: 16:30
    facts: [HY3]
    facts_checked: 2026-11-01
    one_act: true
    texts:
      fr:
        sms: "Prenez de la cendre. STOP"
        read_aloud: Prenez de la cendre.
  - step: quiz
    kind: question
    when: {after_enrolment: 9}
    hour: 16:30
    facts: [HY3]
    facts_checked: 2026-11-01
    question: {type: single, correct: [1]}
    texts:
      fr:
        sms: "Quoi? 1 savon 2 sable. {answer_cost}"
        read_aloud: Quoi ?
        options: {1: savon, 2: sable}
        right: Bien.
        wrong: Merci.
"""

# label, what is replaced, by what, then (line, rule) of each problem
FAULTS: list[tuple[str, str, str, list[tuple[int, str]]]] = [
    ("code with a capital", "campaign: mains", "campaign: Mains", [(1, "code")]),
    ("code too short", "campaign: mains", "campaign: m", [(1, "code")]),
    ("code too long", "campaign: mains", f"campaign: {'m' * 41}", [(1, "too_long")]),
    ("no title in French", "{fr: Mains propres}", "{en: Clean hands}", [(2, "missing")]),
    ("topic unknown", "topic: hygiene", "topic: higiene", [(3, "choice")]),
    ("field missing", "pillar: social\n", "", [(1, "missing")]),
    ("field empty", "pillar: social", "pillar:", [(4, "missing")]),
    ("field unknown", "pillar: social", "pillar: social\ncolor: red", [(5, "unknown_field")]),
    ("field twice", "pillar: social", "pillar: social\npillar: financial", [(5, "duplicate")]),
    ("day not in the calendar", "2026-12-01", "2026-02-30", [(5, "day")]),
    ("day in another order", "starts: 2026-12-01", "starts: 01/12/2026", [(5, "day")]),
    ("end before start", "2027-06-30", "2026-06-30", [(6, "ends_before")]),
    ("role in French", "{role: member}", "{role: membre}", [(7, "choice")]),
    ("audience empty list", "{role: member}", "{places: []}", [(7, "empty")]),
    ("club code with three digits", "{role: member}", "{clubs: [104]}", [(7, "club_code")]),
    ("club code that starts with 0", "{role: member}", '{clubs: ["0104"]}', [(7, "club_code")]),
    ("Dogri for Dogon", "{role: member}", "{languages: [dgo]}", [(7, "dogon")]),
    ("wealth group of a club", "after_enrolment: 3}", "weekly: mon}\n    audience: {role: club, hea: [poor]}",
     [(12, "members_only")]),
    ("kind unknown", "kind: message", "kind: sms", [(10, "choice")]),
    ("kind twice", "kind: message", "kind: message\n    kind: question", [(11, "duplicate")]),
    ("two triggers", "{after_enrolment: 3}", "{after_enrolment: 3, weekly: mon}", [(11, "one_trigger")]),
    ("no trigger", "{after_enrolment: 3}", "{series: marche}", [(11, "one_trigger")]),
    ("weekday in French", "{after_enrolment: 3}", "{weekly: lundi}", [(11, "choice")]),
    ("weekday in a list over lines", "{after_enrolment: 3}", "\n      weekly:\n        - mon\n        - mardi",
     [(14, "choice")]),
    ("cycle without a day", "{after_enrolment: 3}", "{every_days: 5}", [(11, "from_missing")]),
    ("cycle of one day", "{after_enrolment: 3}", "{every_days: 1, from: 2026-12-01}", [(11, "range")]),
    ("offset without a cycle", "{after_enrolment: 3}", "{weekly: mon, offset: -1}", [(11, "cycle_only")]),
    ("from without a cycle", "{after_enrolment: 3}", "{weekly: mon, from: 2026-12-01}", [(11, "cycle_only")]),
    ("series without an airing", "{after_enrolment: 3}", "{weekly: mon, series: marche}", [(11, "series_only")]),
    ("number in words", "{after_enrolment: 3}", "{after_enrolment: trois}", [(11, "number")]),
    ("number with a decimal", "{after_enrolment: 3}", "{after_enrolment: 3.5}", [(11, "number")]),
    ("number below zero", "{after_enrolment: 3}", "{after_enrolment: -3}", [(11, "range")]),
    ("enrolment of a club", "{after_enrolment: 3}", "{after_enrolment: 3}\n    audience: {role: club}",
     [(11, "enrolled_only")]),
    ("date outside the campaign", "{after_enrolment: 3}", "{date: 2027-07-01}", [(11, "date_outside")]),
    ("span without a unit", "{after_enrolment: 3}", "{before_airing: 2}", [(11, "span")]),
    ("span of nothing", "one_act: true", "one_act: true\n    useful: 0d", [(16, "span")]),
    ("hour out of the day", "hour: 16:30\n    facts: [HY3]\n    facts_checked: 2026-11-01\n    one", "hour: 25:00\n"
     "    facts: [HY3]\n    facts_checked: 2026-11-01\n    one", [(12, "hour")]),
    ("hour missing", "    hour: 16:30\n    facts: [HY3]\n    facts_checked: 2026-11-01\n    one", "    facts: [HY3]\n"
     "    facts_checked: 2026-11-01\n    one", [(9, "hour_missing")]),
    ("hour of an airing", "{after_enrolment: 3}", "{before_airing: 2h}", [(12, "hour_airing")]),
    ("truth in French", "one_act: true", "one_act: vrai", [(15, "truth")]),
    ("priority too high", "one_act: true", "one_act: true\n    priority: 99", [(16, "range")]),
    ("tag unknown", "one_act: true", "one_act: true\n    tags: [argent]", [(16, "choice")]),
    ("service to members", "kind: message", "kind: message\n    send_as: service", [(11, "service_member")]),
    ("call to members", "kind: message", "kind: listening_call", [(9, "service_member")]),
    ("alert without its tag", "kind: message", "kind: message\n    send_as: alert", [(9, "alert_tag")]),
    ("step code twice", "step: quiz", "step: cendre", [(20, "step_twice")]),
    ("no texts", GOOD[GOOD.index("    texts:"):GOOD.index("  - step: quiz")], "", [(9, "no_text")]),
    ("texts a list", "texts:\n      fr:\n        sms: \"Prenez", "texts:\n      - fr:\n        sms: \"Prenez",
     [(16, "mapping")]),
    ("language in capitals", "      fr:\n        sms: \"Prenez", "      FR:\n        sms: \"Prenez",
     [(17, "language")]),
    ("dog is no code", "      fr:\n        sms: \"Prenez", "      dog:\n        sms: \"Prenez", [(17, "dogon")]),
    ("first question without its price", " {answer_cost}", "", [(29, "R17")]),
    ("no sms", '        sms: "Prenez de la cendre. STOP"\n', "", [(17, "missing")]),
    ("sms of blanks", '"Prenez de la cendre. STOP"', '"  "', [(18, "empty")]),
    ("slot unknown", "cendre. STOP", "cendre {clubb}. STOP", [(18, "slot_unknown")]),
    ("slot with a blank", "cendre. STOP", "cendre { club }. STOP", [(18, "slot_unknown")]),
    ("brace alone", "cendre. STOP", "cendre {club. STOP", [(18, "slot_brace")]),
    ("slot of an airing", "cendre. STOP", "cendre {episode}. STOP", [(18, "slot_airing")]),
    ("slot of a report", "cendre. STOP", "cendre {rain}. STOP", [(18, "slot_report")]),
    ("bulletin without a report", "kind: message", "kind: bulletin", [(18, "bulletin_empty")]),
    ("slot in an answer", "right: Bien.", "right: Bien {club}.", [(32, "slot_answer")]),
    ("question block in a message", "one_act: true", "one_act: true\n    question: {type: yesno, correct: 1}",
     [(16, "question_only")]),
    ("answer in a message", "read_aloud: Prenez", "right: Bien.\n        read_aloud: Prenez", [(19, "question_only")]),
    ("question without its block", "    question: {type: single, correct: [1]}\n", "", [(20, "question_missing")]),
    ("question type unknown", "type: single", "type: choix", [(26, "choice")]),
    ("options missing", "        options: {1: savon, 2: sable}\n", "",
     [(26, "R14.unknown"), (28, "options_missing"), (29, "R07")]),
    ("sms far too long", "cendre. STOP", "cendre. " + "x" * 2000, [(18, "too_long")]),
    ("options with a gap", "2: sable}", "3: sable}", [(31, "options_count"), (29, "R12.choices")]),
    ("options in letters", "{1: savon, 2: sable}", "{a: savon, b: sable}", [(31, "number"), (31, "number")]),
    ("one option", "{1: savon, 2: sable}", "{1: savon}", [(31, "options_count")]),
    ("options of a number", "{type: single, correct: [1]}", "{type: number, correct: 3, min: 1, max: 9}",
     [(31, "options_number")]),
    ("number without limits", "{type: single, correct: [1]}", "{type: number, correct: 3, min: 1}",
     [(26, "limits_missing"), (31, "options_number")]),
    ("limits crossed", "{type: single, correct: [1]}", "{type: single, correct: [1], min: 5, max: 2}",
     [(26, "limits_only"), (26, "limits_only"), (26, "limits_order")]),
    ("right answer outside the limits", "{type: single, correct: [1]}", "{type: number, correct: 12, min: 1, max: 9}",
     [(26, "R14.unknown"), (31, "options_number")]),
    ("no right answer", "correct: [1]", "correct: []", [(26, "R14.correct")]),
    ("two right answers of one", "correct: [1]", "correct: [1, 2]", [(26, "R14.one")]),
    ("right answer not printed", "correct: [1]", "correct: [4]", [(26, "R14.unknown")]),
    ("poll with a right answer", "correct: [1]", "poll: true, correct: [1]", [(26, "R14.poll"), (33, "R14.poll")]),
    ("answer text missing", "        wrong: Merci.\n", "", [(28, "R14.answer")]),
    ("child's age not personal", "{after_enrolment: 3}", "{child_month: 6}", [(9, "R16.child")]),
    ("personal without a text for the family", "one_act: true", "one_act: true\n    personal: child_age",
     [(18, "R16.club")]),
    ("text for the family of a common step", "read_aloud: Prenez", "club: Familles.\n        read_aloud: Prenez",
     [(19, "R16.alone")]),
    ("personal to a club", "one_act: true", "one_act: true\n    personal: child_age\n    audience: {role: facilitator}",
     [(11, "enrolled_only"), (16, "R16.member"), (19, "R16.club")]),
    ("life stage without personal", "one_act: true", "one_act: true\n    audience: {life_stages: [pregnant]}",
     [(16, "R16.stage")]),
    ("syntax: bracket left open", "{role: member}", "{role: member", [(8, "syntax")]),
    ("syntax: tab", "pillar: social", "pillar: social\n\tagency: x", [(5, "syntax")]),
    ("alias", "title: {fr: Mains propres}", "title: &t {fr: Mains propres}\nagency: *t", [(3, "alias")]),
    ("state is ignored", "read_aloud: Prenez", "status: approved\n        read_aloud: Prenez",
     [(19, "status_ignored")]),
]  # fmt: skip


def told(problems: list[Problem]) -> list[tuple[int, str]]:
    return sorted((problem.line, problem.rule) for problem in problems if problem.rule not in ("R15", "R02"))


def test_a_good_file_has_no_problem() -> None:
    definition, problems = read(GOOD, "mains.yaml")
    assert problems == []
    assert definition is not None
    assert definition.steps[0].hour == dt.time(16, 30)
    assert definition.steps[1].question is not None
    assert definition.steps[1].question.closes == dt.timedelta(days=3)


@pytest.mark.parametrize(("label", "old", "new", "expected"), FAULTS, ids=[row[0] for row in FAULTS])
def test_a_fault_is_told_with_its_line(label: str, old: str, new: str, expected: list[tuple[int, str]]) -> None:
    assert GOOD.count(old) >= 1, label
    definition, problems = read(GOOD.replace(old, new, 1), "mains.yaml")
    assert told(problems) == sorted(expected)
    assert (definition is None) == any(problem.level == "error" for problem in problems)


BAD = """\
campaign: Hygiène
title: {fr: Mains}
topic: hygine
pillar: social
agency: fao
audience: {role: membre, langages: [bm]}
steps:
  - step: un-pas
    kind: message
    when: {weekly: lundi}
    hour: 25:00
    facts: [HY1, HY99]
    texts:
      fr: {sms: "La liste de la FAO: 3 sachets, www.aide.ml {clubb}"}
  - step: un-pas
    kind: question
    when: {after_enrolment: 3}
    hour: 18:30
    question: {type: single, correct: [1, 2]}
    texts:
      fr:
        sms: "Quoi? 1 eau 2 savon. {answer_cost}"
        options: {1: eau, 2: savon}
        right: "À toi"
"""


def test_all_problems_of_a_file_are_told_at_once() -> None:
    definition, problems = read(BAD, "bad.yaml")
    assert definition is None
    assert told(problems) == sorted([
        (1, "code"), (3, "choice"), (6, "choice"), (6, "unknown_field"),
        (10, "choice"), (11, "hour"), (12, "R05.unknown"), (14, "slot_unknown"), (14, "R09"), (14, "R11.address"),
        (14, "word"), (14, "word"),
        (15, "step_twice"), (19, "R14.one"), (21, "R13"), (21, "R14.answer"), (24, "R04"),
    ])  # fmt: skip


def test_problems_name_file_line_and_step_and_say_what_to_do_in_both_languages() -> None:
    problem = next(one for one in read(BAD, "bad.yaml")[1] if one.rule == "hour")
    assert str(problem) == "bad.yaml:11: steps[un-pas].hour: « 25:00 » n'est pas une heure. Écrivez 16:30."
    assert problem.english == "`25:00` is not an hour. Write 16:30."


def test_problems_come_in_the_order_of_the_lines() -> None:
    lines = [problem.line for problem in read(BAD, "bad.yaml")[1]]
    assert lines == sorted(lines)


@pytest.mark.parametrize(
    "text", ["", "# nothing", "abc", "- 1", "[" * 3000, "a: \0", '"\\ud800": 1', "? [a]\n: b", "a: &a [*a]"]
)
def test_what_is_no_campaign_is_told_without_raising(text: str) -> None:
    definition, problems = read(text, "x.yaml")
    assert definition is None
    assert problems


def test_a_file_too_large_is_refused_unread() -> None:
    assert [problem.rule for problem in read("a" * 1_000_001, "x.yaml")[1]] == ["too_large"]


@given(st.text(max_size=200))
def test_no_text_raises(text: str) -> None:
    read(text, "x.yaml")


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_spoilt_campaign_raises(data: st.DataObject) -> None:
    lines = GOOD.splitlines()
    for _ in range(data.draw(st.integers(1, 3))):
        index = data.draw(st.integers(0, len(lines) - 1))
        head = lines[index].partition(":")[0]
        lines[index] = data.draw(
            st.sampled_from([f"{head}:", f"{head}: 7", f"{head}: [1, {{a: b}}]", "", f" {head}: x"])
        )
    definition, problems = read("\n".join(lines), "x.yaml")
    assert definition is not None or problems


def test_values_stay_as_they_were_typed() -> None:
    text = GOOD.replace("pillar: social", "pillar: social\nagency: no").replace("Mains propres", "007")
    definition, _ = read(text, "x.yaml")
    assert definition is not None
    assert (definition.agency, definition.title.fr) == ("no", "007")


@pytest.mark.parametrize("path", library.files(), ids=lambda path: path.stem)
def test_what_is_written_reads_back_equal(path: Path) -> None:
    definition, _ = read(path.read_text(encoding="utf-8"), path.name)
    assert definition is not None
    again, problems = read(dump(definition), path.name)
    assert again == definition
    assert [problem for problem in problems if problem.level == "error"] == []
    assert dump(again) == dump(definition)


LETTERS = st.text(
    st.characters(exclude_categories=("Cs", "Cc", "Cn")) | st.sampled_from("\n:#'\"-[]&*!%@`|>"), min_size=1
)


@settings(max_examples=150, deadline=None)
@given(LETTERS)
def test_any_words_are_written_and_read_back_equal(words: str) -> None:
    said = words.replace("{", "(").replace("}", ")").strip()
    definition, _ = read(GOOD, "x.yaml")
    assert definition is not None
    if not said:
        return
    data = definition.model_dump(mode="json")
    data["title"]["en"] = said[:200].strip()
    data["steps"][0]["texts"]["fr"]["back_translation"] = said
    changed = Definition.model_validate(data)
    assert read(dump(changed), "x.yaml")[0] == changed


def test_a_stored_step_without_texts_is_read_back() -> None:
    definition, _ = read(GOOD, "x.yaml")
    assert definition is not None
    for step in definition.steps:
        stored = json.loads(json.dumps(step.model_dump(mode="json", exclude={"texts"})))
        assert model.Step.model_validate(stored) == step.model_copy(update={"texts": {}})


def test_a_step_replaces_only_the_keys_of_the_audience_it_gives() -> None:
    text = GOOD.replace("{role: member}", "{sex: f, languages: [bm], clubs: [1041]}")
    text = text.replace("one_act: true", "one_act: true\n    audience: {languages: fr}")
    definition, _ = read(text, "x.yaml")
    assert definition is not None
    who = definition.audience_of(definition.steps[0])
    assert (who.role, who.sex, who.languages, who.clubs) == ("member", "f", ("fr",), ("1041",))


def test_the_campaigns_keys_about_people_do_not_count_for_another_role() -> None:
    text = GOOD.replace("{role: member}", "{sex: f, places: Dandoli}").replace("{after_enrolment: 3}", "{weekly: mon}")
    text = text.replace("one_act: true", "one_act: true\n    audience: {role: club}")
    definition, _ = read(text, "x.yaml")
    assert definition is not None
    who = definition.audience_of(definition.steps[0])
    assert (who.role, who.sex, who.places) == ("club", None, ("Dandoli",))


def test_calls_and_attendance_prompts_are_service_and_the_eve_of_a_market_is_at_five() -> None:
    text = GOOD.replace("kind: message", "kind: attendance_prompt\n    audience: {role: club}")
    text = text.replace("{after_enrolment: 3}\n    hour: 16:30", "{market: eve}")
    definition, problems = read(text, "x.yaml")
    assert definition is not None, problems
    assert definition.steps[0].send_as == "service"
    assert definition.steps[0].hour == dt.time(17, 0)


# --- the page and the schema


def models() -> list[type[BaseModel]]:
    return [
        model.Definition, model.Title, model.Audience, model.Step, model.When, model.Question, model.Text,
    ]  # fmt: skip


@pytest.mark.parametrize("part", models(), ids=lambda part: part.__name__)
def test_every_field_and_word_stands_on_the_page(part: type[BaseModel]) -> None:
    page = DOCS.read_text(encoding="utf-8")
    for name, field in part.model_fields.items():
        written = field.alias or name
        assert re.search(rf"`{written}\b|\b{written}:", page), f"{part.__name__}.{written} is not in {DOCS.name}"
    for word in words_of(part.model_json_schema()):
        assert f"`{word}`" in page, f"{word} of {part.__name__} is not in {DOCS.name}"


def words_of(schema: Any) -> set[str]:
    if isinstance(schema, dict):
        own = {str(word) for word in schema.get("enum", ())}
        return own.union(*(words_of(value) for value in schema.values())) if schema else own
    return set().union(*map(words_of, schema)) if isinstance(schema, list) else set()


def test_every_slot_stands_on_the_page_with_its_longest_value() -> None:
    page = DOCS.read_text(encoding="utf-8")
    for name in SLOTS:
        assert f"`{{{name}}}`" in page


def test_the_schema_on_disk_is_the_schema_of_the_models() -> None:
    how = "write it again: Path('docs/campaign.schema.json').write_text(schema_text(), encoding='utf-8')"
    assert (ROOT / "docs" / "campaign.schema.json").read_text(encoding="utf-8") == schema_text(), how


def test_the_example_of_the_page_is_a_good_file() -> None:
    example = re.search(r"```yaml\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    assert example is not None
    assert read(example[1], "page")[1] == []


def test_the_problems_of_the_page_are_what_the_reader_says() -> None:
    page = DOCS.read_text(encoding="utf-8")
    example = re.search(r"```yaml\n(.*?)```", page, re.DOTALL)
    assert example is not None
    spoilt = example[1].replace("{after_enrolment: 3}", "{weekly: lundi}").replace("facts: [HY3]", "facts: [HY33]", 1)
    spoilt = spoilt.replace("Le club montre", "3 sachets. Le club montre")
    for problem in read(spoilt, "mains.yaml")[1]:
        assert str(problem) in page


def test_every_sentence_says_something_in_both_languages() -> None:
    for key, sentence in SENTENCES.items():
        assert sentence.fr.strip().endswith((".", "}", "…")), key
        assert sentence.en.strip().endswith((".", "}", "…")), key
        fields = [set(re.findall(r"(?<!\{)\{(\w+)\}", text)) for text in (sentence.fr, sentence.en)]
        plain = [{name.removesuffix("_fr").removesuffix("_en") for name in names} for names in fields]
        assert plain[0] == plain[1], key
