"""Reports without a keyword, or with one that cannot be read; pure.

Source: the page on incoming SMS, section 6.7.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from campaigns.conversation.grammar import chunks, dates, lookalikes, openings, pieces, written
from campaigns.conversation.grammar.checks import settle
from campaigns.conversation.grammar.chunks import Chunk
from campaigns.conversation.grammar.counts import Body
from campaigns.conversation.grammar.labels import FILLERS, HEADS, LABELS, NUMBERED, SEXES
from campaigns.conversation.grammar.openings import Opening
from campaigns.conversation.grammar.sms import Sms
from campaigns.conversation.grammar.written import Report

MISSING = ("keyword_missing",)
_CODE = re.compile(r"(?<![0-9])[0-9OoIl|]{4}(?![0-9OoIl|])")


def find(sms: Sms) -> list[Report] | None:
    """The reports of an SMS that no keyword leads; None when there are none."""
    return _labelled(sms) or _bare_numbers(sms) or _from_code_on(sms)


def _labelled(sms: Sms) -> list[Report] | None:
    """Labelled counts of both women and men; a spoilt keyword before them is left out, which is asked."""
    first = chunks.first(sms.cased_body, 0, len(sms.cased_body))
    spoilt = first is not None and _is_spoilt_keyword(sms, first)
    reports = written.in_order(sms, _missing(first.end if first and spoilt else 0, spoilt=spoilt))
    return reports if _has_both_sexes(reports[0].body) else None


def _bare_numbers(sms: Sms) -> list[Report] | None:
    """Two or three bare numbers and nothing else, with or without a club code, while no quiz is open."""
    if (sms.context.get("quiz") or {}).get("open"):
        return None
    body = written.whole(sms)
    said = [chunk.word for chunk in chunks.each(sms.cased_body, 0, len(sms.cased_body))]
    alone = body.note is None and not (body.days or body.flag or body.named)
    if not alone or body.bare - body.decimal not in (2, 3) or any(word in FILLERS or word in LABELS for word in said):
        return None
    return written.in_order(sms, _missing(0), asks=True)


def _from_code_on(sms: Sms) -> list[Report] | None:
    """One of the sender's own codes with a labelled count behind it, and something before it that cannot be read."""
    note = written.whole(sms).note
    for start in _own_codes(sms):
        if note is not None and note < start and written.whole(sms, start).named & {*HEADS}:
            return written.in_order(sms, _opening_at(sms.cased_body, start), asks=True)
    return None


def _opening_at(text: str, start: int) -> Opening:
    """A report from its code on: PRES, or what the keyword right before the code says."""
    spoilt = re.search("[0-9]", text[:start]) is not None
    named = [one for one in openings.further(text, 0) if chunks.first(text, one.body, start) is None]
    return replace(named[-1] if named else _missing(start), start=start, body=start, repairs=MISSING, spoilt=spoilt)


def _missing(start: int, *, spoilt: bool = False) -> Opening:
    return Opening("attendance", start, start, repairs=MISSING, spoilt=spoilt)


def _own_codes(sms: Sms) -> Iterator[int]:
    """The places where codes of the sender stand."""
    for hit in _CODE.finditer(sms.cased_body):
        if (found := lookalikes.repair(hit[0])) and found[0] in sms.clubs:
            yield hit.start()


def _is_spoilt_keyword(sms: Sms, chunk: Chunk) -> bool:
    """Whether letters and digits are mixed here, without the code, a count label or a day: `2S`."""
    if not chunk.is_mixed or _CODE.search(chunk.text) or dates.at(sms.body, chunk.start, sms.today):
        return False
    return not any(isinstance(part, pieces.Label) and part.name not in NUMBERED for part in pieces.cut(chunk) or ())


def _has_both_sexes(body: Body) -> bool:
    """Whether labels tell both, M among them where it is clear."""
    named = {*body.named, *(settle(body)[0] if "M" in body.named else ())}
    return {*SEXES} <= named
