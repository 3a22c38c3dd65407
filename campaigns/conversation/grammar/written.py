"""The reports of one SMS, each with its keyword, its body and its note; pure.

Source: the page on incoming SMS, sections 6.1 and 6.6.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from campaigns.conversation.grammar import chunks, notes, openings, words
from campaigns.conversation.grammar.checks import Claim, check
from campaigns.conversation.grammar.counts import Body, read_body
from campaigns.conversation.grammar.openings import Opening
from campaigns.conversation.grammar.reading import Reading
from campaigns.conversation.grammar.sms import Sms
from campaigns.conversation.grammar.tally import UNREAD


@dataclass(frozen=True)
class Report:
    """One report as it stands in the SMS, up to `end`; `asks`: it is never taken without asking."""

    opening: Opening
    body: Body
    end: int
    asks: bool = False

    def check(self, sms: Sms) -> Reading:
        """What becomes of it."""
        folded = "" if self.body.note is None else sms.cased_body[self.body.note : self.end]
        note, redacted = notes.kept(self._typed(sms)) if folded else ("", False)
        unread = self.opening.spoilt or notes.hides_a_number(folded)
        asked = self.opening.intent == "listening" and folded.rstrip(" .").endswith("?")
        reading = check(
            sms,
            Claim(
                self.opening.intent, self.body, self.opening.correction, self.opening.repairs,
                whole=("phone_redacted",) * redacted + (UNREAD,) * unread,
                note={"question" if asked else "note": note} if note else {}, asks=self.asks,
            ),
        )  # fmt: skip
        # Without a keyword that can be read nothing is certain, not even a flag or a repetition.
        return replace(reading, status="confirm") if self.asks and reading.status == "ok" else reading

    def _typed(self, sms: Sms) -> str:
        """The note as it was typed."""
        raw, behind = sms.typed(sms.cased_body[self.body.note :]), sms.cased_body[self.end :].lstrip()
        return raw[: len(raw) - len(sms.typed(behind))] if behind else raw


def in_order(sms: Sms, opening: Opening, *, asks: bool = False) -> list[Report]:
    """The report that opens here and those behind it; `asks` is for the first alone."""
    text = sms.cased_body
    found = [opening]
    for further in openings.further(text, opening.body):
        if chunks.first(text, found[-1].body, further.start) is None:
            found[-1] = openings.merge(found[-1], further)
        else:
            found.append(further)
    ends = [*(further.start for further in found[1:]), len(text)]
    return [
        _read(sms, one, _without_thanks(text, one.body, end), asks=asks and one is found[0])
        for one, end in zip(found, ends, strict=True)
    ]


def body_of(sms: Sms, start: int, end: int) -> Body:
    """The body that stands here in the SMS without its greetings."""
    return read_body(sms.cased_body, start, end, sms.today, bambara=not sms.dogon)


def whole(sms: Sms, start: int = 0) -> Body:
    """The SMS from here to its end, thanks apart, read as one body."""
    return body_of(sms, start, end_of(sms, start))


def end_of(sms: Sms, start: int = 0) -> int:
    """Where the SMS ends before its thanks."""
    return _without_thanks(sms.cased_body, start, len(sms.cased_body))


def _read(sms: Sms, opening: Opening, end: int, *, asks: bool) -> Report:
    return Report(opening, body_of(sms, opening.body, end), end, asks)


def _without_thanks(text: str, start: int, end: int) -> int:
    """Where the text ends before its thanks; a question mark behind them is part of the question."""
    hit = words.THANKS.search(text, start, end)
    return hit.start() if hit and "?" not in hit[0] else end
