"""Shows of hands: MAINS; pure, knows no database.

Source: the page on incoming SMS, section 8.7.
"""

from __future__ import annotations

from campaigns.conversation.grammar.reading import Result
from campaigns.conversation.grammar.sms import Sms


def read_hands(sms: Sms) -> Result | None:
    """Read a show of hands; None when the keyword does not lead, or nothing of it can be read."""
    return None


def read_pending(sms: Sms) -> Result | None:
    """Read the yes or no to a show of hands that did not fit; None when it is no answer."""
    return None
