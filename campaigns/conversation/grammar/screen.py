"""The screen for words of danger and abuse, before anything else is read; the words: `words.py`. Pure.

Source: the page on incoming SMS, section 4.2.
"""

from __future__ import annotations

from campaigns.conversation.grammar import decisions, hands, reports, values, wishes, words
from campaigns.conversation.grammar.reading import Reading, Result
from campaigns.conversation.grammar.sms import Sms


def read_sensitive(sms: Sms) -> Result | None:
    """Read what such a word stands in, of every role and after every other keyword; None when there is none.

    Reports are read instead, for a pest "attacks" the millet; the service screens their notes afterwards.
    """
    category = next((name for name, pattern in words.SENSITIVE if pattern.search(sms.plain)), None)
    if category is None or _reports(sms):
        return None
    reply = "sens.not_emergency" if category == "security" else "sens.ack"
    return Result((Reading("sensitive", "ok", {"category": category}),), reply)


def _reports(sms: Sms) -> bool:
    """Whether a keyword leads under which this is no free text; what cannot be read under it is screened."""
    if values.leads(sms):
        return True
    readers = (reports.read_report, hands.read_hands, decisions.read_decision, wishes.read_tip_sheet)
    return any(reader(sms) is not None for reader in readers)
