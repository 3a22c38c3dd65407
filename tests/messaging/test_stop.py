"""Who asks us to stop, and who does not."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messaging.stop import DOGON as DOGON_WORDS
from messaging.stop import HALT, SENT, WORDS, is_stop, is_stop_somewhere

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


# --- every form of the page in every dress: case, accents, spacing and signs, each with each

Dress = Callable[[str], str]
POLITE = ("", " svp", " stp", " merci", " tout", " moi", " s'il vous plait", " s'il te plait", " tout svp merci")
CASES: tuple[Dress, ...] = (str.lower, str.upper, str.title, str.swapcase)
ACCENTS: dict[str, Dress] = {
    "none": str,
    "accents": lambda text: text.translate(str.maketrans("aeiouAEIOU", "àéîôùÀÊÏÖÛ")),
    "accents typed apart": lambda text: unicodedata.normalize("NFD", text.translate(str.maketrans("aeou", "áèöü"))),
    "full-width": lambda text: "".join(chr(ord(char) + 0xFEE0) if "!" < char <= "~" else char for char in text),
    "Bambara letters": lambda text: text.translate(str.maketrans("eoEO", "ɛɔƐƆ")),
}
SPACES: dict[str, Dress] = {
    "as it is": str,
    "around": lambda text: f"  \t{text}\r\n ",
    "wide blanks": lambda text: text.replace(" ", "\u00a0 \u2009"),
    "lines": lambda text: text.replace(" ", "\n"),
    "invisible signs": lambda text: "\u200b".join(text) + "\ufeff",
}
SIGNS: dict[str, Dress] = {
    "none": str,
    "marks": lambda text: f"{text}!!!",
    "quoted": lambda text: f"« {text} »",
    "between": lambda text: text.replace(" ", " - ") + "…",
    "stars": lambda text: f"*{text}*",
    "digits": lambda text: f"{text} 1041",
    "emoji": lambda text: f"🛑{text}🙏🏽",
    "curly apostrophe": lambda text: text.replace("'", "’") + ".",
}


def dressed(text: str) -> Iterator[str]:
    """The text in every case, accent, spacing and sign."""
    for case, accent, space, sign in product(CASES, ACCENTS.values(), SPACES.values(), SIGNS.values()):
        yield space(sign(accent(case(text))))


def lightly(text: str) -> Iterator[str]:
    """The text with each accent, spacing and sign once, in capitals and in small letters."""
    for dress in (*ACCENTS.values(), *SPACES.values(), *SIGNS.values()):
        yield from (dress(text.upper()), dress(text))


def spelled(word: str) -> list[str]:
    """S T O P, S.T.O.P, …"""
    letters = word.replace(" ", "")
    return [joint.join(letters) for joint in (" ", ".", "-", "  ", ", ", "*", "_", "/")]


@pytest.mark.parametrize("word", WORDS)
def test_every_dress_of_every_stop_word(word):
    first, *others = spelled(word)
    full = [text for form in (word, first) for text in dressed(form)]
    light = [text for form in (*others, *(word + polite for polite in POLITE)) for text in lightly(form)]

    assert [text for text in (*full, *light) if not is_stop(text)] == []


@pytest.mark.parametrize("word", DOGON_WORDS)
def test_every_dress_of_the_dogon_words(word):
    assert [text for text in dressed(word) if not is_stop(text, "dts", dogon=True)] == []


def test_every_dress_of_the_bambara_word():
    assert [text for text in dressed("jo") if not is_stop(text, "bm")] == []


@pytest.mark.parametrize("halt", sorted(HALT))
def test_every_dress_of_the_sentences(halt):
    forms = [f"il faut {halt} de nous {sent} {sent}" for sent in sorted(SENT)] + [f"{halt} {sent}" for sent in SENT]

    assert [text for form in forms for text in lightly(form) if not is_stop(text)] == []


@pytest.mark.parametrize("form", ["je ne veux plus recevoir", "plus rien a recevoir", "recevoir ca, plus jamais"])
def test_every_dress_of_the_wish_not_to_receive(form):
    assert [text for text in dressed(form) if not is_stop(text)] == []


@pytest.mark.parametrize("word", WORDS)
def test_every_letter_may_be_doubled(word):
    doubled = [word[:place] + word[place] + word[place:] for place in range(len(word)) if word[place] != " "]

    assert [text for one in doubled for text in (one, one.upper(), f"{one} svp") if not is_stop(text)] == []


OTHERS = [one for one in EXAMPLES if all(reading["intent"] != "stop" for reading in one["expected"]["readings"])]


@pytest.mark.parametrize("example", OTHERS, ids=[f"{n} {one['text'][:30]}" for n, one in enumerate(OTHERS)])
def test_no_dress_makes_a_stop_of_another_example(example):
    language = example["context"].get("lang", "fr")
    texts = [text for text in lightly(example["text"]) if is_stop(text, language, dogon=language in DOGON)]

    assert texts == []


NEAR = [
    *("stap", "sop", "tos", "s to", "stoppeur", "arretes", "dabil", "quitter", "ende", "cancelled", "la fin"),
    *("plus de mil", "recevoir des semences", "un message", "sms recu", "envoyer du mil", "arret de bus", "non stop"),
    *("stop au mil", "plu recevoir", "merci stop les gens"),
]


@pytest.mark.parametrize("text", NEAR)
def test_what_only_resembles_a_stop_stops_nobody(text):
    assert [one for one in (text, text.upper(), f" {text}! ", f"{text} svp") if is_stop(one)] == []


@pytest.mark.parametrize(
    "text", [*WORDS, *DOGON_WORDS, "jo", "JO!", "Arretez vos SMS", *(one["text"] for one in EXAMPLES)]
)
def test_what_is_no_stop_anywhere_is_none_in_any_language(text):
    """The cheap question first must never say no where the exact one says yes."""
    exact = [is_stop(text, language, dogon=dogon) for language in ("fr", "bm", "dds") for dogon in (False, True)]
    assert is_stop_somewhere(text) == any(exact)


def test_a_word_that_staff_entered_for_some_language_counts_somewhere():
    assert is_stop_somewhere("Baasi", ["x", "baasi"]) and not is_stop_somewhere("Baasi", ["x"])
