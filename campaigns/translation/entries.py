"""The texts of campaigns as a translator sees them: one entry a step and language, part by part; knows no file."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns import loading
from campaigns.definitions import slots
from campaigns.models import Campaign, Step
from messaging import languages, letters, texts
from messaging.models import Programme, Text, TextState, TextVersion
from messaging.wording import Wording

SMS, READ_ALOUD = "sms", "read_aloud"
OPTION = re.compile(r"option_[1-9]")
PART = re.compile(rf"sms|club|{OPTION.pattern}|right|wrong|read_aloud")
NEW = "NOUVEAU"  # the mark of a text that is still to be written
STATES = {TextState.DRAFT: "brouillon", TextState.REVIEWED: "relu", TextState.APPROVED: "approuvé"}
TO_TRANSLATE = "à traduire"
NOTHING = Wording("", "", "")

Key = tuple[str, str, str]


@dataclass(frozen=True)
class Entry:
    """A step in one language: the text and its version once it is written, and beside it the French."""

    campaign: Campaign
    step: Step
    language: str
    letters: str  # the letter profile of the language
    french: Wording
    text: Text | None = None
    version: TextVersion | None = None

    @property
    def key(self) -> Key:
        """What names an entry in a sheet: the codes of campaign, step and language."""
        return self.campaign.code, self.step.code, self.language

    @property
    def said(self) -> Wording:
        """What the text says now; nothing while it is to be written."""
        return texts.wording(self.version) if self.version else NOTHING

    @property
    def mark(self) -> str:
        """The mark of exactly the words that this entry shows."""
        return texts.mark(self.version) if self.version else NEW

    @property
    def state(self) -> str:
        """The state of the text in the staff's French."""
        return STATES[self.text.state] if self.text else TO_TRANSLATE

    def parts(self) -> list[str]:
        """The parts that this step has, in the order in which they are translated."""
        has = {*self.french.parts(), *self.said.parts(), *_needed(self.step)}
        options = sorted(part for part in has if part.startswith("option_"))
        return [SMS, *(one for one in ("club", *options, "right", "wrong") if one in has), READ_ALOUD]

    def may_have(self, part: str) -> bool:
        """Whether a row of this part can belong to the step; a question may get further options."""
        question = self.step.definition.get("question") or {}
        takes_options = bool(question) and question.get("type") != "number"
        return part in self.parts() or (takes_options and bool(OPTION.fullmatch(part)))

    def official(self, part: str) -> str:
        """A part in official letters; what is read aloud is always written in them."""
        return official_of(self.said, part)

    def french_of(self, part: str) -> str:
        """The French of a part, beside it; nothing when it is not written."""
        return official_of(self.french, part)

    def sms(self, part: str) -> str:
        """A part in SMS letters; nothing for what is never sent."""
        return self.said.parts().get(part, "")

    def segments(self, part: str) -> int | None:
        """The SMS that a part takes at the longest values of its slots; None for what is not sent or not written."""
        words = self.sms(part)
        return letters.measure(slots.stretched(words)).segments if words else None


def entries(session: Session, campaigns: Sequence[Campaign], spoken: Collection[str] | None = None) -> Iterator[Entry]:
    """Every step of some campaigns in every language of their programme, written or not, in the order of a sheet.

    Args:
        session: a session.
        campaigns: the campaigns, in the wanted order.
        spoken: codes of languages; None for all that the programme has, and those that a text is written in.
    """
    programmes = {row.id: row for row in session.scalars(sa.select(Programme))}
    for campaign in campaigns:
        steps = loading.steps_of(session, campaign.id)
        written = _written(session, [step.id for step in steps])
        used = {language for _step, language in written}
        codes = dict.fromkeys([*programmes[campaign.programme_id].languages, *sorted(used)])
        profiles = {code: languages.profile_of(session, code) for code in codes if spoken is None or code in spoken}
        for step in steps:
            source = written.get((step.id, texts.SOURCE))
            french = texts.wording(source[1]) if source else NOTHING
            for code, letters_of in profiles.items():
                yield Entry(campaign, step, code, letters_of, french, *written.get((step.id, code), (None, None)))


def official_of(said: Wording, part: str) -> str:
    """A part of a wording in official letters."""
    return said.read_aloud if part == READ_ALOUD else said.official_of(part)


def notes(kept: str | None) -> dict[str, str]:
    """A comment or back translation by the part it speaks of: a line `right: …` of that one, the rest of the SMS."""
    found: dict[str, list[str]] = {}
    for line in (kept or "").splitlines():
        part, colon, words = line.partition(": ")
        is_named = colon and part != SMS and PART.fullmatch(part)
        found.setdefault(part if is_named else SMS, []).append(words if is_named else line)
    return {part: "\n".join(lines) for part, lines in found.items()}


def joined(by_part: Mapping[str, str]) -> str | None:
    """The notes of all parts in one, as `notes` reads them; None when there is none."""
    rest = (f"{part}: {' '.join(words.split())}" for part, words in by_part.items() if part != SMS and words.strip())
    return "\n".join(words for words in (by_part.get(SMS, ""), *rest) if words) or None


def _needed(step: Step) -> set[str]:
    """The parts that a step cannot do without, even before anything is written."""
    question = step.definition.get("question") or {}
    answers = set() if not question else {"right"} if question.get("poll") else {"right", "wrong"}
    return answers | ({"club"} if step.definition.get("personal") else set())


def _written(session: Session, step_ids: Sequence[int]) -> dict[tuple[int, str], tuple[Text, TextVersion]]:
    query = (
        sa.select(Text, TextVersion)
        .join(TextVersion, sa.and_(TextVersion.text_id == Text.id, TextVersion.version == Text.version))
        .where(Text.step_id.in_(step_ids))
    )
    return {(text.step_id, text.language): (text, version) for text, version in session.execute(query)}
