"""Reports without a keyword, or with one that cannot be read; pure.

Source: the page on incoming SMS, section 6.7.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from campaigns.conversation.grammar import chunks, dates, lookalikes, openings, pieces, written
from campaigns.conversation.grammar.checks import settle
from campaigns.conversation.grammar.chunks import Chunk
from campaigns.conversation.grammar.counts import Body
from campaigns.conversation.grammar.labels import FILLERS, HEADS, LABELS, NUMBERED, SEXES
from campaigns.conversation.grammar.openings import Opening
from campaigns.conversation.grammar.sms import Sms
from campaigns.conversation.grammar.written import Report

MISSING = ("keyword_missing",)
BEFORE = 4  # words that may stand before a keyword: `pour le club 1041`
_CODE = re.compile(r"(?<![0-9])[0-9OoIl|]{4}(?![0-9OoIl|])")


def find(sms: Sms) -> list[Report] | None:
    """The reports of an SMS that no keyword leads; None when there are none."""
    return _code_first(sms) or _labelled(sms) or _bare_numbers(sms) or _from_code_on(sms)


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


def _code_first(sms: Sms) -> list[Report] | None:
    """The code, maybe a day too, before the keyword: `1041 PRES F12 H8`; a mistyped keyword is asked there."""
    opening = _second(sms)
    if opening is None:
        return None
    before = written.body_of(sms, 0, opening.start)
    if before.code is None or before.note is not None or before.named or before.bare or before.flag:
        return None
    moved = replace(opening, repairs=(*MISSING, *opening.repairs))
    first, *others = written.in_order(sms, moved, asks=bool(opening.repairs))
    if first.body.code or first.body.is_blank:
        return None
    return [replace(first, body=first.body.behind(before)), *others]


def _second(sms: Sms) -> Opening | None:
    """The keyword that the first words stand before, unless it says a session there: `1041 SEANCE 7`."""
    text = sms.cased_body
    behind = islice(chunks.each(text, 0, len(text)), 1, BEFORE + 1)
    found = next((opening for chunk in behind if (opening := openings.leading(text, chunk.start))), None)
    if found is None or found.spoilt:
        return found
    note = written.whole(sms).note
    return found if note is not None and found.start <= note < found.body else None


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
