"""Which club a report is for: a code that was written, or the sender's only one; pure, knows no table of clubs.

Source: the page on incoming SMS, section 6.2.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from campaigns.conversation.grammar import lookalikes
from messaging import codes

LENGTH = 4  # signs of a code
_CODE = re.compile(rf"[0-9OoIl|]{{{LENGTH}}}(?![\w|])")

Refusal = tuple[str, Mapping[str, Any]]  # the code in `error`, and the fields that go with it


def code_at(text: str, start: int = 0) -> tuple[str, tuple[str, ...]] | None:
    """The four digits that stand alone here, letters typed for some of them put right, and these repairs."""
    hit = _CODE.match(text, start)
    return lookalikes.repair(hit[0]) if hit else None


def refuse_code(given: str | None, own: Sequence[str]) -> Refusal | None:
    """Why a code that was written may not be reported for; None when it may, or when none was written."""
    if given is None:
        return None
    if not codes.is_valid(given):
        return "club_code_invalid", {"code_given": given, "suggest": codes.suggest(given, own)}
    if given not in own:
        return "club_not_yours", {"code_given": given}
    return None


def which(given: str | None, own: Sequence[str]) -> str | None:
    """The code that was written, else the sender's only one; None: it must be asked (`club_missing`)."""
    return given or (own[0] if len(own) == 1 else None)
