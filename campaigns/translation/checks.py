"""What is wrong with the new words of a text: slots, answers, letters, content; knows no file and no database.

Every check gives faults by part, so that a whole sheet is mended in one go.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from pydantic import ValidationError

from campaigns import loading
from campaigns.definitions import Audience, Finding, Step, consistency, editing, slots
from campaigns.translation.entries import READ_ALOUD, SMS, Entry
from campaigns.translation.problems import SENTENCES
from messaging import profile, texts
from messaging.wording import Wording

SPELLING = ("mixed_orthography", "old_letters_in_official", "tone_mark", "linguist_sign", "combining_mark")
AS_UNICODE = ("not_gsm7", "emoji", "no_sms_profile")  # what a text that is sent as Unicode may hold
OF_LETTERS, OF_ANSWERS = ("R04",), ("options_missing", "options_count")  # what other checks say better for a sheet


@dataclass(frozen=True)
class Fault:
    """One thing to mend: the part, the key of its column, the sentence in French and English."""

    part: str
    column: str
    fr: str
    en: str


def faults(entry: Entry, words: Wording) -> list[Fault]:
    """Everything that keeps these words from being a draft of this text, each once."""
    if not words.sms:
        return [_fault(SMS, "official", "sms_emptied" if entry.text else "no_sms")]
    return list(dict.fromkeys(fault for check in CHECKS for fault in check(entry, words)))


def _slots(entry: Entry, words: Wording) -> Iterator[Fault]:
    """A translation holds the slots of the French, part by part; the campaign's own rules know which there are."""
    if entry.language == texts.SOURCE:
        return
    for part, column, said in _written(entry, words):
        french = entry.french_of(part)
        if french:
            wanted, found = dict.fromkeys(slots.names(french)), dict.fromkeys(slots.names(said))
            yield from (
                _fault(part, column, "slot_missing", slot=f"{{{name}}}") for name in wanted if name not in found
            )
            extra = (name for name in found if name not in wanted and name in slots.SLOTS)
            yield from (_fault(part, column, "slot_extra", slot=f"{{{name}}}") for name in extra)


def _answers(entry: Entry, words: Wording) -> Iterator[Fault]:
    """The same answers as in French, each printed in the SMS and written in its own row."""
    own, before = words.options or {}, entry.said.options or {}
    french = _french_answers(entry)
    for digit in sorted({*french, *before} - own.keys()):
        if re.search(rf"\b{digit} \S", words.sms):
            yield _fault(f"option_{digit}", "official", "option_printed", digit=digit)
        elif digit in french:
            yield _fault(f"option_{digit}", "official", "option_absent", digit=digit)
    for digit in sorted(own.keys() - french.keys()) if french else ():
        yield _fault(f"option_{digit}", "official", "option_extra", digit=digit)


def _french_answers(entry: Entry) -> Mapping[str, str]:
    """The answers that a translation gives too; none where there is no French beside it."""
    return (entry.french.options or {}) if entry.language != texts.SOURCE else {}


def _letters(entry: Entry, words: Wording) -> Iterator[Fault]:
    """The errors of the letter profile, in the column where they were typed."""
    for part, wire in words.parts().items():
        official = words.official_of(part)
        spelt = profile.spell(official, entry.letters, words.kind)
        yield from _errors(part, "official", spelt.findings, () if spelt.sms == wire else SPELLING, words.unicode)
        if spelt.sms != wire:
            yield from _errors(part, "sms", profile.find(wire, entry.letters, "old"), (), words.unicode)


def _errors(
    part: str, column: str, findings: Iterable[profile.Finding], only: tuple[str, ...], unicode: bool
) -> Iterator[Fault]:
    for one in findings:
        is_meant = (unicode and one.code in AS_UNICODE) or (only and one.code not in only)
        if one.level == "error" and not is_meant:
            yield Fault(part, column, one.say("fr"), one.say("en"))


def _content(entry: Entry, words: Wording) -> Iterator[Fault]:
    """The errors that the same words would be in the campaign's file, as far as they lie in this text."""
    try:
        step = Step.model_validate({**entry.step.definition, "texts": {entry.language: loading.as_text(words)}})
        whole = Audience.model_validate(entry.campaign.definition.get("audience") or {})
    except ValidationError as error:
        first = error.errors()[0]
        yield _fault(SMS, "official", "unfit", reason=f"{'.'.join(map(str, first['loc']))}: {first['msg']}")
        return
    said = (*OF_LETTERS, *(OF_ANSWERS if _french_answers(entry) else ()))
    agency = entry.campaign.definition.get("agency") or ""
    found = [*consistency.of_step(step, whole), *editing.of_step(step, entry.campaign.topic, whole, [agency])]
    for one in found:
        if one.level == "error" and one.path[0] == "texts" and one.key not in said:
            yield Fault(*_where(entry, words, one), one.say("fr"), one.say("en"))


def _where(entry: Entry, words: Wording, finding: Finding) -> tuple[str, str]:
    """Part and column of a finding in a text: where it was typed."""
    field = str(finding.path[2]) if len(finding.path) > 2 else SMS
    if field == "options":
        field = f"option_{finding.path[3]}" if len(finding.path) > 3 else "option_1"
    part = SMS if field == "official" else field
    is_own = part != READ_ALOUD and field != "official" and _is_own(entry, words, part)
    return part, "sms" if is_own else "official"


def _is_own(entry: Entry, words: Wording, part: str) -> bool:
    official = words.official_of(part)
    return not words.unicode and words.parts().get(part, "") != profile.spell(official, entry.letters, words.kind).sms


def _written(entry: Entry, words: Wording) -> Iterator[tuple[str, str, str]]:
    """Part, column and words of every cell that says something, SMS letters only where they are the writer's own."""
    if words.read_aloud:
        yield READ_ALOUD, "official", words.read_aloud
    for part, wire in words.parts().items():
        yield part, "official", words.official_of(part)
        if _is_own(entry, words, part):
            yield part, "sms", wire


def _fault(part: str, column: str, key: str, **values: object) -> Fault:
    fr, en = SENTENCES[key]
    return Fault(part, column, fr.format(**values), en.format(**values))


CHECKS: tuple[Callable[[Entry, Wording], Iterable[Fault]], ...] = (_slots, _answers, _letters, _content)
