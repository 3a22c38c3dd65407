"""Shows of hands and decisions: every form of the card, what is asked again, and what is no such report."""

from __future__ import annotations

from typing import Any

import pytest

from campaigns.conversation.grammar import decisions, hands
from campaigns.conversation.grammar.sms import Sms
from tests.campaigns.typos import edits

FORM = {"club": "1041", "question": 3, "counts": {"1": 12, "2": 5}, "date": "2026-03-12"}


def sms(text: str, **context: Any) -> Sms:
    role = context.pop("role", "facilitator")
    return Sms(text, role, {"now": "2026-03-12T17:30:00Z", "lang": "fr", "clubs": ["1041"], **context})


def reading(text: str, **context: Any) -> dict[str, Any] | None:
    found = hands.read_hands(sms(text, **context))
    return found.as_json()["readings"][0] if found else None


@pytest.mark.parametrize(
    ("text", "repairs"),
    [
        ("MAINS 1041 Q3 1=12 2=5", []),
        ("mains 1041 q 3 1:12, 2:5", []),
        ("MAINS 1041 Q3 1-12; 2-5 merci", []),
        ("MAINS1041 Q3: 1=12, 2=5.", []),
        ("bonjour MAINS Q3 1=12 2=5 1041", []),
        ("QUIZ 1041 Q3 1=12 2=5", []),
        ("MAINS Q3 1 = 12 2 = 5", []),
        ("MAINS 1041 Q3 1=12 2=5 1=12", []),
        ("MAINS 1041 Q3 A12 B5", ["letter_for_number"]),
        ("MAINS 1041 Q3 a=12 b=5", ["letter_for_number"]),
        ("MAINS 1041 Q3 a 12 b 5", ["letter_for_number"]),
        ("MAINS 1041 Q3 1=l2 2=5", ["l>1"]),
        ("MAINS 1O4I Q3 1=12 2=5", ["O>0", "I>1"]),
    ],
)
def test_every_form_of_the_card_is_read(text: str, repairs: list[str]) -> None:
    found = reading(text)
    assert found is not None
    assert (found["status"], found["fields"], sorted(found.get("repairs", []))) == ("ok", FORM, sorted(repairs))


@pytest.mark.parametrize(
    ("text", "day"),
    [("MAINS 1041 hier Q3 1=12 2=5", "2026-03-11"), ("MAINS 1041 10/03 Q3 1=12 2=5", "2026-03-10"),
     ("MAINS 1041 Q3 1=12 2=5 le 5 mars", "2026-03-05"), ("MAINS 1041 9/3 Q3 1=12 2=5", "2026-03-09")],
)  # fmt: skip
def test_the_day_may_be_written(text: str, day: str) -> None:
    assert reading(text) == {"intent": "hands", "status": "ok", "fields": {**FORM, "date": day}}


@pytest.mark.parametrize(
    ("text", "error", "fields"),
    [
        ("MAINS 1014 Q3 1=12", "club_code_invalid", {"code_given": "1014", "suggest": ["1041"]}),
        ("MAINS 1055 Q3 1=12 2", "club_not_yours", {"code_given": "1055"}),
        ("MAINS 1041 31/02 Q3 1=12 5", "date_invalid", {"club": "1041"}),
        ("MAINS 1041 20/03/2026 Q3 1=12", "date_future", {"club": "1041", "date": "2026-03-20"}),
        ("MAINS 1041 Q3 12 5", "pairs_unclear", {"club": "1041"}),
        ("MAINS 1041 Q3 1=12 5", "pairs_unclear", {"club": "1041"}),
        ("MAINS 1041 Q3 1=12 2=5 bien", "pairs_unclear", {"club": "1041"}),
        ("MAINS 1041 Q3 0=12", "pairs_unclear", {"club": "1041"}),
        ("MAINS 1041 Q3", "pairs_unclear", {"club": "1041"}),
        ("MAINS 1041 1=12 2=5", "pairs_unclear", {"club": "1041"}),  # which question?
        ("MAINS 1041 1042 Q3 1=12", "pairs_unclear", {"club": "1041"}),
        ("MAINS C041 Q3 1=12", "pairs_unclear", {"club": "1041"}),  # a spoilt code is no count
        ("MAINS 1041 Q3 1/12 2=5", "pairs_unclear", {"club": "1041"}),  # a spoilt pair is no day
        ("MAINS 1041 Q3 1=12 1=13", "label_twice", {"club": "1041", "label": "1"}),
        ("MAINS 1041 Q3 A=12 1=13", "label_twice", {"club": "1041", "label": "1"}),
        ("MAINS 1041 Q3 1=1000", "number_too_big", {"club": "1041"}),
    ],
)
def test_what_is_not_clear_is_asked_again(text: str, error: str, fields: dict[str, Any]) -> None:
    assert reading(text) == {"intent": "hands", "status": "error", "fields": fields, "error": error}


