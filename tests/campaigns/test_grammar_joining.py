"""Who wants to join what, and which language: codes, names of villages, communes, the menu."""

from __future__ import annotations

from typing import Any

import pytest

from campaigns.conversation.grammar.edits import nearest, within
from tests.campaigns.in_short import reading, repairs

VILLAGES = {
    "villages": {
        "bendougouni": ["Bendougouba"], "dourou": ["Dourou", "Metoumou"], "kani-gogouna": ["Wadouba"],
        "n'goro": ["Kita"], "koro": ["Kita"], "kori": ["Kita"], "le mali": ["Kita"],
    }
}  # fmt: skip
WHICH = ("join pending", "club_missing", {}, "join.which_club")

JOINS = [
    ("a code", "JOIN 1041", "pending", "consent_needed", {"club": "1041"}),
    ("glued", "Join1041", "pending", "consent_needed", {"club": "1041"}),
    ("doubled letter", "JOOIN 1041", "pending", "consent_needed", {"club": "1041"}),
    ("another word", "Bonjour, inscription au club 1041 svp", "pending", "consent_needed", {"club": "1041"}),
    ("a sentence", "Je veux m’inscrire au club 2035", "pending", "consent_needed", {"club": "2035"}),
    ("a look-alike", "REJOINDRE 1O41", "pending", "consent_needed", {"club": "1041"}),
    ("glued to a look-alike", "JOINlO41", "pending", "consent_needed", {"club": "1041"}),
    ("a wrong digit", "JOIN 1401", "error", "club_code_invalid", {"code_given": "1401"}),
    ("a code that begins with 0", "JOIN 0317", "error", "club_code_invalid", {"code_given": "0317"}),
    ("the same code twice", "JOIN 1041 1041", "pending", "consent_needed", {"club": "1041"}),
    ("two codes", "JOIN 1041 1055", "pending", "club_missing", {}),
    ("three digits", "JOIN 104", "pending", "club_missing", {}),
    ("nothing", "JOIN", "pending", "club_missing", {}),
    ("courtesy alone", "inscrire moi svp", "pending", "club_missing", {}),
    ("a village", "JOIN Bendougouni", "pending", "consent_needed", {"village": "Bendougouni"}),
    ("a village in a sentence", "je veux m'inscrire a Bendougouni", "pending", "consent_needed",
     {"village": "Bendougouni"}),
    ("a village with a hyphen", "JOIN Kani Gogouna", "pending", "consent_needed", {"village": "Kani-gogouna"}),
    ("a village with an apostrophe", "JOIN N’Goro", "pending", "consent_needed", {"village": "N'goro"}),
    ("a village that begins with a filler", "JOIN Le Mali", "pending", "consent_needed", {"village": "Le mali"}),
    ("several communes", "JOIN dourou", "error", "village_ambiguous",
     {"village": "Dourou", "communes": ["Dourou", "Metoumou"]}),
    ("one letter lacks", "JOIN Bendugouni", "confirm", "village_fuzzy", {"village": "Bendougouni"}),
    ("two edits", "JOIN Bendoguni", "confirm", "village_fuzzy", {"village": "Bendougouni"}),
    ("three edits", "JOIN Bendogun", "pending", "club_missing", {}),
    ("two villages as near", "JOIN Korr", "pending", "club_missing", {}),
    ("a name that stands, and one near it", "JOIN Koro", "pending", "consent_needed", {"village": "Koro"}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "status", "error", "fields"), [row[1:] for row in JOINS], ids=[row[0] for row in JOINS]
)
def test_join(text: str, status: str, error: str, fields: dict[str, Any]) -> None:
    found = reading(text, "unknown", **VILLAGES)
    assert found[:3] == (f"join {status}", error, fields)


def test_the_repairs_of_a_code_are_told() -> None:
    assert repairs("JOIN lO41") == ["l>1", "O>0"]
    assert repairs("JOIN 1041") == []


def test_a_member_of_the_club_is_told_so() -> None:
    joined = ("join ok", None, {"club": "1041", "already": True}, "join.already")
    assert reading("JOIN 1041", member_clubs=["1041"]) == joined
    assert reading("JOIN 1055", member_clubs=["1041"])[1] == "consent_needed"


