"""What a campaign's pages say of places at risk: which steps do not leave where, and whether two people approve."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from campaigns import approvals, blocked
from campaigns.admin.security import installation, me
from campaigns.admin.when import TAGS
from campaigns.admin.words import _, _n
from campaigns.blocked import Blocked
from campaigns.models import Campaign, CampaignState
from messaging.clock import utc_now
from messaging.models import Staff
from messaging.models.place import RiskLevel


@dataclass(frozen=True)
class Second:
    """That two people approve a campaign, and who was the first, if anybody."""

    by: str = ""
    on: datetime | None = None
    is_mine: bool = False


def blocked_steps(campaign: Campaign, step: str | None = None) -> list[Blocked]:
    """Where steps of a campaign, or one of them, do not leave for their tags."""
    with installation().db.read() as session:
        return blocked.of_campaign(session, campaign, utc_now(), step)


def second_approval(campaign: Campaign) -> Second | None:
    """Who approves a draft beside the first; None when one person is enough."""
    if campaign.state is not CampaignState.DRAFT:
        return None
    with installation().db.read() as session:
        if not approvals.needs_two(session, campaign, utc_now()):
            return None
        row = approvals.first(session, campaign)
        if row is None:
            return Second()
        return Second(session.get_one(Staff, row.asked_by).name, row.asked_at, row.asked_by == me().id)


def blocked_words(row: Blocked) -> str:
    """What of a campaign does not leave to a commune, as a sentence: « Doucombo est rouge : … »."""
    tags = ", ".join(_(TAGS.get(tag, tag)) for tag in row.tags)
    phones = _n("%(num)s téléphone", "%(num)s téléphones", row.phones)
    if row.commune is None:
        return _("Les étapes marquées « %(tags)s » ne partent nulle part (%(phones)s).", tags=tags, phones=phones)
    said = {
        RiskLevel.ORANGE: _("%(name)s est orange : les étapes marquées « %(tags)s » n'y partent pas (%(phones)s).",
                            name=row.name, tags=tags, phones=phones),
        RiskLevel.RED: _("%(name)s est rouge : les étapes marquées « %(tags)s » n'y partent pas (%(phones)s).",
                         name=row.name, tags=tags, phones=phones),
    }  # fmt: skip
    return said[row.level]
