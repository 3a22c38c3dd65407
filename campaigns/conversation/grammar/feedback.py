"""What people say in their own words: AVIS, PLAINTE, QUESTION, and every text that is nothing else; pure.

Free text is never lost and never an error. Source: the page on incoming SMS, section 8.3.
"""

from __future__ import annotations

from campaigns.conversation.grammar import leading, words
from campaigns.conversation.grammar.reading import Reading, Result
from campaigns.conversation.grammar.sms import Sms
from messaging import fold

REPLIES = {"complaint_minor": "fb.ack_case", "question": "fb.ack_question", "thanks": "fb.thanks"}


def read_keyword(sms: Sms) -> Result | None:
    """Read a remark, a complaint or a question that its keyword announces; the keyword alone waits for its text."""
    for keyword, category in words.FEEDBACK.items():
        rest = leading.after(sms, (keyword,), doubled=True)
        if rest is not None:
            return (
                said(category) if rest else Result((Reading("feedback", "pending", {}, "text_missing"),), "fb.say_more")
            )
    return None


def read_pending(sms: Sms) -> Result:
    """Read the text that was still to come; the caller has seen that no keyword leads."""
    return said(str(sms.pending.get("category") or "unclassified"))


def read_free(sms: Sms) -> Result:
    """Read what no rule knows."""
    if "merci" in fold.words(sms.plain):
        return said("thanks")
    return said("question" if sms.plain.endswith("?") else "unclassified")


def said(category: str) -> Result:
    """A message of this category."""
    return Result((Reading("feedback", "ok", {"category": category}),), REPLIES.get(category, "fb.ack"))
