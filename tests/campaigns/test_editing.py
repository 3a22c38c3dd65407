"""The rules of content, each with texts it stops and texts it must let pass."""

from __future__ import annotations

from typing import Any

import pytest

from campaigns.definitions import Definition, editing, wording
from campaigns.definitions.model import Audience, Step

FACTS_DAY = "2026-11-01"


def step(sms: str = "Prenez de la cendre.", **fields: Any) -> Step:
    words = {"sms": sms, "read_aloud": "Prenez de la cendre.", **fields.pop("text", {})}
    base = {
        "step": "etape", "kind": "message", "when": {"after_enrolment": 1}, "hour": "16:30", "one_act": True,
        "facts": ["HY3"], "facts_checked": FACTS_DAY, "texts": {fields.pop("language", "fr"): words},
    }  # fmt: skip
    return Step.model_validate({**base, **fields})


def rules(one: Step, topic: str = "hygiene", own: tuple[str, ...] = ()) -> list[str]:
    return [finding.key for finding in editing.of_step(one, topic, Audience(), own)]


def question(sms: str, text: dict[str, Any], **fields: Any) -> Step:
    words = {"right": "Bien.", "wrong": "Merci.", **text}
    return step(sms, text=words, **{"kind": "question", "question": {"type": "single", "correct": 1}, **fields})


SPELT = [
    ("thousands with a blank", "Il y a 3 000 familles", "R12.grouping"),
    ("thousands with a point", "Il y a 3.000 familles", "R12.grouping"),
    ("thousands with a no-break space", "Il y a 3\u00a0000 familles", "R12.grouping"),
    ("decimal point", "Il a plu 1.5 mm", "R12.decimal"),
    ("hour with a colon", "Venez à 20:30", "R12.time"),
    ("hour without minutes", "Venez à 20h", "R12.time"),
    ("hour with blanks", "Venez à 20 h 30", "R12.time"),
    ("hour of one digit", "Venez à 8h30", "R12.time"),
    ("ISO date", "Venez le 2026-08-09", "R12.date"),
    ("month name", "Venez le 9 août", "R12.date"),
    ("first of a month", "Venez le 1er mars", "R12.date"),
    ("day of one digit", "Venez le 9/08", "R12.date"),
    ("percent with a blank", "La moitié, 50 %", "R12.percent"),
    ("fraction without its unit", "Prenez 1/2", "R12.fraction"),
    ("fraction sign", "Prenez ½ tasse", "R12.fraction"),
    ("euro", "Cela vaut 5 €", "R12.money"),
]
FINE = [
    "Venez à 20h30 ou 08h00", "Le 09/08", "dimanche 09/08/2026", "3000 familles", "1,5 mm", "50% des clubs",
    "1/2 tasse", "3/4 de tasse", "70 12 34 56", "PRES 1041 F12 H8 T20", "PRES 1041 F.. H.. T..", "3 fois par jour",
    "En 24 heures", "de 6 à 8 mois", "2 à 3 repas", "Envoyez QUESTION et vos mots", "Dites-le au club",
]  # fmt: skip


@pytest.mark.parametrize(("label", "sms", "rule"), SPELT, ids=[row[0] for row in SPELT])
def test_numbers_and_dates_are_written_one_way(label: str, sms: str, rule: str) -> None:
    assert rule in [key for key, _ in wording.forms(sms)]


@pytest.mark.parametrize("sms", FINE)
def test_what_is_written_well_passes(sms: str) -> None:
    said = [
        *wording.forms(sms),
        *wording.words(sms),
        *wording.doses(sms, ()),
        *wording.recipes(sms),
        *wording.requests(sms),
    ]
    assert said == []


FORBIDDEN = [
    ("agency", "La FAO vous aide"),
    ("agency in small letters", "l'unicef vous aide"),
    ("agency in two words", "La Croix-Rouge vient"),
    ("donor", "Merci aux bailleurs"),
    ("vulnerable with its accent", "Les personnes vulnérables"),
    ("vulnerable without", "Les personnes vulnerables"),
    ("beneficiary", "Chers bénéficiaires"),
    ("list", "Vous êtes sur la liste"),
    ("wealth group", "Pour les très pauvres"),
    ("money", "Vous aurez des francs"),
    ("money sent", "Un transfert d'argent"),
    ("HIV", "Le test du VIH"),
    ("violence", "Les violences"),
    ("people", "Les Peuls du village"),
    ("belief", "Après la mosquée"),
    ("politics", "Avant les élections"),
    ("security", "L'armée arrive"),
]


@pytest.mark.parametrize(("label", "sms"), FORBIDDEN, ids=[row[0] for row in FORBIDDEN])
def test_words_that_no_sms_says(label: str, sms: str) -> None:
    assert "word" in [key for key, _ in wording.words(sms)]


