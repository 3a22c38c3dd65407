"""Answers to questions, row by row of the table."""

from __future__ import annotations

from typing import Any

import pytest

from campaigns.conversation.grammar.answers import read_answer
from campaigns.conversation.grammar.sms import Sms

DIGITS = {"type": "single", "options": {"1": "eau", "2": "savon", "3": "cendre"}}
LETTERS = {"type": "single", "options": {"A": "lait maternel seul", "B": "lait maternel et eau", "C": "tisane"}}
EIGHT = {"type": "single", "options": {str(one): f"choix {one}" for one in range(1, 9)}}
MULTI = {"type": "multi", "options": {"1": "oeuf", "2": "niebe", "3": "sucre", "4": "moringa"}}
MULTI_LETTERS = {"type": "multi", "options": {"A": "oeuf", "B": "sucre", "C": "niebe", "D": "moringa"}}
YESNO = {"type": "yesno"}
NUMBER = {"type": "number", "min": 0, "max": 24, "unit": "mois"}


def read(text: str, *questions: dict[str, Any], late: bool = False, **context: Any) -> dict[str, Any] | None:
    """The reading of an answer to these questions, numbered from 1, and its reply; None: it is no answer."""
    asked = [{"n": place, **question} for place, question in enumerate(questions, 1)]
    quiz = {"id": "QZ", "open": not late, "late": late, "questions": asked}
    found = read_answer(Sms(text, "member", {"now": "2026-03-12T17:30:00Z", "lang": "fr", "quiz": quiz, **context}))
    return {**found.as_json()["readings"][0], "reply": found.reply} if found else None


def value(text: str, question: dict[str, Any], **context: Any) -> Any:
    """The answer to one question, the error's name, or None when it is no answer; and what was put right."""
    found = read(text, question, **context)
    if found is None:
        return None, []
    return found.get("error") or found["fields"]["answers"]["1"], sorted(found.get("repairs", []))


