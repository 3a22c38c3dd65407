"""Reports of who came, as people type them: keywords, labels, numbers, days, notes.

Source: the page on incoming SMS, sections 4.3 and 6.1 to 6.7.
"""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.conversation.grammar import read
from tests.campaigns.reported import OWN, TWO, reply, said

FULL = "ok 1041 12/03 F12 H8 T20"
ASKED = "confirm 1041 12/03 F12 H8 T20"

KEYWORDS = {
    "the form of the card": ("PRES 1041 F12 H8 T20", FULL),
    "small letters": ("pres 1041 f12 h8 t20", FULL),
    "PRESENCES": ("Présences 1041 F12 H8", FULL),
    "PRESENT": ("PRESENT 1041 F12 H8", FULL),
    "SESSION": ("session 1041 F12 H8", FULL),
    "ECOUTE": ("Écoute 1041 E3 F12 H8", "listening ok 1041 12/03 F12 H8 T20 E3"),
    "VISITE": ("VISITE 1041 F12 H8", "visit ok 1041 12/03 F12 H8 T20"),
    "CORR without a stored report": ("CORR 1041 F12 H8", FULL),
    "ERREUR, then another keyword": ("ERREUR ECOUTE 1041 F12 H8", "listening ok 1041 12/03 F12 H8 T20"),
    "CORR, then PRES without a code": ("CORRECTION: PRES F12 H8", FULL),
    "glued to the code": ("PRES1041 F12 H8", FULL),
    "glued to a code with a letter in it": ("PRES1O41 F12 H8", f"{FULL} [O>0]"),
    "exact, glued to a digit too many": ("PRES2 1041 F12 H8", "error extra_number 1041"),
    "a letter missing": ("PRS 1041 F12 H8", f"{FULL} [keyword_fuzzy]"),
    "a letter too many": ("PRESS 1041 F12 H8", f"{FULL} [keyword_fuzzy]"),
    "a wrong letter": ("PREZ 1041 F12 H8", f"{FULL} [keyword_fuzzy]"),
    "neighbours swapped": ("ECUOTE 1041 F12 H8", "listening ok 1041 12/03 F12 H8 T20 [keyword_fuzzy]"),
    "mistyped and glued to the code with its counts": ("PRS1041F12H8", f"{FULL} [keyword_fuzzy]"),
    "mistyped and glued to the code": ("PRSE1041 F12 H8", f"{FULL} [keyword_fuzzy]"),
    "mistyped and glued to a digit": ("PRE2 1041 F12 H8 T20", f"{ASKED} [keyword_fuzzy unread_part]"),
    "mistyped and glued to a label": ("PRS1041F F12 H8", f"{ASKED} [keyword_fuzzy unread_part]"),
    "broken by a blank": ("PR ES 1041 F12 H8", f"{FULL} [keyword_fuzzy]"),
    "broken by a hyphen": ("P-RES 1041 F12 H8", f"{FULL} [keyword_fuzzy]"),
    "broken by two separators": ("PR - ES 1041 F12 H8", f"{ASKED} [keyword_missing]"),
    "a digit for a letter": ("PR2S 1041 F12 H8 T20", f"{ASKED} [keyword_fuzzy unread_part]"),
    "a digit among the letters": ("P2RES 1041 F12 H8 T20", f"{ASKED} [keyword_fuzzy unread_part]"),
    "a digit before the letters": ("2PRES 1041 F12 H8 T20", f"{ASKED} [keyword_fuzzy unread_part]"),
    "a digit among the letters, a code at the end": ("PR2ES1041 F12 H8", f"{ASKED} [keyword_fuzzy unread_part]"),
    "two edits are too many": ("PRXX 1041 F12 H8", f"{ASKED} [keyword_missing]"),
    "greetings before it": ("Bonsoir chef, i ni ce. PRES 1041 F12 H8", FULL),
    "brackets around it": ("(PRES 1041 F12 H8)", FULL),
    "the keyword alone": ("PRES", "error counts_missing"),
    "nothing behind it that can be read": ("PRES on a bien travaille", "error counts_missing"),
    "a note before the counts": ("PRES 1041 on etait F12 H8", "error counts_missing 1041"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "reading"), KEYWORDS.values(), ids=KEYWORDS)