@pytest.mark.parametrize(
    "sms", ["Le spécialiste", "Elle est courageuse", "Un listing", "La pommade", "Le village", "Fabriquez"]
)
def test_words_inside_other_words_pass(sms: str) -> None:
    assert list(wording.words(sms)) == []


def test_a_programme_adds_the_names_of_its_partners() -> None:
    assert "word" in rules(step("Merci à Partenaire-Exemple"), own=("Partenaire Exemple",))
    assert "word" not in rules(step("Merci à tous"), own=("", " "))


@pytest.mark.parametrize("sms", ["Recevez 5000 FCFA", "Recevez 5 000 F CFA", "Recevez 500 francs", "Recevez 500 F"])
def test_amounts_are_said_only_as_prices_of_a_market(sms: str) -> None:
    assert "amount" in [key for key, _ in wording.words(sms)]
    assert list(wording.words(sms, market=True)) == []


DOSES = [
    "Prenez 2 comprimés",
    "Donnez 10 ml",
    "5 gouttes",
    "Mettez six cuillères",
    "20 mg",
    "2 sachets",
    "3 petites cuillères",
]


@pytest.mark.parametrize("sms", DOSES)
def test_a_dose_is_refused(sms: str) -> None:
    assert [key for key, _ in wording.doses(sms, ("HY3",))] == ["R09"]


def test_amounts_of_food_pass_where_their_fact_is_cited() -> None:
    assert list(wording.doses("2 à 3 cuillères à soupe, une tasse de 250 ml", ("CF3",))) == []
    assert [key for key, _ in wording.doses("2 comprimés", ("CF3",))] == ["R09"]


@pytest.mark.parametrize(
    ("sms", "rule"),
    [
        ("Mélangez sel, sucre et eau", "R10.recipe"),
        ("Le moringa a 7 fois plus de vitamines que l'orange", "R10.comparison"),
        ("25 x la carotte", "R10.comparison"),
        ("Voyez www.exemple.org", "R11.address"),
        ("Voyez exemple.ml", "R11.address"),
        ("Envoyez de l'argent au numero", "R11.money"),
        ("Payez les frais", "R11.money"),
        ("Envoyez votre nom et votre village", "R11.personal"),
        ("Donnez votre code secret", "R11.personal"),
    ],
)
def test_recipes_comparisons_addresses_and_requests_are_refused(sms: str, rule: str) -> None:
    assert rule in [key for key, _ in (*wording.recipes(sms), *wording.requests(sms))]


@pytest.mark.parametrize(
    "sms", ["3 fois par jour, avec du lait", "8 fois en 24 heures", "Salez peu", "Du sucre dans le thé"]
)
def test_counts_of_meals_and_single_words_pass(sms: str) -> None:
    assert list(wording.recipes(sms)) == []


def test_letters_outside_gsm7_are_named_unless_they_are_meant() -> None:
    found = editing.of_step(step("Être prêt à 6 heures"), "rights", Audience())
    assert [(one.key, one.values["letters"]) for one in found if one.key == "R04"] == [
        ("R04", "Ê (U+00CA), ê (U+00EA)")
    ]
    assert "R04" not in rules(step("Être prêt", text={"unicode": True}), "rights")


def test_a_text_is_measured_at_the_longest_slots() -> None:
    call = {"kind": "listening_call", "when": {"before_airing": "2h"}, "hour": None}
    assert "R03" not in rules(step("x" * 140 + "{station}", **call), "rights")
    assert "R03" in rules(step("x" * 141 + "{station}", **call), "rights")


def test_an_answer_text_fits_one_sms() -> None:
    found = rules(question("Quoi? 1 a 2 b", {"options": {1: "a", 2: "b"}, "right": "x" * 161}))
    assert "R03.reply" in found


@pytest.mark.parametrize(
    ("facts", "more", "rule"),
    [
        ([], {}, "R05.none"),
        (["HY99"], {}, "R05.unknown"),
        (["FO7"], {}, "R05.c"),
        (["DI6"], {"national_text": "Guide, p. 12"}, "R05.c"),
        (["HY6"], {}, "R05.b"),
        (["HY2"], {}, "R05.rule"),
        (["FO8"], {}, "R05.rule"),
        (["HY3"], {"facts_checked": None}, "R06"),
    ],
)
def test_a_health_text_rests_on_facts_that_may_be_said(facts: list[str], more: dict[str, Any], rule: str) -> None:
    assert rule in rules(step(facts=facts, **more))


def test_level_b_passes_with_the_national_text_but_never_in_a_quiz() -> None:
    fields = {"facts": ["HY6"], "national_text": "Guide, p. 12"}
    assert [rule for rule in rules(step(**fields)) if rule.startswith("R05")] == []
    quiz = question("Quoi? 1 a 2 b", {"options": {1: "a", 2: "b"}}, question={"type": "single", "correct": 1}, **fields)
    assert "R14.fact" in rules(quiz)


