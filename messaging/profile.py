"""The SMS letter profile: how a text in French, Bambara or Dogon is spelt for the air, and what to mend in it first.

The official text stays the truth; its SMS form is made here and never read back. No letter goes silently: what a
table does not know stays in the text and is a finding.

Source: the page on languages, section 5.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from messaging import letters
from messaging.findings import Finding, Place
from messaging.lint import Reading, look
from messaging.spelling import BARE_LETTERS, OFFICIAL, OLD_LETTERS, TIDY, TYPOGRAPHY, start, take

__all__ = ["KINDS", "PROFILES", "VERSION", "Finding", "Place", "Spelt", "as_it_stands", "find", "sms_value", "spell"]

VERSION = 1  # of the letter profile; rises when a table changes, for stored SMS forms are then made again
PROFILES = ("french", "manding-dogon")
KINDS = ("official", "old", "linguistic")


@dataclass(frozen=True, slots=True)
class Spelt:
    """A text as it leaves, with its size and its findings.

    `suggested` is the SMS form with the French letters taken too; None when that changes nothing, or is not French.
    """

    sms: str
    size: letters.Size
    findings: tuple[Finding, ...]
    suggested: str | None


def spell(text: str, profile: str, kind: str = "official", longest: Mapping[str, int] | None = None) -> Spelt:
    """Spell a text for the air.

    Args:
        text: as a person wrote it, in any normal form; braces such as `{place}` stay.
        profile: one of `PROFILES`.
        kind: `official`, `old` (è ò ny ng, as before 1982) or `linguistic` (tones written; word lists only).
        longest: the most characters a value in braces may have, by its name; only `too_long` asks for it.

    Raises:
        ValueError: there is no such profile or kind.

    Source: the page on languages, 5.1, steps 1 to 8.
    """
    if profile not in PROFILES or kind not in KINDS:
        raise ValueError(f"no letter profile {profile} for kind {kind}: see PROFILES and KINDS")
    is_manding = profile == "manding-dogon"
    typed = take(start(text), *(OFFICIAL if is_manding and kind == "linguistic" else ()), *TYPOGRAPHY, *TIDY)
    sms = take(typed, *(OLD_LETTERS if is_manding else ()))
    suggested = sms.text if is_manding else take(sms, *BARE_LETTERS).text
    return _spelt(Reading(typed, sms, suggested, profile, kind, longest or {}))


def as_it_stands(text: str) -> Spelt:
    """A text that takes no step, not even NFC, with the findings that ask for no language."""
    given = start(text)
    return _spelt(Reading(given, given, text, None, "official", {}))


def find(text: str, profile: str, kind: str = "official") -> tuple[Finding, ...]:
    """The findings of a text, errors first; empty when nothing is to be mended."""
    return spell(text, profile, kind).findings


def sms_value(value: str) -> str:
    """Spell a value of a slot (place, club, station, first name) for the air, without the French accents that cost.

    One ê in a village name would make a whole SMS UCS-2. A character that no table knows stays: ask
    `letters.is_gsm7` of the result where it matters.

    Source: the letter profile: typographic signs, letters of Bambara and Dogon, French letters, in this order.
    """
    return take(start(value), *TYPOGRAPHY, *TIDY, *OLD_LETTERS, *BARE_LETTERS).text


def _spelt(reading: Reading) -> Spelt:
    sms = reading.sms.text
    suggested = None if reading.suggested == sms else reading.suggested
    return Spelt(sms, letters.measure(sms), look(reading), suggested)