SINGLE = [
    # the option itself
    ("2", DIGITS, "2", []), ("(2)", DIGITS, "2", []), ("\u0662", DIGITS, "2", []), ("2.", DIGITS, "2", []),
    ("« 2 »", DIGITS, "2", []), ("a", LETTERS, "A", []), ("A merci", LETTERS, "A", []), ("b svp!", LETTERS, "B", []),
    ("à", LETTERS, "A", ["accent_removed"]), ("à", DIGITS, "1", ["accent_removed", "letter_for_number"]),
    # introducers
    ("Rep 2", DIGITS, "2", []), ("rep: B", LETTERS, "B", []), ("Réponse 3", DIGITS, "3", []),
    ("la réponse est B", LETTERS, "B", []), ("c'est 2", DIGITS, "2", []), ("C’est B.", LETTERS, "B", []),
    ("je pense que c'est 2 svp", DIGITS, "2", []), ("REPONSEA", LETTERS, "A", []), ("REP2", DIGITS, "2", []),
    ("Q1 2", DIGITS, "2", []), ("q1b", LETTERS, "B", []),
    # courtesies around a digit
    ("Bonjour, 2", DIGITS, "2", []), ("2 merci beaucoup", DIGITS, "2", []), ("i ni sogoma. 2 i ni ce", DIGITS, "2", []),
    # letters by position, digits by position
    ("B", DIGITS, "2", ["letter_for_number"]), ("h", EIGHT, "8", ["letter_for_number"]),
    ("D", DIGITS, "option_unknown", []), ("1", LETTERS, "A", ["number_for_letter"]),
    ("4", LETTERS, "option_unknown", []), ("D", LETTERS, "option_unknown", []), ("x", LETTERS, "option_unknown", []),
    ("4", DIGITS, "option_unknown", []), ("0", DIGITS, "option_unknown", []),
    # signs that look like 1
    ("I", DIGITS, "1", ["I>1"]), ("l", DIGITS, "1", ["l>1"]), ("|", DIGITS, "1", ["|>1"]), ("i", DIGITS, None, []),
    ("l2", DIGITS, "one_answer_only", []),
    # more than one
    ("1 2", DIGITS, "one_answer_only", []), ("12", DIGITS, "one_answer_only", []),
    ("1 ou 2", DIGITS, "one_answer_only", []), ("1/2", DIGITS, "one_answer_only", []),
    ("1 et 2", DIGITS, "one_answer_only", []), ("14", DIGITS, "option_unknown", []), ("2 2", DIGITS, "2", []),
    ("AB", DIGITS, "one_answer_only", []), ("B ou C", DIGITS, "one_answer_only", []), ("AD", DIGITS, None, []),
    ("AB", LETTERS, "one_answer_only", []), ("A+B", LETTERS, "one_answer_only", []),
    ("a, c", LETTERS, "one_answer_only", []), ("A et B", LETTERS, "one_answer_only", []),
    # words
    ("2 savon", DIGITS, "2", []), ("2: le savon", DIGITS, "2", []), ("C tisane", LETTERS, "C", []),
    ("2 eau", DIGITS, None, []), ("savon", DIGITS, "2", ["option_words"]), ("EAU", DIGITS, "1", ["option_words"]),
    ("le savon svp", DIGITS, "2", ["option_words"]), ("c'est la cendre", DIGITS, "3", ["option_words"]),
    ("Lait maternel seul", LETTERS, "A", ["option_words"]), ("seul", LETTERS, "A", ["option_words"]),
    ("lait", LETTERS, "option_words_ambiguous", []), ("lait maternel", LETTERS, "option_words_ambiguous", []),
    ("pas de savon", DIGITS, None, []), ("avon", DIGITS, None, []), ("repas", DIGITS, None, []),
    # not known
    ("jsp", DIGITS, "DK", []), ("DK", LETTERS, "DK", []), ("Je ne sais pas.", DIGITS, "DK", []),
    ("ne sais pas", DIGITS, "DK", []), ("je sais pas merci", DIGITS, "DK", []),
    # no answers
    ("76543210", DIGITS, None, []), ("a+", DIGITS, None, []), ("Bonjour B", DIGITS, None, []), ("BB", DIGITS, None, []),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "question", "answer", "repairs"), SINGLE, ids=[f"{row[0]}→{row[2]}" for row in SINGLE]
)
def test_one_answer(text: str, question: dict[str, Any], answer: str | None, repairs: list[str]) -> None:
    assert value(text, question) == (answer, repairs)


GIVEN = [
    ("d", DIGITS, ["D"]), ("4", DIGITS, ["4"]), ("1 2", DIGITS, ["1", "2"]), ("2 ou 1", DIGITS, ["2", "1"]),
    ("B ou C", DIGITS, ["2", "3"]), ("14", DIGITS, ["4"]), ("AB", LETTERS, ["A", "B"]), ("4", LETTERS, ["4"]),
    ("d", LETTERS, ["D"]), ("lait", LETTERS, ["A", "B"]), ("1 ou 2", YESNO, ["yes", "no"]), ("a", YESNO, ["A"]),
    ("5", YESNO, ["5"]), ("99", NUMBER, 99), ("157", MULTI, ["5", "7"]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "question", "given"), GIVEN, ids=[row[0] for row in GIVEN])
def test_what_was_given_is_shown_to_staff(text: str, question: dict[str, Any], given: Any) -> None:
    found = read(text, question)
    assert found is not None and found["status"] == "error"
    assert found["fields"] == {"quiz": "QZ", "given": given}


def test_words_that_name_an_option_and_lead_another_are_asked_again() -> None:
    """`2 fois` is the words of the first option and the digit of the second."""
    question = {"type": "single", "options": {"1": "2 fois", "2": "3 fois", "3": "jamais"}}
    found = read("2 fois", question)
    assert found is not None and (found["error"], found["fields"]["given"]) == ("option_words_ambiguous", ["1", "2"])
    assert value("2", question) == ("2", [])


