"""What the pages say of a wording: each part as the phone shows it, its sizes, and what to write instead."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from pydantic import ValidationError

from campaigns import loading
from campaigns.admin import words
from campaigns.admin.cost import Count, count
from campaigns.admin.words import N_, _
from campaigns.definitions import Audience, consistency, editing, slots
from campaigns.definitions import Finding as Content
from campaigns.definitions import Step as Definition
from campaigns.models import Campaign, Step
from messaging import fold, profile
from messaging.findings import LEVELS, Finding, Level
from messaging.models import LetterKind
from messaging.wording import Wording

LONGEST = {slot.name: slot.longest for slot in slots.SLOTS.values()}
# Of a hand-made SMS form the official letters are still looked at for these; what is dear is told of the form itself.
SPELLING = ("mixed_orthography", "old_letters_in_official", "tone_mark", "linguist_sign", "combining_mark")
# What somebody who sends as Unicode means.
OF_GSM7 = ("not_gsm7", "emoji", "no_sms_profile", "accent_suggested", "confusable_word", "capital_open_vowel",
           "extension_character", "month_name")  # fmt: skip
# Who says the same better: what is left out, and what must be there for it. A suggestion stands beside its button.
SAME = {
    "too_long": {"not_gsm7", "R03", "R03.reply"},
    "R04": {"not_gsm7", "emoji", "no_sms_profile"},
    "R12.grouping": {"number_grouping"},
    "R12.fraction": {"fraction"},
    "R12.date": {"month_name"},
}
REPLIES = ("right", "wrong")  # read after the options
LABELS = {
    "sms": N_("SMS"),
    "official": N_("Lettres officielles"),
    "read_aloud": N_("À lire à haute voix"),
    "club": N_("Pour la famille, par le club"),
    "right": N_("Réponse juste"),
    "wrong": N_("Réponse fausse"),
    "options": N_("Réponses"),
}


@dataclass(frozen=True)
class Part:
    """One part of a text, such as the SMS or an answer: its two forms, and what each of them takes.

    `pieces` are the SMS letters cut where a finding stands: (letters, whether they are marked). `suggested` is the
    SMS form without the letters that cost; None when there is nothing to take.
    """

    name: str
    sms: str
    official: str
    pieces: tuple[tuple[str, bool], ...]
    sent: Count
    written: Count
    suggested: str | None
    bare: Count | None

    @property
    def label(self) -> str:
        """Its name on the page."""
        return label(self.name)

    @property
    def is_respelt(self) -> bool:
        """True when the SMS takes another alphabet or other segments than the official letters would."""
        sent, written = self.sent.size, self.written.size
        return (sent.encoding, sent.segments) != (written.encoding, written.segments)

    @property
    def marked(self) -> list[str]:
        """What is marked in it, each once."""
        return list(dict.fromkeys(letters for letters, is_marked in self.pieces if is_marked))


@dataclass(frozen=True)
class Remark:
    """One thing to mend or to know, in the language of the page."""

    part: str
    level: Level
    sentence: str

    @property
    def label(self) -> str:
        """What it is about, where that is not the SMS itself."""
        return "" if self.part == "sms" else label(self.part)


def label(part: str) -> str:
    """The name of a part on the page."""
    digit = part.removeprefix("option_")
    return _("Réponse %(digit)s", digit=digit) if digit != part else _(LABELS.get(part, part))


def parts(said: Wording, letters: str) -> list[Part]:
    """Every part that goes to a phone, the SMS first and the replies last.

    Args:
        said: the wording as it is stored, spelt for the air.
        letters: the letter profile of its language.
    """
    found = {name: _part(name, sms, said, letters) for name, sms in said.parts().items()}
    last = [found.pop(name) for name in REPLIES if name in found]
    return [*found.values(), *last]


def remarks(campaign: Campaign, step: Step, language: str, said: Wording, letters: str) -> list[Remark]:
    """What the letter profile and the editing rules find in a wording, the gravest first, nothing twice."""
    found: list[tuple[str, str, Finding | Content]] = []
    found += [(part, one.code, one) for part, one in _of_letters(said, letters) if one.code != "accent_suggested"]
    found += [(_part_of(one), one.key, one) for one in _of_content(campaign, step, language, said)]
    keys = {(part, key) for part, key, _one in found}
    kept = [row for row in found if not any((row[0], key) in keys for key in SAME.get(row[1], ()))]
    made = dict.fromkeys(Remark(part, one.level, one.say(words.code())) for part, _key, one in kept)
    once = [one for one in made if one.part != "official" or replace(one, part="sms") not in made]
    return sorted(once, key=lambda remark: LEVELS.index(remark.level))


def _part(name: str, sms: str, said: Wording, letters: str) -> Part:
    official, suggested = said.official_of(name), None
    if not said.unicode:
        suggested = profile.spell(sms, letters, LetterKind.OLD).suggested
    pieces = ((sms, False),) if said.unicode else tuple(_pieces(sms, letters))
    bare = count(suggested) if suggested else None
    return Part(name, sms, official, pieces, count(sms), count(official), suggested, bare)


def _pieces(sms: str, letters: str) -> Iterator[tuple[str, bool]]:
    """The text cut where a mark begins or ends."""
    marks, start = _marks(sms, letters), 0
    for at in range(1, len(sms) + 1):
        if at == len(sms) or marks[at] != marks[start]:
            yield sms[start:at], marks[start]
            start = at


def _marks(sms: str, letters: str) -> list[bool]:
    """By place: whether something of the SMS letters themselves is to be mended there; a tone takes its letter."""
    marks = [False] * len(sms)
    for one in profile.find(sms, letters, LetterKind.OLD):
        if one.level != "info" and one.code != "too_long":
            for place in one.places:
                first = place.index - bool(place.index and unicodedata.combining(place.char[0]))
                for at in range(first, min(place.index + len(place.char), len(sms))):
                    marks[at] = True
    return marks


def _of_letters(said: Wording, letters: str) -> Iterator[tuple[str, Finding]]:
    for part, sms in said.parts().items():
        official = said.official_of(part)
        if said.unicode:
            found = profile.spell(sms, letters, said.kind, LONGEST).findings
            yield from ((part, one) for one in found if one.code not in OF_GSM7)
            continue
        spelt = profile.spell(official, letters, said.kind, LONGEST)
        if spelt.sms == sms:
            yield from ((part, one) for one in spelt.findings)
            continue
        yield from ((part, one) for one in spelt.findings if one.code in SPELLING)
        yield from ((part, one) for one in _misread(spelt.findings, sms))
        yield from ((part, one) for one in profile.spell(sms, letters, LetterKind.OLD, LONGEST).findings)


def _misread(findings: Iterable[Finding], sms: str) -> Iterator[Finding]:
    """The words that lost their accent in a hand-made SMS form, and read as another word there."""
    bare = set(fold.words(fold.plain(sms)))
    for one in findings:
        left = tuple(place for place in one.places if fold.plain(place.char) in bare)
        if one.code == "confusable_word" and left:
            yield replace(one, places=left)


def _of_content(campaign: Campaign, step: Step, language: str, said: Wording) -> list[Content]:
    """What the rules of a campaign's file say of these words; nothing while they are no text of a file yet."""
    try:
        definition = Definition.model_validate({**step.definition, "texts": {language: loading.as_text(said)}})
        whole = Audience.model_validate(campaign.definition.get("audience") or {})
    except ValidationError:
        return []
    own = [campaign.definition.get("agency") or ""]
    found = [*consistency.of_step(definition, whole), *editing.of_step(definition, campaign.topic, whole, own)]
    return [one for one in found if one.path[0] == "texts"]


def _part_of(finding: Content) -> str:
    """The part that a finding of a definition is about: its path is texts, language, field and the option's digit."""
    field = str(finding.path[2]) if len(finding.path) > 2 else "sms"
    return f"option_{finding.path[3]}" if field == "options" and len(finding.path) > 3 else field
