"""The outbox as queries: what goes out, by state and reason, campaign and place, and what mends what is held."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from flask import current_app, url_for

from campaigns.admin import masks, paging
from campaigns.admin.security import me
from campaigns.admin.words import N_
from campaigns.models import Campaign, Step
from messaging.models import Inbound, Message, Phone, Role
from messaging.models.post import State
from messaging.rules import Reason

Query = sa.Select[*tuple[Any, ...]]
SPAN = timedelta(days=7)  # what was due longer ago is told by the results; a month of it is too much to count
ORDER = [State.HELD, *State]  # what is held first
SETTLERS = (Role.OFFICER, Role.APPROVER)  # who decides of a message that may have left
REMEDIES = {  # reason -> the page where it is mended, and the words of the link; what is not there is left out
    Reason.NOT_APPROVED: ("campaigns.step", N_("approuver le texte")),
    Reason.REFUSED_TEXT: ("campaigns.step", N_("changer le texte")),
    Reason.NO_TEXT: ("campaigns.step", N_("écrire ou approuver le texte")),
    Reason.EMPTY_SLOT: ("campaigns.step", N_("voir le texte")),
    Reason.CHANGED: ("campaigns.step", N_("voir l'étape")),
    Reason.TOO_LONG: ("campaigns.step", N_("raccourcir le texte")),
    Reason.PAUSED_CAMPAIGN: ("campaigns.one", N_("voir la campagne")),
    Reason.BUDGET: ("bill.cost", N_("voir le coût de la campagne")),
    Reason.RISK: ("communes.one", N_("voir la commune")),
    Reason.PAUSED_PLACE: ("communes.one", N_("voir la commune")),
    Reason.QUARANTINE: ("numbers.one", N_("voir le téléphone")),
    Reason.UNKNOWN: ("unclear.page", N_("décider")),
    Reason.PAUSED_GATEWAY: ("gateways.page", N_("voir les passerelles")),
    Reason.NO_GATEWAY: ("gateways.page", N_("voir les passerelles")),
    Reason.ONE_WAY: ("gateways.page", N_("voir les passerelles")),
}


@dataclass(frozen=True)
class Cut:
    """What the list is cut to: state, reason, campaign and place; empty: all."""

    programme_id: int
    since: datetime
    spot: masks.Spot
    now: datetime
    state: str = ""
    reason: str = ""
    campaign: Campaign | None = None

    @property
    def where(self) -> dict[str, str | int | None]:
        """Its part of an address, without state and reason."""
        place = self.spot.place.id if self.spot.place else self.spot.missed
        return {"campaign": self.campaign.code if self.campaign else None, "place": place or None}

    @property
    def here(self) -> list[sa.ColumnElement[bool]]:
        """The conditions for its campaign and place; own places always.

        A reply tells that an SMS came: it stands here for who may know that.
        """
        known = sa.exists().where(Inbound.id == Message.inbound_id, masks.may_know())
        conditions = [Message.programme_id == self.programme_id, Message.due_at >= self.since]
        conditions += [self.spot.within(Message.village_id, self.now), sa.or_(Message.inbound_id.is_(None), known)]
        if self.campaign:
            steps = sa.select(Step.id).where(Step.campaign_id == self.campaign.id)
            conditions.append(Message.step_id.in_(steps))
        return conditions


def by_state(cut: Cut) -> Query:
    """How many messages are in each state, for each reason; whatever state the list is cut to."""
    columns = (Message.state, Message.reason, sa.func.count().label("messages"))
    return sa.select(*columns).where(*cut.here).group_by(Message.state, Message.reason)


def going_out(cut: Cut, before: str) -> Query:
    """Messages with their phone, step and campaign, the latest due first; `before` is `moment~id` of the last one."""
    query = (
        sa.select(Message, Phone.last_two, Step, Campaign, Phone.prefix)
        .join(Phone, Phone.id == Message.phone_id)
        .outerjoin(Step, Step.id == Message.step_id)
        .outerjoin(Campaign, Campaign.id == Step.campaign_id)
        .where(*cut.here)
        .order_by(Message.due_at.desc(), Message.id.desc())
    )
    if cut.state in set(State):
        query = query.where(Message.state == State(cut.state))
    if cut.reason in set(Reason):
        query = query.where(Message.reason == cut.reason)
    key = cursor(before)
    if key is None:
        return query
    due, ident = key
    return query.where(Message.due_at <= due, sa.or_(Message.due_at < due, Message.id < ident))


def cursor(given: str) -> tuple[datetime, int] | None:
    """Read the key of a row out of an address; None when it is none."""
    moment, _tilde, ident = given.partition("~")
    number = paging.after(ident)
    try:
        due = datetime.fromisoformat(moment)
    except ValueError:
        return None
    return None if number is None or due.tzinfo is None else (due, number)


def is_masked(message: Message, step: Step | None, campaign: Campaign | None) -> bool:
    """True when the campaign would tell a stage of life or a wealth group of who stands beside it."""
    audiences = [one.definition.get("audience") or {} for one in (campaign, step) if one]
    return message.personal or any(one.get(key) for one in audiences for key in masks.TELLING)


def remedy(
    message: Message, step: Step | None, campaign: Campaign | None, commune_id: int | None, found: str | None = None
) -> Any:
    """The address and the words of a link to the page where a message that does not leave is mended; None: none.

    Of a row without a reason the one that was `found` counts.
    """
    reason = message.reason or found
    if message.state not in (State.HELD, State.WAITING) or reason not in REMEDIES:
        return None
    endpoint, words = REMEDIES[Reason(reason)]
    values: dict[str, Any] = {
        "campaigns.step": {"campaign": campaign.code, "step": step.code} if campaign and step else None,
        "campaigns.one": {"campaign": campaign.code} if campaign else None,
        "bill.cost": {"campaign": campaign.code} if campaign else None,
        "communes.one": {"commune": commune_id} if commune_id else None,
        "numbers.one": {"ident": message.phone_id} if masks.is_officer() else None,
        "gateways.page": {},
        "unclear.page": {} if any(me().has(role) for role in SETTLERS) else None,
    }  # fmt: skip
    is_there = endpoint in current_app.view_functions and values[endpoint] is not None
    return (url_for(endpoint, **values[endpoint]), words) if is_there else None