@pytest.mark.parametrize(
    ("text", "answer", "repairs"),
    [
        ("OUI!!", "yes", []), ("ouii", "yes", []), ("Wi", "yes", []), ("oui merci", "yes", []),
        ("c'est vrai", "yes", []),
        ("ɔwɔ", "yes", []), ("NON.", "no", []), ("no", "no", []), ("ayi", "no", []), ("bonjour oui", "yes", []),
        ("1", "yes", []), ("2", "no", []), ("O", "yes", []), ("n", "no", []), ("I", "yes", ["I>1"]),
        ("l", "yes", ["l>1"]), ("|", "yes", ["|>1"]), ("1 oui", "yes", []), ("2 non", "no", []),
        ("oui non", "one_answer_only", []), ("oui ou non", "one_answer_only", []), ("12", "one_answer_only", []),
        ("1 ou 2", "one_answer_only", []), ("2 oui", "one_answer_only", []),
        ("3", "option_unknown", []), ("A", "option_unknown", []), ("d", "option_unknown", []), ("e", None, []),
        ("d'accord", None, []), ("oui mais pas toujours", None, []), ("nonn", None, []), ("no va", None, []),
        ("jsp", "DK", []),
    ],
)  # fmt: skip
def test_yes_or_no(text: str, answer: str | None, repairs: list[str]) -> None:
    assert value(text, YESNO) == (answer, repairs)


@pytest.mark.parametrize(
    ("text", "lang", "answer"),
    [("ee", "dts", "yes"), ("e", "dts", "yes"), ("ɔ", "dds", "yes"), ("ay", "dts", "no"), ("e demain", "dts", None),
     ("{dts.yes}", "dts", "yes"), ("{dts.no}", "dts", "no"), ("ee", "fr", None), ("ay", "fr", None)],
)  # fmt: skip
def test_yes_or_no_in_dogon(text: str, lang: str, answer: str | None) -> None:
    assert value(text, YESNO, lang=lang, dogon=lang != "fr")[0] == answer


@pytest.mark.parametrize(
    ("text", "answer", "repairs"),
    [
        ("6", 6, []), ("6mois", 6, []), ("06 mois", 6, []), ("6 ans", 6, []), ("6 jours.", 6, []), ("Q1 6", 6, []),
        ("Q1 6 mois", 6, []), ("c'est 6", 6, []), ("six", 6, ["number_words"]), ("dix-huit mois", 18, ["number_words"]),
        ("vingt et un", 21, ["number_words"]), ("tan ni fila", 12, ["number_words"]), ("l2", 12, ["l>1"]),
        ("99", "out_of_range", []), ("cent", "out_of_range", []), ("6,5", None, []), ("6 mois et demi", None, []),
        ("sis mois", None, []), ("vin", None, []), ("3 poules", None, []), ("6 ou 7", None, []), ("76543210", None, []),
        ("mois", None, []), ("jsp", "DK", []),
    ],
)  # fmt: skip
def test_a_number(text: str, answer: Any, repairs: list[str]) -> None:
    assert value(text, NUMBER) == (answer, repairs)


def test_a_number_in_bambara_is_none_in_a_dogon_language() -> None:
    assert value("tan", NUMBER, lang="dts", dogon=True) == (None, [])


def test_a_unit_that_looks_like_a_digit_is_a_unit() -> None:
    assert value("10l", {"type": "number", "min": 0, "max": 500, "unit": "l"}) == (10, [])


