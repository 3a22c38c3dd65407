"""Whether an SMS asks us to stop writing; knows neither sender, nor database, nor what the message is otherwise."""

from __future__ import annotations

import re
from collections.abc import Iterable

from messaging import fold

# Carriers act on the second line themselves, so we must too. Staff add words as data; none is ever taken away.
WORDS = (
    *("stop", "stopp", "stope", "stopall", "arret", "arrett", "aret", "arrete", "arete", "arreter", "arretez"),
    *("unsubscribe", "cancel", "end", "quit", "revoke", "optout"),
    *("desabonner", "desaboner", "desabonnement", "desinscrire"),
    *("dabila", "a dabila"),
)
BOUND = {"bm": ("jo",)}
DOGON = ("inge", "ine", "inge ine", "ingene", "ingiye", "iniye")
HALT = {"arrete", "arreter", "arretez", "stop", "stopp", "stoppe", "stopper", "stoppez"}
SENT = {"envoyer", "message", "messages", "sms"}

# A stop word spelled out has at most 13 letters; the limit keeps a very long SMS cheap to read.
_LONGEST_WORDS = 16
_POLITE = re.compile("(?: (?:svp|stp|merci|tout|moi|s ?il (?:vous|te) plait))*")
# A pattern for folded text; the reader of all other messages passes over the same greetings.
GREETING = r"(?:bonjour|bjr|bonsoir|bsr|salut|salam|chef|(?:i|aw)[\W_]+ni[\W_]+(?:sogoma|tile|wula|su|ce))"
_START = re.compile(rf"(?:[\W_]*{GREETING}(?![^\W_]))*[\W_]*")
_REPORT = re.compile(r"(?:pres|presences?|presents?|seance|session|ecoute|visite|corr|correction|erreur)(?![^\W\d_])")


def is_stop(text: str, language: str = "fr", *, dogon: bool = False, extra: Iterable[str] = ()) -> bool:
    """Tell whether an SMS is an opt-out: by words for everyone, and by those of the sender's language.

    Args:
        text: the whole SMS as it came; digits, signs, capitals and accents do not matter.
        language: the sender's language tag; `bm` adds its own words.
        dogon: whether that language is a Dogon one, which adds theirs.
        extra: further words or phrases that staff entered; the caller has chosen those of the language.

    A report (a text with a digit that a report keyword leads, `PRES 1041 ... on a arrete tot`) is never one, nor is
    STP; without a digit the keyword protects nothing (`ERREUR, arretez d'envoyer`). A greeting before
    the word does not hide it. Never raises.

    Source: the grammar of incoming SMS, STOP. The Bambara and Dogon words wait for a speaker's check.
    """
    return _is_said(text, _known(language, dogon, extra))


def is_stop_somewhere(text: str, extra: Iterable[str] = ()) -> bool:
    """Tell whether an SMS is an opt-out in any language: False spares the question which ones the sender has.

    Args:
        text: the whole SMS as it came.
        extra: all words that staff entered, of whatever language.
    """
    own = _folded(extra)
    return _is_said(text, _SOMEWHERE | own if own else _SOMEWHERE)


def _is_said(text: str, known: frozenset[str]) -> bool:
    body = _after_greetings(fold.plain(text))
    if _REPORT.match(body) and any(char.isdigit() for char in body):
        return False
    words = fold.words(body)
    return _is_command(words, known) or _is_sentence(words)


def _after_greetings(text: str) -> str:
    start = _START.match(text)
    return text[start.end() :] if start else text


def _known(language: str, dogon: bool, extra: Iterable[str]) -> frozenset[str]:
    known = _FOR_DOGON if dogon else _FOR_LANGUAGE.get(language, _FOR_ALL)
    return known | _folded(extra)


def _folded(phrases: Iterable[str]) -> frozenset[str]:
    # A phrase counts without its blanks too, for who spells it out. An empty or wordless entry of staff must never
    # make each wordless SMS a STOP.
    found = [fold.words(fold.plain(phrase)) for phrase in phrases]
    return frozenset(fold.undouble(joint.join(words)) for words in found for joint in (" ", "")) - {""}


def _is_command(words: list[str], known: frozenset[str]) -> bool:
    """Find a stop word, written or spelled out, with nothing but politeness after it."""
    return any(
        _is_known(words[:end], known) and _POLITE.fullmatch("".join(f" {word}" for word in words[end:]))
        for end in range(1, min(len(words), _LONGEST_WORDS) + 1)
    )


def _is_known(words: list[str], known: frozenset[str]) -> bool:
    if fold.undouble(" ".join(words)) in known:
        return True
    return max(map(len, words)) == 1 and fold.undouble("".join(words)) in known


def _is_sentence(words: list[str]) -> bool:
    """Find `arretez ... envoyer`, or `plus` with `recevoir`; here no doubled letter is forgiven."""
    if "plus" in words and "recevoir" in words:
        return True
    halt = next((index for index, word in enumerate(words) if word in HALT), len(words))
    return not SENT.isdisjoint(words[halt + 1 :])


_FOR_ALL = _folded(WORDS)
_FOR_LANGUAGE = {language: _FOR_ALL | _folded(words) for language, words in BOUND.items()}
_FOR_DOGON = _FOR_ALL | _folded(DOGON)
_SOMEWHERE = _FOR_DOGON.union(*_FOR_LANGUAGE.values())