def test_a_keyword_opens_a_report(text: str, reading: str) -> None:
    assert said(text) == reading


FREE = {
    "a word like PRES, but no digit": "tres bon programme",
    "a word like PRES, a number in the text": "Très bien, nous avons 12 femmes",
    "a sentence with numbers": "nous avons recu 3 poules mortes",
    "a sentence with a code that is not theirs": "le club 1055 a dit: 12 femmes",
    "a number alone": "12,5",
    "one sex without a keyword": "1041 F12",
}


@pytest.mark.parametrize("text", FREE.values(), ids=FREE)
def test_free_text_is_no_report(text: str) -> None:
    assert said(text).startswith("feedback ok")


OTHERS = {
    "a stranger with a code": ("unknown", "PRES 1041 F12 H8", "error unknown_number code_given=1041"),
    "a stranger, code with a letter": ("unknown", "PRES 1O41 F12 H8", "error unknown_number code_given=1041"),
    "a stranger without a code": ("unknown", "PRES F12 H8", "error unknown_number"),
    "a member": ("member", "ECOUTE 1041 F12 H8", "listening error not_facilitator code_given=1041"),
    "a station": ("radio", "CORR 1041 F12 H8", "error not_facilitator code_given=1041"),
    "a member, no digit": ("member", "present a la reunion", "feedback ok category=unclassified"),
    "a member, mistyped": ("member", "PRS 1041 F12 H8", "feedback ok category=unclassified"),
    "a member, no keyword": ("member", "F12 H8", "feedback ok category=unclassified"),
}  # fmt: skip


@pytest.mark.parametrize(("role", "text", "reading"), OTHERS.values(), ids=OTHERS)
def test_who_may_not_report_is_told_so(role: str, text: str, reading: str) -> None:
    assert said(text, {**OWN, "clubs": []}, role) == reading  # type: ignore[arg-type]


LABELS = {
    "all glued": ("PRES1041F12H8T20", FULL),
    "numbers before their labels, glued": ("PRES 12F8H20T", FULL),
    "a code before labels, glued": ("PRES 1041F12H8", FULL),
    "words before numbers": ("PRES 1041 femmes 12 hommes 8", FULL),
    "words after numbers": ("PRES 1041 12 femmes et 8 hommes", FULL),
    "men first": ("PRES 1041 hommes 8 femmes 12", FULL),
    "men before, women after": ("PRES 1041 8 hommes femmes 12", FULL),
    "words glued": ("PRES 1041 12femmes8hommes", FULL),
    "FEM, HOM, TOT": ("PRES 1041 FEM 12 HOM 8 TOT 20", FULL),
    "a label at the end of its chunk": ("PRES 1041 F12H 8 T20", FULL),
    "a label behind the code": ("PRES 1041F 12 H8 T20", FULL),
    "the total takes what follows it": ("PRES 1041 12 F 8 H T 20", FULL),
    "or else what stands before": ("PRES 1041 F12 H8 20 T", FULL),
    "Bambara labels": ("PRES 1041 muso 12 cɛ 8", FULL),
    "Bambara labels, plural": ("PRES 1041 musow 12 cɛw 8", FULL),
    "girls and boys": ("PRES 1041 F12 H8 JF5 JG4", "ok 1041 12/03 F12 H8 JF5 JG4 T29"),
    "girls and boys in words": ("PRES 1041 12 femmes 8 hommes 5 filles 4 garçons", "ok 1041 12/03 F12 H8 JF5 JG4 T29"),
    "a youth club": ("PRES 1041 JF5 G4 T9", "ok 1041 12/03 JF5 JG4 T9"),
    "mothers": ("PRES 1041 F12 H8 dont 3 enceintes 5 allaitantes", "ok 1041 12/03 F12 H8 T20 FE3 FA5"),
    "session and episode": ("ECOUTE 1041 S7 EMISSION 12 F12 H8", "listening ok 1041 12/03 F12 H8 T20 S7 E12"),
    "the session after its word": ("PRES 1041 12 femmes 8 hommes seance 7", f"{FULL} S7"),
    "the number sign": ("PRES n°1041 F12 H8", FULL),
    "fillers": ("PRES pour le club n° 1041: les femmes 12, les hommes 8", FULL),
    "a French ce": ("PRES 1041 F12 H8 ce mardi", "ok 1041 10/03 F12 H8 T20"),
    "the same value twice": ("PRES 1041 F12 F12 H8", FULL),
    "any separator": ("PRES#1041*F=12+H(8)_T:20!", FULL),
    "the code at the end": ("PRES F12 H8 T20 1041", FULL),
    "the code in the middle": ("PRES 12F 1041 8H", FULL),
    "no code, one club": ("PRES F12 H8 T20", FULL),
    "a label without a number": ("PRES 1041 F12 H8 T", f"{ASKED} [unread_part]"),
    "M beside F": ("PRES 1041 F12 M8", f"{FULL} [M=masculin]"),
    "M beside C": ("PRES 1041 M12 C8", FULL),
    "M beside CEW": ("PRES 1041 cew 8 M 12", FULL),
    "M beside H": ("PRES 1041 H8 M12", f"{ASKED} [M_ambiguous]"),
    "M alone": ("PRES 1041 M12", "error label_ambiguous 1041 label=M value=12"),
    "M beside girls": ("PRES 1041 M12 JF3", "error label_ambiguous 1041 label=M value=12"),
    "M beside both sexes": ("PRES 1041 F12 H8 M3", "error label_ambiguous 1041 label=M value=3"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "reading"), LABELS.values(), ids=LABELS)
