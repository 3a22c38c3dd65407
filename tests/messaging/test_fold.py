"""Spellings that must meet, rule by rule, and that folding is harmless to fold again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messaging import fold

ROWS = [
    ("full-width letters and digits", "ＰＲＥＳ １０４１", "pres 1041"),
    ("no-break and thin spaces", "F12\u00a0H8\u202fT20", "f12 h8 t20"),
    ("zero-width space inside a number", "F\u200b12 H8", "f12 h8"),
    ("soft hyphen and direction marks", "ar\u00adret \u200e\u202aSTOP\u202c\u2069", "arret stop"),
    ("byte order mark, joiners, Arabic letter mark", "\ufeffS\u2060T\u034fO\u180eP\u061c", "stop"),
    ("Arabic-Indic digits", "١٠٤١", "1041"),
    ("extended Arabic-Indic digits", "۱۰۴۱", "1041"),
    ("N'Ko digits", "߁߀", "10"),
    ("keycap digit", "1\ufe0f\u20e3", "1"),
    ("curly apostrophe", "J’ai", "j'ai"),
    ("acute accent for an apostrophe", "aujourd´hui", "aujourd'hui"),
    ("guillemets", "«oui» “non”", '"oui" "non"'),
    ("dashes", "F–12 H—8 T−20 A‑B", "f-12 h-8 t-20 a-b"),
    ("Bambara letters", "Kɔ́rɔ ƝININKALI ŋɛɛ", "koro nininkali nee"),
    ("ligature", "œuf ŒUF", "oeuf oeuf"),
    ("accents", "désabonner ARRÊT ça", "desabonner arret ca"),
    ("accents typed apart", "arre\u0302te\u0301", "arrete"),
    ("line breaks and tabs", " PRES\n1041\t F12\r\n", "pres 1041 f12"),
    ("only blanks", " \n\u00a0", ""),
    ("emoji stay", "Merci 👍", "merci 👍"),
]


@pytest.mark.parametrize(("text", "folded"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_folded(text, folded):
    assert fold.plain(text) == folded


def test_capitals_can_be_kept_for_look_alikes():
    assert fold.plain("PRES lO41 Él I", lower=False) == "PRES lO41 El I"


@given(st.text())
def test_folding_twice_changes_nothing(text):
    once = fold.plain(text)
    assert fold.plain(once) == once
    assert fold.plain(text, lower=False).lower() == once
    assert "  " not in once and once == once.strip()


DOUBLED = [
    ("stop", "sttop", "stop"),
    ("three", "stoooppp", "stop"),
    ("help", "aidde", "aide"),
    ("digits stay", "1001 22", "1001 22"),
    ("across a blank", "stop p", "stop p"),
]


@pytest.mark.parametrize(("text", "once"), [row[1:] for row in DOUBLED], ids=[row[0] for row in DOUBLED])
def test_doubled_letters_count_once(text, once):
    assert fold.undouble(text) == once


def test_words_are_runs_of_letters():
    assert fold.words("pres1041f12 s'il_vous 👍") == ["pres", "f", "s", "il", "vous"]
    assert fold.words("12 !") == []
