"""What a text says once the cells of its rows are taken: letters official and for the air; knows no file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from campaigns.translation.entries import READ_ALOUD, SMS, Entry, joined, notes
from messaging import profile
from messaging.models import SmsForm
from messaging.wording import Wording, spelt

Cells = Mapping[str, Mapping[str, str]]  # part -> key of a column -> what its cell says, only cells that changed


def reword(entry: Entry, typed: Cells) -> Wording:
    """The wording of a text with the changed cells of its parts in place of the stored ones.

    Empty SMS letters are made from the official ones. Those that differ from what the profile makes are the writer's
    own: tidied, never rewritten. Cells that did not change keep every letter as it is stored.
    """
    said = _noted(entry.said, typed)
    words = {part: cells for part, cells in typed.items() if {"official", "sms"} & cells.keys()}
    if not words:
        return said
    parts = dict.fromkeys([*said.parts(), READ_ALOUD, *words])
    own = {part: _own(entry, part, words.get(part, {})) for part in parts}
    official = {part: words.get(part, {}).get("official", entry.official(part)) or own[part] for part in parts}
    written = _with_parts(said, official)
    written = replace(written, sms=own.get(SMS, ""), official=official.get(SMS, ""), read_aloud=official[READ_ALOUD])
    made = spelt(written, entry.letters)
    return _by_hand(made, own, official, entry.letters)


def is_behind(entry: Entry, part: str, cells: Mapping[str, str]) -> bool:
    """Whether the official letters of a part changed while its SMS letters, written by hand, stayed as they were."""
    return bool(cells.get("official")) and "sms" not in cells and _is_by_hand(entry, part)


def _is_by_hand(entry: Entry, part: str) -> bool:
    """Whether a person wrote the SMS letters of a part otherwise than the machine makes them."""
    official, said = entry.official(part), entry.said
    made = official if said.unicode else profile.spell(official, entry.letters, said.kind).sms
    return entry.sms(part) not in ("", made)


def _own(entry: Entry, part: str, cells: Mapping[str, str]) -> str:
    """The SMS letters that a person wants for a part; empty where the profile makes them."""
    if "sms" in cells:
        return cells["sms"]
    return entry.sms(part) if _is_by_hand(entry, part) or cells.get("official") == "" else ""


def _with_parts(said: Wording, words: Mapping[str, str]) -> Wording:
    """The wording with these words as its parts; the SMS itself is left to the caller."""
    options = {part.removeprefix("option_"): words[part] for part in sorted(words) if part.startswith("option_")}
    return replace(
        said,
        club=words.get("club") or None,
        right=words.get("right") or None,
        wrong=words.get("wrong") or None,
        options={digit: option for digit, option in options.items() if option} or None,
        officials=None,
    )


def _by_hand(made: Wording, own: Mapping[str, str], official: Mapping[str, str], letters: str) -> Wording:
    """The wording with the parts that a person spelt otherwise than the profile does; the SMS has its own already."""
    wire = made.parts()
    tidied = own if made.unicode else {part: profile.spell(words, letters, "old").sms for part, words in own.items()}
    kept = {part: words for part, words in tidied.items() if words and part in wire and wire[part] != words}
    if not kept:
        return made
    officials = {**(made.officials or {}), **{part: official[part] for part in kept}}
    return replace(_with_parts(made, {**wire, **kept}), officials=officials, form=SmsForm.REVIEWER)


def _noted(said: Wording, typed: Cells) -> Wording:
    """The wording with the changed comments and back translations; what the sheet does not show stays."""
    comments = {part: cells["comment"] for part, cells in typed.items() if "comment" in cells}
    backs = {part: cells["back_translation"] for part, cells in typed.items() if "back_translation" in cells}
    comment = joined({**notes(said.comment), **comments}) if comments else said.comment
    back = joined({**notes(said.back_translation), **backs}) if backs else said.back_translation
    return replace(said, comment=comment, back_translation=back)
