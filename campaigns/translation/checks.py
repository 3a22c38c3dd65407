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
from campaigns.translation.entries import READ_ALOUD, SMS, Entry, official_of
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
        return [fault(SMS, "official", "no_sms")]
    return list(dict.fromkeys(one for check in CHECKS for one in check(entry, words)))


def changed(entry: Entry, words: Wording) -> set[str]:
    """The parts whose words are no longer the stored ones, in either of their letters."""
    said = entry.said
    found = {one for one in {*said.parts(), *words.parts()} if said.parts().get(one) != words.parts().get(one)}
    return found | {one for one in (*words.parts(), READ_ALOUD) if official_of(said, one) != official_of(words, one)}


def _slots(entry: Entry, words: Wording) -> Iterator[Fault]:
    """A translation holds the slots of the French in each part that changes; what stands stands as it was accepted."""
    if entry.language == texts.SOURCE:
        return
    touched = changed(entry, words)
    for part, column, said in _written(entry, words):
        french = entry.french_of(part)
        if french and part in touched:
            wanted, found = dict.fromkeys(slots.names(french)), dict.fromkeys(slots.names(said))
            yield from (fault(part, column, "slot_missing", slot=f"{{{name}}}") for name in wanted if name not in found)
            extra = (name for name in found if name not in wanted and name in slots.SLOTS)
            yield from (fault(part, column, "slot_extra", slot=f"{{{name}}}") for name in extra)


def _answers(entry: Entry, words: Wording) -> Iterator[Fault]:
    """The same answers as in French, each printed in the SMS and written in its own row."""
    own, before = words.options or {}, entry.said.options or {}
    french = _french_answers(entry)
    for digit in sorted({*french, *before} - own.keys()):
        if re.search(rf"\b{digit} \S", words.sms):
            yield fault(f"option_{digit}", "official", "option_printed", digit=digit)
        elif digit in french:
            yield fault(f"option_{digit}", "official", "option_absent", digit=digit)
    for digit in sorted(own.keys() - french.keys()) if french else ():
        yield fault(f"option_{digit}", "official", "option_extra", digit=digit)


def _french_answers(entry: Entry) -> Mapping[str, str]:
    """The answers that a translation gives too; none where there is no French beside it."""
    return (entry.french.options or {}) if entry.language != texts.SOURCE else {}


def _letters(entry: Entry, words: Wording) -> Iterator[Fault]:
    """The errors of the letter profile, in the column where they were typed."""
    return (
        Fault(part, column, one.say("fr"), one.say("en")) for part, column, one in of_letters(entry, words, "error")
    )


def of_letters(entry: Entry, words: Wording, level: str) -> Iterator[tuple[str, str, profile.Finding]]:
    """Part, column and finding of the letter profile, of one level; what is sent as Unicode may be dear."""
    for part, wire in words.parts().items():
        official = words.official_of(part)
        spelt = profile.spell(official, entry.letters, words.kind)
        typed = [("official", one) for one in spelt.findings if spelt.sms == wire or one.code in SPELLING]
        if spelt.sms != wire:
            typed += [("sms", one) for one in profile.find(wire, entry.letters, "old")]
        for column, one in typed:
            if one.level == level and not (words.unicode and one.code in AS_UNICODE):
                yield part, column, one


def _content(entry: Entry, words: Wording) -> Iterator[Fault]:
    """The errors that the same words would be in the campaign's file, as far as they lie in this text."""
    try:
        found = of_content(entry, words, "error")
    except ValidationError as error:
        first = error.errors()[0]
        reason = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
        return iter([fault(SMS, "official", "unfit", reason=reason)])
    return (Fault(part, column, one.say("fr"), one.say("en")) for part, column, one in found)


def of_content(entry: Entry, words: Wording, level: str) -> list[tuple[str, str, Finding]]:
    """Part, column and finding of the campaign's own rules, of one level, as far as they lie in this text.

    Raises:
        ValidationError: the words do not fit into the step.
    """
    step = Step.model_validate({**entry.step.definition, "texts": {entry.language: loading.as_text(words)}})
    whole = Audience.model_validate(entry.campaign.definition.get("audience") or {})
    said = (*OF_LETTERS, *(OF_ANSWERS if _french_answers(entry) else ()))
    agency = entry.campaign.definition.get("agency") or ""
    found = [*consistency.of_step(step, whole), *editing.of_step(step, entry.campaign.topic, whole, [agency])]
    return [
        (*_where(entry, words, one), one)
        for one in found
        if one.level == level and one.path[0] == "texts" and one.key not in said
    ]


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


def fault(part: str, column: str, key: str, **values: object) -> Fault:
    """The sentence `key` about one cell, its braces filled with `values`."""
    fr, en = SENTENCES[key]
    return Fault(part, column, fr.format(**values), en.format(**values))


CHECKS: tuple[Callable[[Entry, Wording], Iterable[Fault]], ...] = (_slots, _answers, _letters, _content)