def test_without_a_code_the_only_club_is_meant() -> None:
    found = hands.read_hands(sms("MAINS Q3 1=12", clubs=["1041", "1055"]))
    assert found is not None
    assert (found.readings[0].error, found.readings[0].fields) == ("club_missing", {"clubs": ["1041", "1055"]})
    assert found.reply == "hands.which_club"


def test_the_open_question_is_meant_when_it_is_the_only_one() -> None:
    one = {"id": "QZ", "open": True, "late": False, "questions": [{"n": 4, "type": "yesno"}]}
    found = reading("MAINS 1041 1=12 2=5", quiz=one)
    assert found is not None and found["fields"] == {**FORM, "quiz": "QZ", "question": 4}
    two = {**one, "questions": [*one["questions"], {"n": 5, "type": "yesno"}]}
    assert (reading("MAINS 1041 1=12 2=5", quiz=two) or {})["error"] == "pairs_unclear"


@pytest.mark.parametrize("existing", [[{"club": "1041", "date": "2026-03-12", "women": 12, "men": 8}],
                                      {"club": "1041", "date": "2026-03-12", "women": 12, "men": 8}])  # fmt: skip
def test_everybody_who_is_there_raises_a_hand_once(existing: Any) -> None:
    assert (reading("MAINS 1041 Q3 1=12 2=8", existing=existing) or {})["status"] == "ok"
    found = hands.read_hands(sms("MAINS 1041 Q3 1=12 2=5", existing=existing))
    assert found is not None
    assert (found.readings[0].status, found.readings[0].error) == ("confirm", "hands_mismatch")
    assert (found.readings[0].fields, found.reply) == ({**FORM, "present": 20}, "hands.confirm")
    assert (reading("MAINS 1041 hier Q3 1=12 2=5", existing=existing) or {})["status"] == "ok"  # another day


def test_a_day_long_past_is_confirmed() -> None:
    assert (reading("MAINS 1041 10/12 Q3 1=12") or {})["error"] == "date_old"


@pytest.mark.parametrize("text", ["mains propres svp", "mains", "QUIZ demain", "QUIZ 1=12", "lavez mains 1041 Q3 1=12"])
def test_words_that_hold_neither_code_nor_pair_are_no_report(text: str) -> None:
    assert reading(text) is None


@pytest.mark.parametrize("role", ["member", "radio", "unknown"])
def test_only_who_reports_for_a_club_may_count_its_hands(role: str) -> None:
    assert reading("MAINS 1041 Q3 1=12", role=role) is None


def test_one_typo_changes_nothing_in_silence_but_the_figure_it_struck() -> None:
    """A wrong digit, or one that was lost, cannot be seen without a report of who came; all else is asked again."""
    silent = []
    for text in edits("MAINS 1041 Q3 1=12 2=5"):
        found = reading(text)
        if found and found["status"] == "ok" and found["fields"] != FORM:
            fields = found["fields"]
            parts = [
                fields["question"] == 3,
                [*fields["counts"]] == ["1", "2"],
                [*fields["counts"].values()] == [12, 5],
            ]
            silent += [text] if parts.count(False) != 1 or len(fields["counts"]) != 2 else []
    assert silent == []


PENDING = {"type": "hands_confirm", "quiz": "QZ", **FORM}


