"""The fields of a text's form: what was typed as a wording, and a stored wording as it was typed; asks no database."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import replace

from messaging import profile
from messaging.models import LetterKind
from messaging.wording import Wording, spelt

LONGEST = 2000  # signs of one field, as in the files of campaigns and in sheets
OPTIONS = tuple("123456789")
FIELDS = ("sms", "official", "read_aloud", "club", "right", "wrong", "back_translation", "comment")
FRENCH = "french"  # the letter profile whose official letters are those of the SMS


def read(form: Mapping[str, str]) -> Wording:
    """What was typed, composed and with plain line ends; an empty form of the letters stays empty."""
    said = {name: _plain(form.get(name, "")) for name in FIELDS}
    options = {digit: typed for digit in OPTIONS if (typed := _plain(form.get(f"option_{digit}", "")))}
    kind = LetterKind.OLD if form.get("kind") == LetterKind.OLD.value else LetterKind.OFFICIAL
    return Wording(
        said["sms"], said["official"], said["read_aloud"], said["club"] or None, options or None,
        said["right"] or None, said["wrong"] or None, said["back_translation"] or None,
        unicode="unicode" in form, kind=kind, comment=said["comment"] or None,
    )  # fmt: skip


def as_typed(said: Wording, letters: str) -> Wording:
    """A stored wording as the fields of the form hold it: `spelt` makes the same of it again.

    The letters that follow from the others are left empty: in Bambara and Dogon the SMS form that the profile makes,
    in French official letters that say the same. The other parts are in official letters.
    """
    if said.unicode:
        return _without_double(replace(said, officials=None), letters)
    parts = {name: said.official_of(name) for name in said.parts()}
    typed = replace(
        said, club=parts.get("club"), right=parts.get("right"), wrong=parts.get("wrong"), officials=None,
        options={digit: parts[f"option_{digit}"] for digit in said.options or ()} or None,
    )  # fmt: skip
    if profile.spell(said.official, letters, said.kind).sms != said.sms:
        return typed
    return _without_double(replace(typed, sms=typed.official), letters)


def taken(typed: Wording, letters: str) -> Wording:
    """What was typed, with the letters that cost taken out of every part; the official letters keep theirs."""
    said = spelt(typed, letters)
    bare = {name: profile.spell(sms, letters).suggested or sms for name, sms in said.parts().items()}
    taken_out = replace(
        typed, sms=bare.get("sms", ""), official=said.official, club=bare.get("club"), right=bare.get("right"),
        wrong=bare.get("wrong"), options={digit: bare[f"option_{digit}"] for digit in said.options or ()} or None,
    )  # fmt: skip
    return _without_double(taken_out, letters)


def too_long(said: Wording) -> str | None:
    """The first words that are longer than a file or a sheet may hold; None when none are."""
    every = (said.sms, said.official, said.read_aloud, said.back_translation or "", said.comment or "")
    words = next((one for one in (*every, *said.parts().values()) if len(one) > LONGEST), None)
    return words[:40] if words else None


def _plain(typed: str) -> str:
    """Composed, with plain line ends, and without control characters: no phone shows them, PostgreSQL refuses some."""
    said = unicodedata.normalize("NFC", typed.replace("\r\n", "\n"))
    return "".join(char for char in said if char == "\n" or unicodedata.category(char) != "Cc").strip()


def _without_double(typed: Wording, letters: str) -> Wording:
    """The field that says the same as the other is left empty: the SMS, in French the official letters."""
    if typed.sms != typed.official:
        return typed
    return replace(typed, official="") if letters == FRENCH else replace(typed, sms="")
