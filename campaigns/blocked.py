"""What a campaign may not say where: its steps with blocked tags, by commune; knows no page.

Source: the page on safeguarding, section 5.1.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns import audience, loading
from campaigns.definitions import Audience
from campaigns.definitions import Step as Said
from campaigns.definitions.model import merge
from campaigns.models import Campaign
from campaigns.models import Step as StepRow
from messaging import places, risk
from messaging.clock import local
from messaging.models import Place, Programme
from messaging.models.place import RiskLevel
from messaging.models.post import Kind


@dataclass(frozen=True)
class Blocked:
    """Steps that do not leave to a commune for their tags; `commune` None: to no commune, whatever its level."""

    commune: int | None
    name: str
    level: RiskLevel
    tags: tuple[str, ...]
    steps: tuple[str, ...]
    phones: int  # of the step that means most


@dataclass(frozen=True)
class _Stop:
    """One step that does not leave to one commune."""

    commune: int | None
    step: str
    tags: frozenset[str]
    phones: int


def of_campaign(session: Session, campaign: Campaign, now: datetime, step: str | None = None) -> list[Blocked]:
    """Where steps of a campaign, or one of them, do not leave, by the name of the commune; mostly empty."""
    steps = [(row, said) for row, said in tagged(session, campaign) if step in (None, row.code)]
    if not steps:
        return []
    levels = risk.levels(session, now)
    stops = list(_stops(session, campaign, steps, levels, now))
    names = _names(session, {stop.commune for stop in stops if stop.commune is not None})
    made = [
        _joined(commune, names.get(commune or 0, ""), levels, [stop for stop in stops if stop.commune == commune])
        for commune in {stop.commune: None for stop in stops}
    ]
    return sorted(made, key=lambda one: (one.name, one.commune or 0))


def tagged(session: Session, campaign: Campaign) -> list[tuple[StepRow, Said]]:
    """The steps of a campaign that carry a tag, and its alerts."""
    rows = [(row, Said.model_validate(row.definition)) for row in loading.steps_of(session, campaign.id)]
    return [(row, said) for row, said in rows if said.tags or row.send_as is Kind.ALERT]


def reached(
    session: Session, campaign: Campaign, said: Said, communes: Collection[int], now: datetime
) -> dict[int, int]:
    """How many phones a step means in each of some communes; one without any is missing."""
    people = _people(session, campaign, said, now)
    inside = places.inside(communes, now.date()).subquery("places")
    living = risk.living(risk.within(session, communes, now)).subquery("living")
    query = (
        sa.select(inside.c.top_id, sa.func.count(sa.distinct(people.c.phone_id)))
        .select_from(people)
        .join(living, living.c.phone_id == people.c.phone_id)
        .join(inside, inside.c.place_id == living.c.place_id)
        .group_by(inside.c.top_id)
    )
    return {commune: count for commune, count in session.execute(query)}  # noqa: C416 - rows are no pairs to mypy


def _stops(
    session: Session,
    campaign: Campaign,
    steps: Collection[tuple[StepRow, Said]],
    levels: dict[int, RiskLevel],
    now: datetime,
) -> Iterator[_Stop]:
    blocked = risk.blocked_tags(session)
    for row, said in steps:
        if tags := blocked[RiskLevel.GREEN] & set(said.tags):
            people = _people(session, campaign, said, now)
            count = session.scalar(sa.select(sa.func.count(sa.distinct(people.c.phone_id))))
            yield _Stop(None, row.code, frozenset(tags), count or 0)
            continue
        hot = {commune: frozenset(blocked[level] & set(said.tags)) for commune, level in levels.items()}
        hot = {commune: tags for commune, tags in hot.items() if tags}
        for commune, count in reached(session, campaign, said, hot, now).items() if hot else ():
            yield _Stop(commune, row.code, hot[commune], count)


def _joined(commune: int | None, name: str, levels: dict[int, RiskLevel], stops: list[_Stop]) -> Blocked:
    level = RiskLevel.GREEN if commune is None else levels[commune]
    tags = sorted(frozenset().union(*(stop.tags for stop in stops)))
    return Blocked(commune, name, level, tuple(tags), tuple(s.step for s in stops), max(s.phones for s in stops))


def _people(session: Session, campaign: Campaign, said: Said, now: datetime) -> sa.Subquery:
    programme = session.get_one(Programme, campaign.programme_id)
    meant = merge(Audience.model_validate(campaign.definition["audience"] or {}), said.audience)
    where = audience.scope(session, programme, campaign.id, meant, local(now, programme.zone).date())
    return audience.source(meant, where, None, personal=said.personal is not None).subquery("people")


def _names(session: Session, communes: Collection[int]) -> dict[int, str]:
    rows = session.execute(sa.select(Place.id, Place.name).where(Place.id.in_(communes)))
    return {ident: name for ident, name in rows}  # noqa: C416