def test_other_topics_need_no_fact() -> None:
    assert rules(step(facts=[]), "market") == []


@pytest.mark.parametrize(
    ("sms", "facts", "is_told"),
    [
        ("Enfant: 3 à 4 repas", ["CF4"], False),
        ("Enfant: trois à quatre repas", ["CF4"], False),
        ("Enfant: 5 repas", ["CF4"], True),
        ("Enfant: une demi-tasse", ["CF5"], False),
        ("Enfant: trois quarts de tasse", ["CF6"], False),
        ("Enfant: vingt-quatre heures", ["BF4"], False),
        ("Enfant: au moins 9 fois", ["BF4"], True),
    ],
)
def test_a_figure_stands_in_the_facts_it_cites(sms: str, facts: list[str], is_told: bool) -> None:
    assert ("R07" in rules(step(sms, facts=facts), "iycf")) is is_told


def test_wrong_options_and_the_childs_age_may_be_any_figure() -> None:
    options = {1: "12 fois", 2: "le savon"}
    assert rules(question("Quoi? 1 12 fois 2 le savon", {"options": options})) == []
    aged = {"when": {"child_month": 24}, "personal": "child_age", "facts": ["BF3"]}
    assert rules(step("Enfant de 2 ans: du lait", text={"club": "Familles: du lait"}, **aged), "iycf") == []


def test_a_text_by_age_begins_with_the_age_or_the_person() -> None:
    aged = {"when": {"child_month": 6}, "personal": "child_age", "facts": ["CF1"]}
    assert "R02" in rules(step("Commencez la bouillie, le sein continue", text={"club": "Familles"}, **aged), "iycf")
    assert "R02" not in rules(step("Nouveau-né: le sein", text={"club": "Familles"}, **aged), "iycf")


def test_one_act_and_a_text_to_read_aloud_are_asked_for() -> None:
    assert rules(step(one_act=False)) == ["R01"]
    assert rules(step(text={"read_aloud": None})) == ["R13"]


@pytest.mark.parametrize("sms", ["Quoi? A eau B savon", "Quoi? 1 eau 3 savon", "Quoi? 1) eau 2) savon"])
def test_options_are_printed_with_their_numbers(sms: str) -> None:
    assert "R12.choices" in rules(question(sms, {"options": {1: "eau", 2: "savon"}}))


def test_yes_and_no_are_printed_as_one_and_two_in_every_language() -> None:
    yesno = {"question": {"type": "yesno", "correct": 1}}
    assert "R12.choices" not in rules(question("Quoi? 1 awo 2 ayi", {}, language="bm", **yesno))
    assert "R12.choices" in rules(question("Quoi? awo, ayi", {}, language="bm", **yesno))


def test_pregnancy_is_said_only_in_a_personal_step_or_to_everybody() -> None:
    assert "R16.word" in rules(step("Vous êtes enceinte?"))
    personal = {"personal": "pregnancy", "text": {"club": "Familles: une femme enceinte se repose."}}
    assert "R16.word" not in rules(step("Femme enceinte: reposez-vous", **personal))


def campaign(*days: tuple[dict[str, Any], str]) -> Definition:
    steps = [
        step(sms, step=f"etape-{index}", when=when).model_dump(mode="json") for index, (when, sms) in enumerate(days)
    ]
    head = {"campaign": "mains", "title": {"fr": "Mains"}, "topic": "hygiene", "pillar": "social"}
    return Definition.model_validate({**head, "steps": steps})


@pytest.mark.parametrize(
    ("days", "is_told"),
    [
        ([({"after_enrolment": 1}, "STOP"), ({"after_enrolment": 32}, "x")], False),
        ([({"after_enrolment": 1}, "STOP"), ({"after_enrolment": 33}, "x")], True),
        ([({"after_enrolment": 1}, "x"), ({"after_enrolment": 5}, "x")], True),
        ([({"after_enrolment": 90}, "x"), ({"weekly": "mon"}, "STOP")], False),
        ([({"child_month": 5}, "STOP"), ({"child_month": 6}, "x")], False),
        ([({"child_month": 6}, "STOP"), ({"child_month": 9}, "x")], True),
        ([({"date": "2026-12-01"}, "x"), ({"date": "2026-12-20"}, "STOP")], False),
        ([({"weekly": "mon"}, "stop")], True),
    ],
)
def test_stop_is_said_once_a_month(days: list[tuple[dict[str, Any], str]], is_told: bool) -> None:
    assert ("R15" in [finding.key for finding in editing.of_campaign(campaign(*days))]) is is_told


def test_the_agency_of_the_campaign_is_a_forbidden_word_too() -> None:
    definition = campaign(({"weekly": "mon"}, "Zentrale aide. STOP")).model_copy(update={"agency": "Zentrale"})
    assert [(one.path, one.key) for one in editing.check(definition)] == [(("steps", 0, "texts", "fr", "sms"), "word")]
