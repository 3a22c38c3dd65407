"""Answers to what we asked about a report: its club, its other half, whether it is right.

Source: the page on incoming SMS, section 4.4.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.campaigns.reported import OWN, TWO, reply, said

FULL = "ok 1041 12/03 F12 H8 T20"
DAY = {"date": "2026-03-12"}
WOMEN = {"type": "attendance_partial", "club": "1041", **DAY, "women": 12}
MEN = {"type": "attendance_partial", "club": "1041", **DAY, "men": 8}
TOTAL = {"type": "report_total", "club": "1041", **DAY, "total": 20}
NO_CLUB = {"type": "attendance_club", **DAY, "women": 12, "men": 8}
ASKED = {"type": "attendance_confirm", "club": "1041", **DAY, "women": 12, "men": 8, "total": 20}


def asked(pending: dict[str, Any], context: dict[str, Any] = OWN, **more: Any) -> dict[str, Any]:
    return {**context, "pending": {**pending, **more}}


CLUB = {
    "a code": ("1055", {}, "ok 1055 12/03 F12 H8 T20"),
    "with a full stop": ("1055.", {}, "ok 1055 12/03 F12 H8 T20"),
    "with a letter in it": ("1O55", {}, "ok 1055 12/03 F12 H8 T20 [O>0]"),
    "with thanks": ("1055 merci", {}, "ok 1055 12/03 F12 H8 T20"),
    "a wrong code": ("1505", {}, "error club_code_invalid code_given=1505 suggest=1055"),
    "another's, of a listening": ("2035", {"intent": "listening"}, "listening error club_not_yours code_given=2035"),
    "all that was kept": ("1055", {"intent": "listening", "date": "2026-03-10", "girls": 2, "total": 22, "pregnant": 1,
                                   "session": 4, "episode": 7, "note": "Pluie"},
                          "listening ok 1055 10/03 F12 H8 JF2 T22 FE1 S4 E7 note=Pluie"),
    "one sex kept: the next question": ("1055", {"men": None}, "pending men_missing 1055 12/03 F12"),
    "a total alone kept": ("1055", {"women": None, "men": None, "total": 20}, "pending sex_missing 1055 12/03 T20"),
    "nothing kept": ("1055", {"women": None, "men": None}, "error counts_missing 1055"),
    "a wrong total kept": ("1055", {"total": 21},
                           "error total_mismatch 1055 F12 H8 total_given=21 total_computed=20"),
    "implausible": ("1055", {"women": 90}, "confirm implausible 1055 12/03 F90 H8 T98"),
    "a total under G": ("1055", {"boys": 20}, "confirm 1055 12/03 F12 H8 T20 [unread_part]"),
    "a day to come": ("1055", {"date": "2026-03-13"}, "error date_future 1055 13/03"),
    "cancelled": ("1055", {"women": None, "men": None, "cancelled": True}, "ok 1055 12/03 cancelled=True"),
    "not heard": ("1055", {"intent": "listening", "episode": 3, "problem": "no_signal"},
                  "listening ok 1055 12/03 problem=no_signal E3"),
    "what must be asked": ("1055", {"unsure": True}, "confirm 1055 12/03 F12 H8 T20"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "more", "reading"), CLUB.values(), ids=CLUB)
def test_the_club_is_answered(text: str, more: dict[str, Any], reading: str) -> None:
    assert said(text, asked(NO_CLUB, TWO, **more)) == reading


def test_a_correction_stays_one_while_its_club_is_asked() -> None:
    existing = {"club": "1055", **DAY, "women": 1, "men": 1}
    context = {**asked(NO_CLUB, TWO, correction=True), "existing": existing}
    assert said("1055", context) == "ok 1055 12/03 F12 H8 T20 instead of F1 H1 [correction]"
    assert reply("1055", context) == "att.corrected"


HALF = {
    "men": ("H8", WOMEN, f"{FULL} [joined_two_sms]"),
    "men in words": ("8 hommes", WOMEN, f"{FULL} [joined_two_sms]"),
    "men in Bambara": ("cɛw 8", WOMEN, f"{FULL} [joined_two_sms]"),
    "with the total": ("H8 T20", WOMEN, f"{FULL} [joined_two_sms]"),
    "with the keyword and the code": ("PRES 1041 H8", WOMEN, f"{FULL} [joined_two_sms]"),
    "with its own keyword": ("ECOUTE H8", {**WOMEN, "intent": "listening", "episode": 3},
                             f"listening {FULL} E3 [joined_two_sms]"),
    "women": ("F12", MEN, f"{FULL} [joined_two_sms]"),
    "both, the kept one again": ("F12 H8", WOMEN, f"{FULL} [joined_two_sms]"),
    "none": ("aucun homme", WOMEN, "ok 1041 12/03 F12 H0 T12 [joined_two_sms]"),
    "a letter for a digit": ("HI4", WOMEN, "ok 1041 12/03 F12 H14 T26 [I>1 joined_two_sms]"),
    "a letter for a number": ("HO", WOMEN, "confirm 1041 12/03 F12 H0 T12 [O>0 joined_two_sms]"),
    "M for the men": ("M8", WOMEN, f"{FULL} [M=masculin joined_two_sms]"),
    "M for the women": ("M12", MEN, "confirm 1041 12/03 F12 H8 T20 [M_ambiguous joined_two_sms]"),
    "a wrong total": ("H8 T21", WOMEN, "error total_mismatch 1041 F12 H8 total_given=21 total_computed=20"),
    "a wrong total kept": ("H8", {**WOMEN, "total": 21},
                           "error total_mismatch 1041 F12 H8 total_given=21 total_computed=20"),
    "a right total given, a wrong one kept": ("H8 T20", {**WOMEN, "total": 21},
                                              "error total_mismatch 1041 F12 H8 total_given=21 total_computed=20"),
    "no whole number": ("H8,5", WOMEN, "error not_whole_number 1041"),
    "what must be asked": ("H8", {**WOMEN, "unsure": True}, "confirm 1041 12/03 F12 H8 T20 [joined_two_sms]"),
    "a total kept under S": ("H8", {**WOMEN, "session": 20},
                             "confirm 1041 12/03 F12 H8 T20 [joined_two_sms unread_part]"),
    "both sexes": ("F12 H8", TOTAL, f"{FULL} [joined_two_sms]"),
    "two bare numbers": ("12 8", TOTAL, f"{FULL} [positional joined_two_sms]"),
    "two, with keyword and code": ("PRES 1041 12 8", TOTAL, f"{FULL} [positional joined_two_sms]"),
    "another total": ("12 9", TOTAL, "error total_mismatch 1041 F12 H9 total_given=20 total_computed=21"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "pending", "reading"), HALF.values(), ids=HALF)
def test_the_missing_half_is_answered(text: str, pending: dict[str, Any], reading: str) -> None:
    assert said(text, asked(pending)) == reading


CONFIRMED = {
    "yes": ("oui", {}, f"{FULL} [confirmed]", "att.ok"),
    "yes in Bambara": ("awɔ", {}, f"{FULL} [confirmed]", "att.ok"),
    "no": ("non merci", {}, "ignored 1041 12/03", "att.not_recorded"),
    "yes to another number": ("oui", {"replaces": {"women": 1, "men": 1}}, f"{FULL} instead of F1 H1 [confirmed]",
                              "att.corrected"),
    "a listening with its question": ("ok", {"intent": "listening", "episode": 7, "question": "quand?"},
                                      f"listening {FULL} E7 question=quand? [confirmed]", "listen.ok"),
    "no to a visit": ("ayi", {"intent": "visit"}, "visit ignored 1041 12/03", "att.not_recorded"),
    "without its total": ("oui", {"total": None, "girls": 5}, "ok 1041 12/03 F12 H8 JF5 T25 [confirmed]", "att.ok"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "more", "reading", "key"), CONFIRMED.values(), ids=CONFIRMED)
def test_a_yes_or_a_no_is_answered(text: str, more: dict[str, Any], reading: str, key: str) -> None:
    context = asked(ASKED, **more)
    assert (said(text, context), reply(text, context)) == (reading, key)


NO_ANSWER = {
    "a new report, club asked": ("PRES 1055 F1 H2", NO_CLUB, "ok 1055 12/03 F1 H2 T3"),
    "other words, club asked": ("le club de Kani", NO_CLUB, "feedback ok category=unclassified"),
    "the same sex with another number": ("PRES 1041 F13", WOMEN, "pending men_missing 1041 12/03 F13"),
    "a report of another club": ("PRES 1055 H8", WOMEN, "pending women_missing 1055 12/03 H8"),
    "a correction": ("CORR 1041 H8", WOMEN, "pending women_missing 1041 12/03 H8"),
    "a bare number": ("8", WOMEN, "unknown error no_open_quiz"),
    "a half with a day": ("PRES 1041 hier H8", WOMEN, "pending women_missing 1041 11/03 H8"),
    "a half with a note": ("PRES 1041 H8 pluie", WOMEN, "pending women_missing 1041 12/03 H8 note=pluie"),
    "one sex to a total": ("PRES 1041 F12", TOTAL, "pending men_missing 1041 12/03 F12"),
    "a yes to a total": ("oui", TOTAL, "feedback ok category=unclassified"),
    "yes and no": ("oui non", ASKED, "feedback ok category=unclassified"),
    "a new report for a yes": ("PRES 1041 F1 H2", ASKED, "ok 1041 12/03 F1 H2 T3"),
}


@pytest.mark.parametrize(("text", "pending", "reading"), NO_ANSWER.values(), ids=NO_ANSWER)
def test_what_is_no_answer_is_read_as_ever(text: str, pending: dict[str, Any], reading: str) -> None:
    assert said(text, asked(pending, TWO)) == reading