@pytest.mark.parametrize("villages", [{}, {"villages": {}}])
def test_without_villages_no_name_is_known(villages: dict[str, Any]) -> None:
    assert reading("JOIN Dourou", "unknown", **villages) == WHICH


COMMUNES = {"pending": {"type": "join_commune", "village": "Dourou", "communes": ["Dourou", "Métoumou-Sud"]}}


@pytest.mark.parametrize("text", ["metoumou sud", "Bonjour, METOUMOU-SUD svp", "Métoumou Sud."])
def test_the_commune_of_a_village(text: str) -> None:
    fields = {"village": "Dourou", "commune": "Métoumou-Sud"}
    assert reading(text, **COMMUNES) == ("join pending", "consent_needed", fields, "join.consent")


@pytest.mark.parametrize("text", ["metoumou", "a cote de dourou"])
def test_another_commune_is_free_text(text: str) -> None:
    assert reading(text, **COMMUNES)[0] == "feedback ok"


LANGUAGES = [
    ("LANGUE bambara", {"lang": "bm"}), ("LANG fr", {"lang": "fr"}), ("langue: le français svp", {"lang": "fr"}),
    ("LANGUE en bamanankan", {"lang": "bm"}), ("LANGUE dts", {"lang": "dts"}), ("LANNGUE BM", {"lang": "bm"}),
    ("LANGUE dogon tommo so", {"lang": "dts", "variety": "tommo so"}), ("dogon", {"lang": "dts"}),
    ("Dogon merci", {"lang": "dts"}), ("bambarra", {"lang": "bm"}), ("fr", {"lang": "fr"}),
    ("Bambara radio Kita", {"lang": "bm"}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "fields"), LANGUAGES, ids=[row[0] for row in LANGUAGES])
def test_language(text: str, fields: dict[str, str]) -> None:
    assert reading(text) == ("language ok", None, fields, "lang.done")


def test_a_language_we_do_not_speak_is_counted() -> None:
    assert reading("LANGUE Peul svp") == (
        "language error",
        "language_unavailable",
        {"requested": "peul"},
        "lang.unavailable",
    )
    assert reading("langue ?") == ("language pending", "language_missing", {}, "lang.menu")


@pytest.mark.parametrize("text", ["peul", "bambara a la radio svp", "parlez bambara", "dogonw"])
def test_no_language(text: str) -> None:
    assert reading(text)[0] == "feedback ok"


MENU = {"pending": {"type": "language_menu", "options": ["fr", "bm", "dts"]}}


@pytest.mark.parametrize(("text", "lang"), [("2", "bm"), ("3.", "dts"), ("٢", "bm")])
def test_the_menu(text: str, lang: str) -> None:
    assert reading(text, **MENU) == ("language ok", None, {"lang": lang}, "lang.done")


def test_a_menu_may_name_its_digits() -> None:
    assert reading("2", pending={"type": "language_menu", "options": {"1": "fr", "2": "bm"}})[2] == {"lang": "bm"}


@pytest.mark.parametrize("text", ["4", "0", "23", "b"])
def test_what_is_not_in_the_menu(text: str) -> None:
    assert reading(text, **MENU)[0] != "language ok"


EDITS = [
    ("koro", "koro", 0), ("koro", "kori", 1), ("koro", "kro", 1), ("koro", "kooro", 1), ("koro", "okro", 1),
    ("pres", "prse", 1), ("koro", "krio", 2), ("", "ab", 2), ("abcd", "badc", 2), ("koro", "dourou", 3),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other", "edits"), EDITS, ids=[f"{row[0]} {row[1]}" for row in EDITS])
def test_edits(one: str, other: str, edits: int) -> None:
    assert [within(one, other, most) for most in range(5)] == [most >= edits for most in range(5)]
    assert [within(other, one, most) for most in range(5)] == [most >= edits for most in range(5)]


def test_nearest_is_one_or_none() -> None:
    assert nearest("kora", ["koro", "dourou"], 1) == "koro"
    assert nearest("korr", ["koro", "kori"], 1) is None
    assert nearest("kora", [], 2) is None
