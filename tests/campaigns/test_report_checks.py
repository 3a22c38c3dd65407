"""What becomes of a report that was read: stored, confirmed, asked for, refused; and several reports in one SMS.

Source: the page on incoming SMS, sections 6.2 and 6.8, and the worked results of 9.3.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from campaigns.conversation.grammar import read
from tests.campaigns.reported import OWN, TWO, reply, said

FULL = "ok 1041 12/03 F12 H8 T20"
TODAY = "2026-03-12"

WORKED = {
    "PRES lO41 Fl2 H8 T21": "error total_mismatch 1041 F12 H8 total_given=21 total_computed=20",
    "PRES 1041 FO HI4": "confirm 1041 12/03 F0 H14 T14 [O>0 I>1]",
    "PRES 1041 M12": "error label_ambiguous 1041 label=M value=12",
    "PRES 1041 F4 H8 FE3 FA5": "error subgroup_exceeds 1041 F4 FE3 FA5",
    "PRES 1041 T20": "pending sex_missing 1041 12/03 T20",
    "PRES 1041 10/12 F12 H8": "confirm date_old 1041 2025-12-10 F12 H8 T20",
    "PRES 1041 F12 H8 44": "error extra_number 1041",
    "PR2S 1041 F12 H8 T20": "confirm 1041 12/03 F12 H8 T20 [keyword_fuzzy unread_part]",
    "@RES 1041 F12 H8 T20": "confirm 1041 12/03 F12 H8 T20 [keyword_missing]",
    "PRES 1041 F12 H8 G20": "confirm 1041 12/03 F12 H8 T20 [unread_part]",
}


@pytest.mark.parametrize("text", WORKED)
def test_the_worked_results(text: str) -> None:
    assert said(text) == WORKED[text]


LOST = "confirm 1041 12/03 F12 H8 T20 [unread_part]"
INVALID = "error club_code_invalid code_given=1401 suggest=1041"

ROWS = {
    "2: wrong check digit": ("PRES 1401 F12 H8", INVALID, "att.club_invalid"),
    "2: near to none": ("PRES 9999 F12 H8", "error club_code_invalid code_given=9999 suggest=",
                       "att.club_invalid"),
    "2: starts with 0": ("PRES 0141 F12", "error club_code_invalid code_given=0141 suggest=1041", "att.club_invalid"),
    "2: as repaired": ("PRES l4O1 F12 H8", INVALID, "att.club_invalid"),
    "2 before 4": ("PRES 1401 31/02 F12", INVALID, "att.club_invalid"),
    "3: another's": ("PRES 1055 F12 H8", "error club_not_yours code_given=1055", "att.club_not_yours"),
    "4 before 5": ("PRES 31/02 F12,5", "error date_invalid 1041", "att.date_invalid"),
    "5 before 6": ("PRES F1200,5", "error not_whole_number 1041", "att.not_whole_number"),
    "6 before 7": ("PRES F1200 F12 H8", "error number_too_big 1041", "att.number_too_big"),
    "6: the session": ("PRES 1041 F12 H8 S1200", "error number_too_big 1041", "att.number_too_big"),
    "7 before 8": ("PRES H8 H9 M3", "error label_twice 1041 label=H", "att.label_twice"),
    "7: men by two labels": ("PRES H8 C9 F3", "error label_twice 1041 label=H", "att.label_twice"),
    "7: the session": ("PRES F12 H8 S7 S8", "error label_twice 1041 label=S", "att.label_twice"),
    "7: the total by its place": ("PRES 12 8 20 T21", "error label_twice 1041 label=T", "att.label_twice"),
    "8 before 9": ("PRES M3 F12 H8 44", "error label_ambiguous 1041 label=M value=3", "att.label_ambiguous"),
    "9 before 12": ("PRES 13/03 F12 H8 44", "error extra_number 1041", "att.extra_number"),
    "11: cancelled": ("PRES 1041 S7 annulé", "ok 1041 12/03 cancelled=True S7", "att.cancelled"),
    "11: not heard": ("ECOUTE E3 pas capter", "listening ok 1041 12/03 problem=no_signal E3", "listen.problem"),
    "12 before 13": ("PRES 1041 13/03", "error date_future 1041 13/03", "att.date_future"),
    "13: no counts, the code written": ("PRES 1041 S7", "error counts_missing 1041", "att.counts_missing"),
    "13: no counts, no code": ("PRES hier", "error counts_missing", "att.counts_missing"),
    "13: mothers are no count": ("PRES 1041 FE3", "error counts_missing 1041", "att.counts_missing"),
    "14: a total alone": ("ECOUTE 1041 E3 T20", "listening pending sex_missing 1041 12/03 T20 E3", "att.sex_missing"),
    "15: women alone": ("PRES 1041 F12 T20 S7 vent", "pending men_missing 1041 12/03 F12 T20 S7 note=vent",
                        "att.men_missing"),
    "15: men alone": ("PRES 1041 H8 JF3", "pending women_missing 1041 12/03 H8 JF3", "att.women_missing"),
    "16: with youth": ("PRES 1041 F12 H8 JF5 T20",
                       "error total_mismatch 1041 F12 H8 JF5 total_given=20 total_computed=25", "att.total_mismatch"),
    "16 before 17": ("PRES 1041 F4 H8 FE9 T1",
                     "error total_mismatch 1041 F4 H8 total_given=1 total_computed=12", "att.total_mismatch"),
    "17: one of them": ("PRES 1041 F4 H8 FE5", "error subgroup_exceeds 1041 F4 FE5", "att.subgroup_exceeds"),
    "18: under S": ("PRES 1041 F12 H8 S20", LOST, "att.confirm"),
    "18: what else is left": ("PRES 1041 F12 H8 E20 G3", "confirm 1041 12/03 F12 H8 JG3 T23 [unread_part]",
                              "att.confirm"),
    "18: not beside a total": ("PRES 1041 F12 H8 S20 T20", f"{FULL} S20", "att.ok"),
    "18: girls, by chance": ("PRES 1041 F3 H2 JF5", "confirm 1041 12/03 F3 H2 T5 [unread_part]", "att.confirm"),
    "19: a letter for a digit": ("PRES 104S F12 H8 T20", LOST, "att.confirm"),
    "19: for the first digit": ("PRES S041 F12 H8 T20", LOST, "att.confirm"),
    "19: before the code": ("PRES E1041 F12 H8 T20", LOST, "att.confirm"),
    "19: not beside a code": ("PRES 1041 E104 F12 H8", f"{FULL} E104", "att.ok"),
    "more than three times the club": ("PRES 1041 F70 H6", "confirm implausible 1041 12/03 F70 H6 T76", "att.confirm"),
    "just three times": ("PRES 1041 F70 H5", "ok 1041 12/03 F70 H5 T75", "att.ok"),
    "implausible over old": ("PRES 1041 1/1 F70 H6", "confirm implausible 1041 01/01 F70 H6 T76", "att.confirm"),
    "a listening": ("ECOUTE 1041 F12 H8", f"listening {FULL}", "listen.ok"),
    "a visit": ("VISITE 1041 F12 H8", f"visit {FULL}", "visit.ok"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "reading", "key"), ROWS.values(), ids=ROWS)
def test_the_first_check_that_fails_decides(text: str, reading: str, key: str) -> None:
    assert (said(text), reply(text)) == (reading, key)


SEVERAL_CLUBS = {
    "counts": ("PRES F12 H8", "error club_missing clubs=1041,1055 F12 H8"),
    "one sex": ("PRES H8 T20", "error club_missing clubs=1041,1055 H8"),
    "nothing": ("PRES", "error club_missing clubs=1041,1055"),
    "a number left over comes first": ("PRES F12 H8 44", "error extra_number"),
    "cancelled": ("PRES ANNULE", "error club_missing clubs=1041,1055"),
    "the code": ("PRES 1055 F12 H8", "ok 1055 12/03 F12 H8 T20"),
}


@pytest.mark.parametrize(("text", "reading"), SEVERAL_CLUBS.values(), ids=SEVERAL_CLUBS)
def test_who_has_several_clubs_writes_the_code(text: str, reading: str) -> None:
    assert said(text, TWO) == reading


def test_what_is_asked_about_is_kept_whole() -> None:
    (one,) = read("ECOUTE hier S7 E3 F12 T20 FE2 pluie", "facilitator", TWO).readings
    assert one.kept == {
        "date": "2026-03-11", "women": 12, "total": 20, "pregnant": 2, "session": 7, "episode": 3, "note": "pluie",
    }  # fmt: skip


@pytest.mark.parametrize("text", ["PRES Fl H8", "PRES F12 H8 TT20", "18 7", "2S F12 H8"])
def test_what_is_never_taken_without_asking_stays_so_while_the_club_is_asked(text: str) -> None:
    assert read(text, "facilitator", TWO).readings[0].kept["unsure"] is True


def test_what_was_cancelled_stays_so_while_the_club_is_asked() -> None:
    (one,) = read("ECOUTE E3 PAS CAPTE", "facilitator", TWO).readings
    assert one.kept == {"date": TODAY, "episode": 3, "problem": "no_signal"}


def test_a_mistyped_code_is_not_kept_as_a_session() -> None:
    (one,) = read("PRES S041 F12", "facilitator", OWN).readings
    assert one.kept == {"session": None, "unsure": True}


@pytest.mark.parametrize("size", [10, {"1041": 10}, {"1041": 10, "1055": 90}])
def test_the_size_of_the_club_says_what_is_plausible(size: Any) -> None:
    assert said("PRES 1041 F30 H1", {**OWN, "club_size": size}).startswith("confirm implausible")


@pytest.mark.parametrize("size", [None, {}, {"1055": 10}])
def test_a_club_without_a_figure_has_25_members(size: Any) -> None:
    context = {**OWN, "club_size": size}
    assert said("PRES 1041 F70 H5", context).startswith("ok")
    assert said("PRES 1041 F70 H6", context).startswith("confirm implausible")


def stored(club: str = "1041", date: str = TODAY, women: int = 12, men: int = 8) -> dict[str, Any]:
    return {"club": club, "date": date, "women": women, "men": men}


AGAIN = {
    "the same": ("PRES 1041 F12 H8", f"{FULL} [duplicate_ignored]", "att.already"),
    "the same, as a correction": ("CORR 1041 F12 H8", f"{FULL} [duplicate_ignored]", "att.already"),
    "the same, without its keyword": ("F12 H8", f"{FULL} [keyword_missing duplicate_ignored]", "att.already"),
    "the same, behind a spoilt keyword": (
        "@RES 1041 F12 H8", "confirm 1041 12/03 F12 H8 T20 [keyword_missing duplicate_ignored]", "att.confirm"),
    "the same, as bare numbers": (
        "12 8", "confirm 1041 12/03 F12 H8 T20 [keyword_missing positional duplicate_ignored]", "att.confirm"),
    "other numbers": (
        "PRES 1041 F13 H8", "confirm already_reported 1041 12/03 F13 H8 T21 instead of F12 H8", "att.replace?"),
    "other numbers, implausible too": (
        "PRES 1041 F130 H8", "confirm already_reported 1041 12/03 F130 H8 T138 instead of F12 H8", "att.replace?"),
    "a correction": ("CORR 1041 F13 H8", "ok 1041 12/03 F13 H8 T21 instead of F12 H8 [correction]", "att.corrected"),
    "an implausible correction": (
        "CORR 1041 F130 H8", "confirm implausible 1041 12/03 F130 H8 T138 instead of F12 H8 [correction]",
        "att.confirm"),
    "another day": ("PRES 1041 hier F13 H8", "ok 1041 11/03 F13 H8 T21", "att.ok"),
    "one sex only": ("PRES 1041 F13", "pending men_missing 1041 12/03 F13", "att.men_missing"),
}  # fmt: skip


@pytest.mark.parametrize("existing", [stored(), [stored("1055", women=1), stored()]], ids=["one", "a list"])
@pytest.mark.parametrize(("text", "reading", "key"), AGAIN.values(), ids=AGAIN)
def test_a_club_may_have_reported_that_day(text: str, reading: str, key: str, existing: Any) -> None:
    context: Mapping[str, Any] = {**OWN, "existing": existing}
    assert (said(text, context), reply(text, context)) == (reading, key)


SEVERAL = {
    "two": ("PRES 1041 F12 H8 PRES 1055 F9 H11", f"{FULL} + ok 1055 12/03 F9 H11 T20", "att.ok_many"),
    "glued": ("PRES1041F12H8 PRES1055F9H11", f"{FULL} + ok 1055 12/03 F9 H11 T20", "att.ok_many"),
    "each its day": ("PRES 1041 F12 H8 PRES 1055 hier F9 H11", f"{FULL} + ok 1055 11/03 F9 H11 T20", "att.ok_many"),
    "each its note": ("PRES 1041 F12 H8 pluie. PRES 1055 F9 H11 vent",
                      f"{FULL} note=pluie + ok 1055 12/03 F9 H11 T20 note=vent", "att.ok_many"),
    "two kinds": ("ECOUTE 1041 E3 F12 H8 VISITE 1055 F9 H11",
                  f"listening {FULL} E3 + visit ok 1055 12/03 F9 H11 T20", "att.ok_many"),
    "the first without a keyword": ("1041 F12 H8, PRES 1055 F9 H11",
                                    f"{FULL} [keyword_missing] + ok 1055 12/03 F9 H11 T20", "att.ok_many"),
    "the second wrong": ("PRES 1041 F12 H8 PRES 1505 F9 H11",
                         f"{FULL} + error club_code_invalid code_given=1505 suggest=1055", "att.club_invalid"),
    "both unclear": ("PRES 1041 F12 PRES 1055 T20",
                     "pending men_missing 1041 12/03 F12 + pending sex_missing 1055 12/03 T20", "att.men_missing"),
    "three": ("PRES 1041 F1 H1 PRES 1055 F2 H2 CORR 1041 F3 H3",
              "ok 1041 12/03 F1 H1 T2 + ok 1055 12/03 F2 H2 T4 + ok 1041 12/03 F3 H3 T6", "att.ok_many"),
    "a keyword written twice is one": ("PRES PRES 1041 F12 H8", FULL, "att.ok"),
    "the later keyword says what it is": ("PRES ECOUTE 1041 F12 H8", f"listening {FULL}", "listen.ok"),
    "without a code no new report": ("PRES 1041 F12 H8 PRES F9 H11",
                                     "confirm 1041 12/03 F12 H8 T20 note=PRES F9 H11 [unread_part]", "att.confirm"),
    "mistyped no new report": ("PRES 1041 F12 H8 PRSE 1055 F9 H11",
                               "confirm 1041 12/03 F12 H8 T20 note=PRSE 1055 F9 H11 [unread_part]", "att.confirm"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "reading", "key"), SEVERAL.values(), ids=SEVERAL)
def test_several_reports_in_one_sms_are_read_each_on_its_own(text: str, reading: str, key: str) -> None:
    assert (said(text, TWO), reply(text, TWO)) == (reading, key)


def test_each_of_two_reports_has_its_own_entry_among_the_stored() -> None:
    context = {**TWO, "existing": [stored(), stored("1055", women=9, men=10)]}
    assert said("PRES 1041 F12 H8 PRES 1055 F9 H11", context) == (
        f"{FULL} [duplicate_ignored] + confirm already_reported 1055 12/03 F9 H11 T20 instead of F9 H10"
    )