def test_each_label_has_its_number(text: str, reading: str) -> None:
    assert said(text) == reading


NUMBERS = {
    "two bare numbers": ("PRES 1041 12 8", f"{FULL} [positional]"),
    "three, the last the total": ("PRES 1041 12 8 20", f"{FULL} [positional]"),
    "four": ("PRES 1041 12 8 5 4", "ok 1041 12/03 F12 H8 JF5 JG4 T29 [positional]"),
    "two with a total": ("PRES 1041 12 8 T20", f"{FULL} [positional]"),
    "two with mothers": ("PRES 1041 12 8 FE3", "ok 1041 12/03 F12 H8 T20 FE3 [positional]"),
    "five": ("PRES 1041 12 8 5 4 29", "error extra_number 1041"),
    "one": ("PRES 1041 12", "error counts_missing 1041"),
    "one beside a total": ("PRES 1041 12 T20", "error extra_number 1041"),
    "one beside labels": ("PRES 1041 F12 H8 44", "error extra_number 1041"),
    "one behind a labelled one": ("PRES 1041 F12 8", "error extra_number 1041"),
    "a second code": ("PRES 1041 1055 F12 H8", "error extra_number 1041"),
    "joined by points with the code": ("PRES 1041.12.8", f"{FULL} [positional]"),
    "joined by commas with the code": ("PRES 1041,12,8", f"{FULL} [positional]"),
    "joined to the code": ("PRES 1041.12 8", f"{FULL} [positional]"),
    "three joined": ("PRES 1041 12,8,20", f"{FULL} [positional]"),
    "a decimal": ("PRES 1041 12,5 8", "error not_whole_number 1041"),
    "a decimal under a label": ("PRES 1041 F12.0 H8", "error not_whole_number 1041"),
    "a comma and a blank": ("PRES 1041 12, 8", f"{FULL} [positional]"),
    "a hyphen is no minus": ("PRES 1041 F-12 H-8", FULL),
    "leading zeros": ("PRES 1041 F012 H08", FULL),
    "too big": ("PRES 1041 F1000 H8", "error number_too_big 1041"),
    "a phone number is no count": ("PRES 1041 F12 H8 70061482", f"{FULL} note=[numéro] [phone_redacted]"),
    "O in a number": ("PRES 1041 F1O H8", "ok 1041 12/03 F10 H8 T18 [O>0]"),
    "l and I and a bar": ("PRES l041 FI2 H8", f"{ASKED} [l>1 I>1 FI_ambiguous]"),
    "a bar": ("PRES 1041 F|2 H8", f"{FULL} [|>1]"),
    "a value of a letter": ("PRES 1041 Fl H8", "confirm 1041 12/03 F1 H8 T9 [l>1]"),
    "a lone letter behind its label": ("PRES 1041 F O H 8", "confirm 1041 12/03 F0 H8 T8 [O>0]"),
    "a small i is no 1": ("PRES 1041 F12 Hi4", "pending men_missing 1041 12/03 F12 note=Hi4 [unread_part]"),
    "S is no 5": ("PRES 1041 FS2 H8", "error counts_missing 1041"),
    "FI5, F still without a value": ("PRES 1041 FI5 H8", "confirm 1041 12/03 F15 H8 T23 [I>1 FI_ambiguous]"),
    "FI5, F with a value": ("PRES 1041 F12 H8 FI5", "ok 1041 12/03 F12 H8 JF5 T25"),
    "words": ("PRES 1041 douze femmes, huit hommes", f"{FULL} [number_words]"),
    "composed words": ("PRES 1041 vingt et un femmes dix-huit hommes", "ok 1041 12/03 F21 H18 T39 [number_words]"),
    "words without labels": ("PRES 1041 dix-huit sept", "ok 1041 12/03 F18 H7 T25 [number_words positional]"),
    "a comma parts words": ("PRES 1041 vingt, deux", "ok 1041 12/03 F20 H2 T22 [number_words positional]"),
    "Bambara words": ("PRES 1041 musow tan ni fila cɛw seegin", f"{FULL} [number_words]"),
    "misspelt words": ("PRES 1041 F douse H uit", f"{ASKED} [number_words_fuzzy]"),
    "AUCUN": ("PRES 1041 12 femmes aucun homme", "ok 1041 12/03 F12 H0 T12"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "reading"), NUMBERS.values(), ids=NUMBERS)
