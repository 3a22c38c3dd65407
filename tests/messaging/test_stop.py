"""Who asks us to stop, and who does not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messaging.stop import WORDS, is_stop

EXAMPLES = json.loads((Path(__file__).parents[1] / "data" / "inbound_examples.json").read_text("utf-8"))
DOGON = {"dts", "dds", "dto", "djm", "dtk", "dtm", "dbg"}


@pytest.mark.parametrize("example", EXAMPLES, ids=[f"{n} {one['text'][:30]}" for n, one in enumerate(EXAMPLES)])
def test_the_worked_examples(example):
    language = example["context"].get("lang", "fr")
    expected = any(reading["intent"] == "stop" for reading in example["expected"]["readings"])

    assert is_stop(example["text"], language, dogon=language in DOGON) == expected


@pytest.mark.parametrize("word", WORDS)
def test_each_word_in_many_dresses(word):
    doubled = "".join(letter * 2 for letter in word).replace("  ", " ")
    spelled = " ".join(word.replace(" ", ""))
    dresses = [word, word.upper(), f" {word}!! ", f"{word} 1041", f"1041{word}", f"«{word}»", doubled, f"{word} svp"]

    assert [dress for dress in dresses if not is_stop(dress)] == []
    assert " " in word or is_stop(spelled.upper())


STOPS = [
    ("accents", "Arrêtez"),
    ("accents typed apart", "arre\u0302te\u0301"),
    ("full-width", "ＳＴＯＰ"),
    ("invisible sign inside", "ST\u200bOP"),
    ("emoji", "STOP 🛑"),
    ("doubled letter", "STTOP"),
    ("glued digits", "STOP1041"),
    ("spelled with points", "S.T.O.P."),
    ("spelled with hyphens", "A-R-R-E-T"),
    ("spelled, with politeness", "S T O P s'il vous plaît"),
    ("please, formal", "arrêt s'il vous plaît"),
    ("please, curly apostrophe", "stop s’il te plait"),
    ("please, apostrophe forgotten", "stop sil vous plait"),
    ("several polite words", "Stop tout svp merci"),
    ("unsubscribe me", "desabonner moi"),
    ("a dabila, please", "A dabila merci"),
    ("after a greeting", "Bonjour chef, STOP"),
    ("after a Bambara greeting", "I ni sɔgɔma. Dabila"),
    ("sentence with messages", "stop aux messages"),
    ("sentence with sms", "il faut arreter vos SMS"),
    ("sentence with envoyer", "arrêtez de m’envoyer ça"),
    ("sentence with stopper", "je veux stopper ce message"),
    ("sentence with plus", "Je ne veux plus rien recevoir"),
    ("plus after", "recevoir non plus"),
    ("sensitive and stop", "mon mari me frappe, je ne veux plus recevoir"),
    ("another keyword first", "PLAINTE arretez vos messages"),
    ("start of a report word only", "PRESSE arretez les sms"),
]


@pytest.mark.parametrize("text", [row[1] for row in STOPS], ids=[row[0] for row in STOPS])
def test_stop(text):
    assert is_stop(text)


GOES_ON = [
    ("please", "STP"),
    ("please, formal", "SVP"),
    ("end of a report", "FIN"),
    ("no", "NON"),
    ("no in Bambara", "AYI"),
    ("no in Dogon", "AY"),
    ("Sunday in Bambara", "KARI"),
    ("today in Jamsay", "IJE"),
    ("rain stopped", "la pluie s'est arrêtée"),
    ("a report", "PRES 1041 F12 H8 on a arrete tot, la pluie"),
    ("a report on messages", "PRES 1041 F12 H8 on a arrete de lire les messages"),
    ("a glued report", "PRES1041F12H8 arreter les sms"),
    ("a report with a point", "PRES. 1041 arreter les sms"),
    ("a report with an accent", "Présences 1041: plus personne pour recevoir"),
    ("a greeted report", "Bonjour chef. SEANCE 1041 arretez les sms"),
    ("a report greeted in Bambara", "aw ni ce, ecoute 1041 E12 stop aux sms"),
    ("a visit", "VISITE 2035 plus de place pour recevoir"),
    ("a correction", "CORR 1041 plus de femmes a recevoir"),
    ("an error", "ERREUR PRES 1041 arreter message"),
    ("a session", "SESSION 3 stop sms"),
    ("halt after the message", "vos sms sont bons, la pluie va arreter"),
    ("doubled letter in a sentence", "arreteez vos sms"),
    ("word with something else", "stop la faim"),
    ("polite words alone", "merci tout"),
    ("start", "START"),
    ("unstop", "UNSTOP"),
    ("letters of a quiz", "A B C"),
    ("digits only", "1041"),
    ("emoji only", "🛑"),
    ("empty", ""),
]


@pytest.mark.parametrize("text", [row[1] for row in GOES_ON], ids=[row[0] for row in GOES_ON])
def test_no_stop(text):
    assert not is_stop(text)


BOUND = [
    ("jo of a Bambara speaker", "Jɔ", "bm", False, True),
    ("jo, old letters", "jò", "bm", False, True),
    ("jo of a French speaker", "jo", "fr", False, False),
    ("jo of a Dogon speaker", "jo", "dts", True, False),
    ("Toro So", "iŋɛɛ", "dts", True, True),
    ("Toro So, SMS letters", "INGE", "dts", True, True),
    ("Toro So, both", "inge ine", "dts", True, True),
    ("Sangha", "ingene svp", "dts", True, True),
    ("Tommo So", "ingiye", "dto", True, True),
    ("Tommo So, old letters", "iniyè", "dto", True, True),
    ("Dogon word of a Bambara speaker", "inge", "bm", False, False),
    ("French word of a Dogon speaker", "arret", "dds", True, True),
    ("dabila of anyone", "a dabila", "dds", True, True),
]


@pytest.mark.parametrize(
    ("text", "language", "dogon", "expected"), [row[1:] for row in BOUND], ids=[row[0] for row in BOUND]
)
def test_words_bound_to_a_language(text, language, dogon, expected):
    assert is_stop(text, language, dogon=dogon) == expected


def test_words_of_staff_are_folded_too():
    extra = ["Tɔ́ an", "ça suffit"]

    assert is_stop("TO AN!", extra=extra)
    assert is_stop("Ça suffit merci", extra=extra)
    assert not is_stop("ca suffit les pluies", extra=extra)
    assert is_stop("STOP", extra=extra)


def test_an_empty_word_of_staff_stops_nobody():
    assert not is_stop("merci", extra=["", " ", "1"])
    assert not is_stop("", extra=[""])


@given(st.text(), st.booleans())
def test_any_text_is_read(text, dogon):
    assert is_stop(text, "bm", dogon=dogon) in (True, False)