@pytest.mark.parametrize(
    ("text", "status", "reply"),
    [("OUI", "ok", "hands.ok"), ("non", "ignored", "hands.not_recorded"), ("MAINS 1041 Q3 1=12 2=8", None, None)],
)
def test_a_count_that_did_not_fit_waits_for_a_yes(text: str, status: str | None, reply: str | None) -> None:
    found = hands.read_pending(sms(text, pending=PENDING))
    assert (found.readings[0].status, found.reply) if found else (status, reply) == (None, None)
    if status == "ok":
        assert found and found.readings[0].fields == {**FORM, "quiz": "QZ"}
        assert found.readings[0].repairs == ("confirmed",)
    if status == "ignored":
        assert found and found.readings[0].fields == {"club": "1041", "date": "2026-03-12"}


def decided(text: str, **context: Any) -> dict[str, Any] | None:
    found = decisions.read_decision(sms(text, **context))
    return found.as_json()["readings"][0] if found else None


@pytest.mark.parametrize(
    ("text", "said", "day"),
    [
        ("DECISION 1041 chacun creuse une fosse de 2 m", "chacun creuse une fosse de 2 m", "2026-03-12"),
        ("décision1041: On paye l'école à tous.", "On paye l'école à tous", "2026-03-12"),
        ("DECISIONS on épargne 500 F", "on épargne 500 F", "2026-03-12"),
        ("DECISION 1041 hier, on a choisi", "on a choisi", "2026-03-11"),
        ("DECISION 1041 10/03 trois fosses", "trois fosses", "2026-03-10"),
        ("DECISION\u200b 1041\u00a0un œuf \u2014 par jour", "un œuf \u2014 par jour", "2026-03-12"),
    ],
)
def test_a_decision_is_kept_as_it_was_typed(text: str, said: str, day: str) -> None:
    fields = {"club": "1041", "text": said, "date": day}
    assert decided(text) == {"intent": "decision", "status": "ok", "fields": fields}


def test_no_phone_number_stays_in_a_decision() -> None:
    found = decided("DECISION 1041 appeler 76543210")
    assert found is not None
    assert (found["fields"]["text"], found["repairs"]) == ("appeler [numéro]", ["phone_redacted"])


@pytest.mark.parametrize(
    ("text", "error", "reply"),
    [
        ("DECISION 1014 on creuse", "club_code_invalid", "att.club_invalid"),
        ("DECISION 1055 on creuse", "club_not_yours", "att.club_not_yours"),
        ("DECISION 1041", "text_missing", "decision.unclear"),
        ("DECISION 1041 ...", "text_missing", "decision.unclear"),
        ("DECISION 1041 31/02 on creuse", "date_invalid", "decision.unclear"),
        ("DECISION 1041 20/03/2026 on creuse", "date_future", "decision.unclear"),
    ],
)
def test_a_decision_that_is_not_clear(text: str, error: str, reply: str) -> None:
    found = decisions.read_decision(sms(text))
    assert found is not None
    assert (found.readings[0].status, found.readings[0].error, found.reply) == ("error", error, reply)


def test_a_decision_of_one_of_several_clubs_needs_its_code() -> None:
    found = decisions.read_decision(sms("DECISION on creuse", clubs=["1041", "1055"]))
    assert found is not None
    assert (found.readings[0].fields, found.reply) == ({"clubs": ["1041", "1055"]}, "decision.which_club")
    assert decisions.read_decision(sms("DECISION 1041 on creuse", role="member")) is None


@pytest.mark.parametrize(
    ("text", "kept"), [("1", "yes"), ("2.", "partly"), ("3 merci", "no"), ("4", None), ("oui", None)]
)
def test_whether_a_decision_was_kept(text: str, kept: str | None) -> None:
    found = decisions.read_pending(sms(text, pending={"type": "decision_kept", "club": "1041", "decision": 7}))
    assert (found.readings[0].fields if found else None) == (
        {"club": "1041", "decision": 7, "kept": kept} if kept else None
    )
    assert found is None or found.reply == "decision.thanks"