def test_numbers_are_read_or_refused_never_dropped(text: str, reading: str) -> None:
    assert said(text) == reading


def test_bambara_number_words_are_not_read_in_a_dogon_language() -> None:
    assert said("PRES 1041 F tan H fila", {**OWN, "lang": "dts"}) == "error counts_missing 1041"


NOTES = {
    "accents and capitals": ("PRES 1041 F12 H8 Très bonne Séance. ", f"{FULL} note=Très bonne Séance"),
    "nothing in it is read": ("PRES 1041 F12 H8 on etait 25 mardi", f"{FULL} note=on etait 25 mardi"),
    "a digit in its first two words": ("PRES 1041 F12 H8 avec 3 agents", f"{ASKED} note=avec 3 agents [unread_part]"),
    "a label glued to another": ("PRES 1041 F12 H8 TT20", f"{ASKED} note=TT20 [unread_part]"),
    "a total of seven digits": ("PRES 1041 F12 H8 T2000000", f"{ASKED} note=T[numéro] [phone_redacted unread_part]"),
    "a phone number": ("PRES 1041 F12 H8 tel 70061482", f"{FULL} note=tel [numéro] [phone_redacted]"),
    "thanks at the end": ("PRES 1041 F12 H8 on a fini merci bcp chef!", f"{FULL} note=on a fini"),
    "thanks in Bambara": ("PRES 1041 F12 H8 aw ni cɛ", FULL),
    "signs alone": ("PRES 1041 F12 H8 T20 <>", FULL),
    "a question in an attendance": ("PRES 1041 F12 H8 on fait quoi?", f"{FULL} note=on fait quoi?"),
    "a question in a listening": ("ECOUTE 1041 F12 H8 on fait quoi ?", f"listening {FULL} question=on fait quoi ?"),
    "a question with thanks": ("ECOUTE 1041 F12 H8 on fait quoi svp?", f"listening {FULL} question=on fait quoi svp?"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "reading"), NOTES.values(), ids=NOTES)
def test_a_note_is_kept_as_it_was_typed(text: str, reading: str) -> None:
    assert said(text) == reading


def test_a_note_is_found_behind_signs_that_fold_away() -> None:
    assert (
        said("Bonjour  PRES\n1041\u200b F12 H8 l’œuvre a été finie\u00a0…") == f"{FULL} note=l’œuvre a été finie\u00a0…"
    )