@pytest.mark.parametrize(
    ("text", "question", "answer", "repairs"),
    [
        ("134", MULTI, ["1", "3", "4"], []), ("4 3 1", MULTI, ["1", "3", "4"], []),
        ("1,3 et 4", MULTI, ["1", "3", "4"], []),
        ("1+1", MULTI, ["1"], []), ("2", MULTI, ["2"], []), ("ACD", MULTI, ["1", "3", "4"], ["letter_for_number"]),
        ("a c d", MULTI, ["1", "3", "4"], ["letter_for_number"]), ("ACD", MULTI_LETTERS, ["A", "C", "D"], []),
        ("a+c+d", MULTI_LETTERS, ["A", "C", "D"], []), ("134", MULTI_LETTERS, ["A", "C", "D"], ["number_for_letter"]),
        ("15", MULTI, "option_unknown", []), ("l3", MULTI, ["1", "3"], ["l>1"]), ("I", MULTI, ["1"], ["I>1"]),
        ("oeuf et moringa", MULTI, ["1", "4"], ["option_words"]), ("1 oeuf, 3 sucre", MULTI, ["1", "3"], []),
        ("1-3", MULTI, None, []), ("ACE", MULTI, None, []), ("bɛ", MULTI, None, []), ("la", MULTI, None, []),
        ("jsp", MULTI, "DK", []),
    ],
)  # fmt: skip
def test_several_options(text: str, question: dict[str, Any], answer: Any, repairs: list[str]) -> None:
    assert value(text, question) == (answer, repairs)


PAIRED = [
    *((text, {"1": "2", "2": "3"}, []) for text in (
        "Q1 2 Q2 3", "q1: 2, q2: 3", "1:2 2:3", "1-2, 2-3", "1=2 2=3", "1.2 2.3", "1)2 2)3", "Q1=2Q2=3",
        "1:2;2:3 merci")),
    *((text, {"1": "1", "2": "2"}, ["letter_for_number"]) for text in (
        "Q1 A Q2 B", "1A 2B", "1-a, 2-b", "1.A 2.B", "1)a 2)b", "q1a q2b", "1A2B")),
    ("A B", {"1": "1", "2": "2"}, ["letter_for_number", "positional"]),
    ("ab", {"1": "1", "2": "2"}, ["letter_for_number", "positional"]),
    ("a,b", {"1": "1", "2": "2"}, ["letter_for_number", "positional"]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "answers", "repairs"), PAIRED, ids=[row[0] for row in PAIRED])
def test_several_questions(text: str, answers: dict[str, Any], repairs: list[str]) -> None:
    found = read(text, DIGITS, DIGITS)
    assert found is not None
    assert (found["status"], found["reply"]) == ("ok", "quiz.feedback")
    assert (found["fields"]["answers"], sorted(found.get("repairs", []))) == (answers, repairs)
    found = read(text, DIGITS, DIGITS, DIGITS)
    assert found is not None and (found["status"], found["reply"]) == ("partial", "quiz.remaining")


@pytest.mark.parametrize(
    "text", ["2", "1 2", "12", "1 2 2 3", "Q12 Q23", "Q3 1", "1A 5B", "Q1", "Q1 2 3", "10.30", "A B C"]
)
def test_answers_that_cannot_be_told_apart_are_asked_again(text: str) -> None:
    found = read(text, DIGITS, DIGITS)
    assert found == {
        "intent": "quiz_answer", "status": "error", "fields": {"quiz": "QZ"}, "error": "pairs_unclear",
        "reply": "quiz.options",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "error", "question", "given"),
    [
        ("Q1 A Q1 B", "conflicting_answers", 1, ["1", "2"]),
        ("Q1 2 Q2 5", "option_unknown", 2, ["5"]),
        ("1A 2d", "option_unknown", 2, ["D"]),
        ("A D", "option_unknown", 2, ["D"]),
        ("Q1 12", "option_unknown", 1, ["12"]),
    ],
)
def test_a_fault_in_one_of_several_answers(text: str, error: str, question: int, given: list[str]) -> None:
    found = read(text, DIGITS, DIGITS)
    assert found is not None and found["error"] == error
    assert found["fields"] == {"quiz": "QZ", "question": question, "given": given}


