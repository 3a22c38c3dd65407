"""Reports of who came: PRES, ECOUTE, VISITE, CORR; pure, knows no database.

Source: the page on incoming SMS, section 6.
"""

from __future__ import annotations

from campaigns.conversation.grammar.reading import Result
from campaigns.conversation.grammar.sms import Sms


def leads(sms: Sms) -> bool:
    """Whether a keyword of this family leads, as it stands or glued to digits: then it is no STOP and no sensitive text."""
    return False


def read_report(sms: Sms) -> Result | None:
    """Read what a keyword of this family leads, also a mistyped one; None when none does."""
    return None


def read_bare(sms: Sms) -> Result | None:
    """Read a report without a keyword; None when it is none."""
    return None


def read_pending(sms: Sms) -> Result | None:
    """Read the answer to what we asked about a report: its club, its other half, a yes; None when it is no answer."""
    return None