DAYS = {
    "day, month, year": ("PRES 1041 10-03-2026 F12 H8", "ok 1041 10/03 F12 H8 T20"),
    "eight digits": ("PRES 1041 10032026 F12 H8", "ok 1041 10/03 F12 H8 T20"),
    "day and month": ("PRES 10/03 1041 F12 H8", "ok 1041 10/03 F12 H8 T20"),
    "behind the counts": ("PRES 1041 F12 H8 le 10 mars", "ok 1041 10/03 F12 H8 T20"),
    "yesterday in Bambara": ("PRES 1041 kunun F12 H8", "ok 1041 11/03 F12 H8 T20"),
    "a weekday with its date": ("PRES 1041 mardi 3 mars F12 H8", "ok 1041 03/03 F12 H8 T20"),
    "a slash is a day, never two counts": ("PRES 1041 12/8", "error date_future 1041 12/08"),
    "joined to the code it is none": ("PRES 1041/12/8", f"{FULL} [positional]"),
    "joined to the code by a hyphen": ("PRES 1041-10/03 F12 H8", "error extra_number 1041"),
    "not in the calendar": ("PRES 1041 31/02 F12 H8", "error date_invalid 1041"),
    "tomorrow": ("PRES 1041 13/03 F12 H8", "error date_future 1041 13/03"),
    "45 days back": ("PRES 1041 26/01 F12 H8", "ok 1041 26/01 F12 H8 T20"),
    "46 days back": ("PRES 1041 25/01 F12 H8", "confirm date_old 1041 25/01 F12 H8 T20"),
    "last year": ("PRES 1041 10/12 F12 H8", "confirm date_old 1041 2025-12-10 F12 H8 T20"),
    "two different days": ("PRES 1041 hier lundi F12 H8", "confirm 1041 11/03 F12 H8 T20 [unread_part]"),
    "the same day twice": ("PRES 1041 mercredi 11/03 F12 H8 hier", "ok 1041 11/03 F12 H8 T20"),
    "cancelled, to come": ("PRES 1041 20/03 ANNULEE", "ok 1041 20/03 cancelled=True"),
    "not heard, to come": ("ECOUTE 1041 20/03 E3 PAS CAPTE", "listening error date_future 1041 20/03"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "reading"), DAYS.values(), ids=DAYS)
def test_the_day_is_read(text: str, reading: str) -> None:
    assert said(text) == reading


def test_a_code_with_a_slash_typed_into_it_is_asked_not_taken_for_a_day() -> None:
    assert said("PRES 28/2 F12 H8 T20", {**OWN, "clubs": ["2852"]}) == "confirm 2852 28/02 F12 H8 T20 [unread_part]"


