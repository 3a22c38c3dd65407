"""What a club decided: DECISION, and whether it was kept; pure, knows no database.

Source: the page on incoming SMS, section 8.8.
"""

from __future__ import annotations

from campaigns.conversation.grammar.reading import Result
from campaigns.conversation.grammar.sms import Sms


def read_decision(sms: Sms) -> Result | None:
    """Read a decision; None when the keyword does not lead."""
    return None


def read_pending(sms: Sms) -> Result | None:
    """Read the answer to whether a decision was kept; None when it is no answer."""
    return None