def test_each_value_fits_the_type_of_its_question() -> None:
    found = read("Q1 2 Q2 oui Q3 6 mois Q4 134", DIGITS, YESNO, NUMBER, MULTI)
    assert found is not None
    assert found["fields"]["answers"] == {"1": "2", "2": "yes", "3": 6, "4": ["1", "3", "4"]}
    for text, question in (("Q2 3", 2), ("Q3 99", 3), ("Q4 15", 4), ("Q1 N", 1)):
        found = read(text, DIGITS, YESNO, NUMBER, MULTI)
        assert found is not None and (found["error"], found["fields"]["question"]) == ("option_unknown", question), text


@pytest.mark.parametrize("text", ["abd", "abc", "a demain", "ca va", "Q1 c'est quoi?", "bonjour", "3poules 2boeufs"])
def test_words_are_no_answers_to_several_questions(text: str) -> None:
    assert read(text, DIGITS, DIGITS) is None


def test_who_does_not_know_one_of_several_is_asked_for_the_rest() -> None:
    found = read("jsp", DIGITS, DIGITS)
    assert found is not None and (found["status"], found["fields"]["answers"]) == ("partial", {"1": "DK"})


@pytest.mark.parametrize(
    ("text", "person", "answer"),
    [("2", None, "2"), ("Awa 2", "Awa", "2"), ("awa: B", "Awa", "2"), ("Aïssata 2", "Aissata", "2"),
     ("awa2", "Awa", "2"), ("Moussa, c'est 2", "Moussa", "2"),
     ("Fanta Bintou b", "Fanta Bintou", "2"), ("Fanta 1", "Fanta", "1")],
)  # fmt: skip
def test_on_a_shared_phone_the_name_says_who_answers(text: str, person: str | None, answer: str) -> None:
    names = ["Awa", "Moussa", "Aissata", "Fanta", "Fanta Bintou"]
    found = read(text, DIGITS, phone_members=names)
    assert found is not None and found["fields"] == {"quiz": "QZ", "answers": {"1": answer}, "person": person}


@pytest.mark.parametrize("text", ["Awa", "Awa c bon", "Awa a ka ɲi", "Awata 2", "Awa et Moussa 2"])
def test_a_name_makes_no_answer_of_what_is_none(text: str) -> None:
    assert read(text, DIGITS, phone_members=["Awa", "Moussa"]) is None


def test_a_late_answer_is_told_apart() -> None:
    for text in ("2", "Q1 2", "savon"):
        found = read(text, DIGITS, late=True)
        assert found is not None and (found["status"], found["reply"]) == ("late", "quiz.closed")
    found = read("A", DIGITS, DIGITS, late=True)
    assert found is not None and found["status"] == "late"


@pytest.mark.parametrize(
    ("called", "questions", "answers"),
    [("2", [DIGITS], {"1": "2"}), ("B", [DIGITS], {"1": "2"}), ("A", [LETTERS], {"1": "A"}),
     ("2", [LETTERS], {"1": "B"}), ("1", [YESNO], {"1": "yes"}), ("2", [DIGITS, DIGITS], {"1": "2"})],
)  # fmt: skip
def test_a_missed_call_answers_the_first_question(called: str, questions: list[Any], answers: dict[str, str]) -> None:
    found = read("BEEP", *questions, event="missed_call", called=called)
    assert found is not None and found["fields"]["answers"] == answers
    assert found["status"] == ("ok" if len(questions) == 1 else "partial")


@pytest.mark.parametrize("called", ["9", "", None, "x"])
def test_a_call_on_another_number_is_noise(called: str | None) -> None:
    found = read("2", DIGITS, event="missed_call", called=called)
    assert found is not None and found["intent"] == "noise"


def test_without_an_open_or_late_quiz_nothing_is_an_answer() -> None:
    sms = Sms("2", "member", {"now": "2026-03-12T17:30:00Z", "quiz": {"id": "QZ", "questions": [{"n": 1, **DIGITS}]}})
    assert read_answer(sms) is None
    assert read_answer(Sms("2", "member", {"now": "2026-03-12T17:30:00Z"})) is None
