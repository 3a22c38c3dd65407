"""Whether what was distributed arrived: RECU, PAS RECU; pure.

Source: the page on incoming SMS, section 8.6.
"""

from __future__ import annotations

import re
from typing import Any

from campaigns.conversation.catalogue import Row
from campaigns.conversation.grammar import leading, words
from campaigns.conversation.grammar.reading import Reading, Result
from campaigns.conversation.grammar.sms import Sms

NOTHING = frozenset({"pas", "rien", "aucun", "aucune", "jamais", *words.NO})
# Digits alone: the L of `5L` is a litre here.
_NUMBER = re.compile(r"(?<![\d.,])\d+(?:[.,]\d+)*")


def read_receipt(sms: Sms, row: Row, rest: str, repairs: tuple[str, ...]) -> Result | None:
    """Read whether it arrived, and how much; None when the text takes back what its first word says."""
    received = leading.after(sms, ("pas recu",)) is None
    numbers = _NUMBER.findall(rest)
    spoken = set(re.findall(r"[^\W\d_]+", rest.lower()))
    if (numbers and not re.fullmatch(r"\d{1,6}", numbers[0])) or (received and spoken & NOTHING):
        return None
    fields: dict[str, Any] = {"distribution": sms.context.get(row.subject), "received": received}
    if numbers:
        fields["quantity"] = int(numbers[0])
    return Result((Reading(row.kind, "ok", fields),), row.reply if received else "dist.case_opened")
