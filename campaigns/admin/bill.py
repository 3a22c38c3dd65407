"""The bill and the days of a campaign before it is approved: people, segments, money, what cannot leave in time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from flask import Blueprint, render_template, request
from sqlalchemy.orm import Session

from campaigns import bill as bills
from campaigns import life, loading, received
from campaigns.admin.campaigns import find
from campaigns.admin.precautions import blocked_steps, blocked_words, second_approval
from campaigns.admin.security import installation, me
from campaigns.admin.words import _, tongue
from campaigns.flow import Help
from campaigns.models import CampaignState
from messaging.clock import utc_now
from messaging.models import Language, Role

bill = Blueprint("bill", __name__, url_prefix="/admin/<programme>/campaigns", template_folder="templates")
bill.add_app_template_global(blocked_steps)  # the campaign's and the step's page say it too
bill.add_app_template_global(second_approval)
bill.add_app_template_filter(blocked_words)
LONGEST = 366  # days


@dataclass(frozen=True)
class Lack:
    """A language without approved texts: its steps, and what its people would get instead."""

    language: str
    fallback: str | None
    steps: tuple[str, ...]
    phones: int
    segments: int
    micros: int


@bill.get("/<campaign>/cost")
def cost(campaign: str) -> str:
    """The bill of a campaign, for its whole length or some days, and for an approver the approval below it."""
    days = request.args.get("days", type=int)
    days = days if days and 0 < days <= LONGEST else None
    with installation().db.read() as session:
        row, now = find(session, campaign), utc_now()
        second = second_approval(row)
        has_approved = second is not None and second.is_mine
        may_approve = row.state is CampaignState.DRAFT and me().has(Role.APPROVER) and not has_approved
        return render_template(
            "bill.html", campaign=row, bill=bills.of_campaign(session, row, now, days=days), days=days, helps=helps,
            received=received.of_campaign(session, row.id), names=names(session), may_approve=may_approve,
            lacking=lacking(life.gaps(session, row, now)) if row.state is CampaignState.DRAFT else [],
            steps=len(loading.steps_of(session, row.id)),
        )  # fmt: skip


def names(session: Session) -> dict[str, str]:
    """The languages by code, as the page calls them."""
    return {row.code: tongue(row) for row in session.scalars(sa.select(Language))}


def lacking(gaps: Iterable[life.Gap]) -> list[Lack]:
    """Missing texts by language and fallback, with the phones of the step that reaches most."""
    found: dict[tuple[str, str | None], list[life.Gap]] = {}
    for gap in gaps:
        found.setdefault((gap.language, gap.fallback), []).append(gap)
    return [
        Lack(
            language, fallback, tuple(row.step for row in rows), max(row.people for row in rows),
            sum(row.segments for row in rows), sum(row.micros for row in rows),
        )
        for (language, fallback), rows in sorted(found.items(), key=str)
    ]  # fmt: skip


def helps(found: Sequence[Help]) -> list[str]:
    """What would let everything leave in time, in words."""
    said = {
        "sims": lambda value: _("envoyer par %(num)s cartes SIM de ce débit", num=value),
        "earlier": lambda value: _("commencer à %(hour)s", hour=f"{value // 60:02}:{value % 60:02}"),
        "longer": lambda value: _("garder le message utile %(num)s jours de plus", num=value),
        "clubs": lambda value: _("ne l'envoyer qu'aux clubs : %(num)s messages", num=value),
    }
    return [said[one.what](one.value) for one in found]
