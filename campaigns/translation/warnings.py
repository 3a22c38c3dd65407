"""What an editor should look at in new words, although it keeps nobody from storing them; knows no file."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from pydantic import ValidationError

from campaigns.translation.checks import Fault, changed, fault, of_content, of_letters
from campaigns.translation.entries import Entry, official_of
from messaging import texts
from messaging.wording import Wording

KEYWORDS = ("PRES", "ECOUTE", "QUESTION", "CORR", "RAD", "STOP")  # what a phone sends to us, in every language
LETTERS = re.compile("[ɛɔɲŋƐƆƝŊ]")
OF_LETTERS = ("too_long", "accent_suggested")  # the rules of content count the segments; French accents are a choice


def warnings(entry: Entry, words: Wording) -> list[Fault]:
    """Everything to look at in the parts that change, each once."""
    touched = changed(entry, words)
    return list(dict.fromkeys(one for look in LOOKS for one in look(entry, words) if one.part in touched))


def _letters(entry: Entry, words: Wording) -> Iterator[Fault]:
    for part, column, one in of_letters(entry, words, "warning"):
        if one.code not in OF_LETTERS:
            yield Fault(part, column, one.say("fr"), one.say("en"))


def _content(entry: Entry, words: Wording) -> Iterator[Fault]:
    """The rules of a campaign's file, with the number of SMS when it is more than one."""
    try:
        found = of_content(entry, words, "warning")
    except ValidationError:  # told as a problem
        return
    for part, column, one in found:
        yield Fault(part, column, one.say("fr"), one.say("en"))


def _lost(entry: Entry, words: Wording) -> Iterator[Fault]:
    """Letters of Bambara and Dogon that a part had and has no more: the work of a keyboard, or of a program."""
    if entry.letters == "manding-dogon":
        for part in entry.parts():
            before, now = official_of(entry.said, part), official_of(words, part)
            if now and LETTERS.search(before) and not LETTERS.search(now):
                yield fault(part, "official", "letters_lost")


def _keywords(entry: Entry, words: Wording) -> Iterator[Fault]:
    """A keyword that the French tells people to send is told in every language."""
    if entry.language == texts.SOURCE:
        return
    for part, wire in words.parts().items():
        french = entry.french.parts().get(part, "")
        for word in KEYWORDS:
            if re.search(rf"\b{word}\b", french) and not re.search(rf"\b{word}\b", wire):
                yield fault(part, "official", "keyword_missing", word=word)


LOOKS: tuple[Callable[[Entry, Wording], Iterable[Fault]], ...] = (_letters, _content, _lost, _keywords)