BARE = {
    "labelled counts": ("F12 H8", f"{FULL} [keyword_missing]"),
    "all glued": ("1041F18H7", "ok 1041 12/03 F18 H7 T25 [keyword_missing]"),
    "words": ("12 femmes et 8 hommes sont venus", f"{FULL} note=sont venus [keyword_missing]"),
    "M and C": ("M12 C8", f"{FULL} [keyword_missing]"),
    "a spoilt keyword": ("2S 1041 F12 H8", f"{ASKED} [keyword_missing unread_part]"),
    "a spoilt keyword that cannot be cut": ("XY2 1041 F12 H8", f"{ASKED} [keyword_missing unread_part]"),
    "a day first": ("10/03 F12 H8", "ok 1041 10/03 F12 H8 T20 [keyword_missing]"),
    "a wrong total": ("F12 H8 T21", "error total_mismatch 1041 F12 H8 total_given=21 total_computed=20"),
    "two numbers": ("12 8", f"{ASKED} [keyword_missing positional]"),
    "three numbers with the code": ("1041 12 8 20", f"{ASKED} [keyword_missing positional]"),
    "a keyword with a sign": ("@RES 1041 F12 H8 T20", f"{ASKED} [keyword_missing]"),
    "a keyword with a point": ("P.ES 1041 F12 H8", f"{ASKED} [keyword_missing]"),
    "words before the code": ("voici pour 1041: 12 femmes 8 hommes", f"{ASKED} [keyword_missing]"),
    "a digit before the code": ("R@5 1041 F12 H8 T20", f"{ASKED} [keyword_missing unread_part]"),
    "one sex behind a spoilt keyword": ("@RES 1041 F12", "pending men_missing 1041 12/03 F12 [keyword_missing]"),
    "an error behind a spoilt keyword": ("@RES 1041 F12 H8 44", "error extra_number 1041"),
    "a flag behind a spoilt keyword": ("@RES 1041 F12 ANNULE", "confirm 1041 12/03 cancelled=True [keyword_missing]"),
    "the code before its keyword": ("1041 PRES F12 H8 T20", f"{FULL} [keyword_missing]"),
    "with words before it": (
        "pour le club 1O41: ECOUTE E3 12 8", f"listening {FULL} E3 [keyword_missing O>0 positional]"),
    "with the day before it": ("1041 hier PRES F12 H8", "ok 1041 11/03 F12 H8 T20 [keyword_missing]"),
    "one sex behind both": ("1041 PRES F12", "pending men_missing 1041 12/03 F12 [keyword_missing]"),
    "a wrong code before its keyword": ("1401 PRES F12 H8", "error club_code_invalid code_given=1401 suggest=1041"),
    "a mistyped keyword behind the code": ("1041 PRSE F12 H8", f"{ASKED} [keyword_missing keyword_fuzzy]"),
    "a broken keyword behind the code": ("1041 PR ES F12 H8", f"{ASKED} [keyword_missing keyword_fuzzy]"),
    "a digit in the keyword behind the code": (
        "1041 PR2S F12 H8", f"{ASKED} [keyword_missing keyword_fuzzy unread_part]"),
    "a session behind the code": ("1041 SEANCE 7 F12 H8", f"{FULL} S7 [keyword_missing]"),
    "another keyword before the code": ("@ ECOUTE 1041 E3 F12 H8", f"listening {ASKED} E3 [keyword_missing]"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "reading"), BARE.values(), ids=BARE)
def test_a_report_may_lack_its_keyword(text: str, reading: str) -> None:
    assert said(text) == reading


def test_bare_numbers_are_no_report_while_a_quiz_is_open() -> None:
    quiz = {"id": "Q", "open": True, "late": False, "questions": [{"n": 1, "type": "number", "min": 0, "max": 24}]}
    assert not said("12 8", {**OWN, "quiz": quiz}).startswith("confirm")


@given(st.text(max_size=80))
def test_no_text_ever_raises_and_reading_twice_gives_the_same(text: str) -> None:
    for body in (text, f"PRES 1041 {text}", f"{text} 1041 F12"):
        assert said(body, TWO) == said(body, TWO)
        assert reply(body, TWO) == reply(body, TWO)


@pytest.mark.parametrize(
    "part", ["9", "CORR ", "PRES ", "1041n", "F1", "F O ", "1041 ", "merci x ", "dix-", "hier ", "1,"]
)
@pytest.mark.parametrize("opening", ["", "PRES ", "PRES 1041 F12 H8 "])
def test_a_very_long_text_is_read(opening: str, part: str) -> None:
    assert said(opening + part * 2000, TWO)


PARTS = st.sampled_from(
    ["PRES", "1041", "F", "H", "JF", "G", "T", "M", "C", "S", "E", "FE", "12", "8", "20", "5", "I", "l", "O", "0",
     " ", " ", ".", ",", "/", "-", "@", "FI", "club", "on", "?"]
)  # fmt: skip


@given(st.lists(PARTS, max_size=14).map("".join), st.sampled_from(["PRES 1041 ", "PRES ", "", "ECOUTE 1041 E3 "]))
def test_no_count_is_stored_that_the_text_does_not_hold(parts: str, opening: str) -> None:
    text = opening + parts
    runs = {run.translate(str.maketrans("OoIl|", "00111")) for run in re.findall(r"[0-9OoIl|]+", text)}
    held = {int(run) for run in runs} | {int(run[1:]) for run in runs if run[1:]}
    for reading in read(text, "facilitator", OWN).readings:
        if reading.status == "ok" and reading.intent in ("attendance", "listening", "visit"):
            counts = {key: reading.fields[key] for key in ("women", "men", "girls", "boys") if key in reading.fields}
            assert set(counts.values()) <= held
            assert reading.fields.get("total", 0) == sum(counts.values())
