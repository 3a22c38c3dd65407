"""The life of a campaign: approved, started, paused, ended, with four eyes; knows no page.

A campaign is approved when every language of its audience has an approved text for every step, or the approver
accepts the shown fallback for each language that lacks one. A demonstration may start without: its drafts reach the
simulator only.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns import approvals, audience, bill, changes, loading
from campaigns.definitions import Audience, Step
from campaigns.models import Campaign, CampaignState, CampaignVersion, Enrolment
from campaigns.models import Step as StepRow
from messaging import audit, outbox, proposals, staff
from messaging.clock import local
from messaging.database import change, insert_ignore
from messaging.errors import RefusedError
from messaging.models import Chain, PausedStep, Programme, Role, Staff, Text, TextState
from messaging.rules import Reason

STARTABLE = (CampaignState.APPROVED, CampaignState.PAUSED)
CHANGED = (
    "Cette campagne a changé depuis que vous l'avez lue. Lisez-la de nouveau. / "
    "This campaign has changed since you read it. Read it again."
)
OVER = (
    "Les jours de toutes ses étapes sont passés : rien ne partirait. Changez d'abord le jour. / "
    "The days of all its steps are over: nothing would leave. Change the day first."
)


@dataclass(frozen=True)
class Gap:
    """A language of the audience without an approved text for a step, and what would be sent instead."""

    step: str
    language: str
    fallback: str | None  # None: these people get nothing
    people: int
    segments: int = 0  # of all that they would get in the fallback, as the bill counts it
    micros: int = 0  # its price, in millionths of XOF

    @property
    def name(self) -> str:
        """What an approver accepts: `dds:fr`, or `dds:-` where people get nothing."""
        return f"{self.language}:{self.fallback or '-'}"


def gaps(session: Session, campaign: Campaign, now: datetime) -> list[Gap]:
    """Where an approved text is missing, for every step and language of its audience, and what is sent instead.

    What would be sent today is taken from the bill, so that clubs and people with a chain of their own are seen too;
    languages that nobody of today's bill speaks are asked of the whole audience.
    """
    found = _of_bill(bill.of_campaign(session, campaign, now, drafts=False))
    programme = session.get_one(Programme, campaign.programme_id)
    definition = loading.export(session, campaign)
    order = {}
    for row, said in zip(loading.steps_of(session, campaign.id), definition.steps, strict=True):
        order[row.code] = row.position
        approved = set(
            session.scalars(sa.select(Text.language).where(Text.step_id == row.id, Text.state == TextState.APPROVED))
        )
        seen = {(gap.step, gap.language) for gap in found}
        meant = definition.audience_of(said)
        for language, people in spoken(session, programme, campaign, said, meant, now).items():
            if language not in approved and (row.code, language) not in seen:
                chain = session.get(Chain, (programme.id, language))
                fallback = next((code for code in (chain.falls_to if chain else []) if code in approved), None)
                found.append(Gap(row.code, language, fallback, people))
    return sorted(found, key=lambda gap: (order[gap.step], gap.language, gap.fallback or ""))


def _of_bill(shown: bill.Bill) -> list[Gap]:
    """The gaps that the bill of approved texts shows; people are those of the largest batch."""
    lines: defaultdict[tuple[str, str, str | None], list[bill.Line]] = defaultdict(list)
    for line in shown.lines:
        if line.wanted != line.language:
            lines[line.step, line.wanted, line.language].append(line)
    found = [
        Gap(*key, max(one.messages for one in rows), sum(one.segments for one in rows), sum(one.micros for one in rows))
        for key, rows in lines.items()
    ]
    nothing = [key for key in shown.waiting if key[2] == Reason.NO_TEXT.value]
    return found + [Gap(step, language, None, shown.waiting[step, language, why]) for step, language, why in nothing]


def spoken(
    session: Session, programme: Programme, campaign: Campaign, said: Step, meant: Audience, now: datetime
) -> dict[str, int]:
    """How many phones of a step's audience want each language."""
    today = local(now, programme.zone).date()
    where = audience.scope(session, programme, campaign.id, meant, today)
    people = audience.source(meant, where, None).subquery("people")
    query = sa.select(people.c.language, sa.func.count(sa.distinct(people.c.phone_id))).group_by(people.c.language)
    return {language: count for language, count in session.execute(query)}  # noqa: C416 - rows are no pairs to mypy


def approve(
    session: Session,
    campaign_id: int,
    person: Staff,
    now: datetime,
    accepted: Collection[str] = (),
    seen: int | None = None,
) -> Campaign:
    """Approve a campaign whose texts are approved, or whose shown fallbacks are accepted by name.

    One that takes two approvers stays a draft until the second one says so.

    Args:
        session: a writing session.
        campaign_id: the campaign.
        person: the approver.
        now: the time.
        accepted: languages whose fallbacks are all accepted (`dds`), or single ones (`dds:fr`, `dds:-` for nothing).
        seen: the lock of the campaign that she looked at; None: as it stands.

    Raises:
        RefusedError: no approver, not a draft, changed since she looked, her own changes, its days are over, or texts
            are missing; the sentence lists them.
    """
    campaign = loading.locked(session, campaign_id)
    if Role.APPROVER not in staff.roles(session, person.id):
        raise RefusedError("Il faut le rôle approbateur. / The role of approver is needed.")
    if campaign.state is not CampaignState.DRAFT:
        raise RefusedError("Cette campagne n'est plus un brouillon. / This campaign is no draft any more.")
    if seen is not None and campaign.lock != seen:
        raise RefusedError(CHANGED)
    if _changed_it(session, campaign, person):
        raise RefusedError(
            "Vous avez changé cette campagne : un autre l'approuve. / "
            "You changed this campaign: somebody else approves it."
        )
    _not_over(session, campaign, now)
    found = gaps(session, campaign, now)
    missing = [gap for gap in found if not {gap.language, gap.name} & set(accepted)]
    if missing:
        raise RefusedError(_told(missing))
    if approvals.needs_two(session, campaign, now) and not approvals.is_second(session, campaign, person, now):
        return campaign
    proposals.void(session, proposals.SECOND_APPROVAL, proposals.CAMPAIGN, campaign.id, person.id, now)  # none waits
    campaign.state, campaign.approver_id = CampaignState.APPROVED, person.id
    campaign.accepted_fallbacks = sorted({gap.language for gap in found})
    campaign.accepted_gaps = [asdict(gap) for gap in found]
    campaign.lock += 1
    _note(session, campaign, person.id, "approved", now, accepted=[_named(gap) for gap in found])
    return campaign


def _changed_it(session: Session, campaign: Campaign, person: Staff) -> bool:
    query = sa.select(CampaignVersion.version).where(
        CampaignVersion.campaign_id == campaign.id, CampaignVersion.staff_id == person.id
    )
    return session.scalar(query.limit(1)) is not None


def start(session: Session, campaign_id: int, staff_id: int | None, now: datetime) -> Campaign:
    """Start an approved campaign, or go on with a paused one; who is meant is enrolled.

    Raises:
        RefusedError: it is not approved and no demonstration, it runs or has ended, or its days are over.
    """
    campaign = loading.locked(session, campaign_id)
    programme = session.get_one(Programme, campaign.programme_id)
    is_drafted = programme.demonstration and campaign.state is CampaignState.DRAFT
    if campaign.state not in STARTABLE and not is_drafted:
        raise RefusedError(
            f"Cette campagne ne peut pas démarrer : {campaign.state.value}. Faites-la d'abord approuver. / "
            f"This campaign cannot start: {campaign.state.value}. Have it approved first."
        )
    _not_over(session, campaign, now)
    if campaign.started_at is not None:  # it was paused, and perhaps changed since
        steps = [step.id for step in loading.steps_of(session, campaign.id)]
        session.execute(sa.delete(PausedStep).where(PausedStep.step_id.in_(steps)))
        changes.catch_up(session, campaign, now)
        outbox.release_steps(session, steps, Reason.PAUSED_CAMPAIGN)
    campaign.state, campaign.started_at = CampaignState.RUNNING, campaign.started_at or now
    campaign.lock += 1
    enrol_all(session, campaign, programme, now)
    _note(session, campaign, staff_id, "started", now)
    return campaign


def pause(session: Session, campaign_id: int, staff_id: int | None, now: datetime) -> Campaign:
    """Pause a running campaign: nothing more is planned, and what waits is held.

    Raises:
        RefusedError: it does not run.
    """
    campaign = loading.locked(session, campaign_id)
    if campaign.state is not CampaignState.RUNNING:
        raise RefusedError("Cette campagne n'est pas en cours. / This campaign is not running.")
    campaign.state = CampaignState.PAUSED
    campaign.lock += 1
    steps = _step_ids(session, campaign.id)
    paused = set(session.scalars(sa.select(PausedStep.step_id)))  # a removed step stays so
    session.add_all(
        PausedStep(step_id=step_id) for step_id in steps if step_id not in paused
    )  # what is on its way may come back to waiting
    held = outbox.hold_steps(session, steps, Reason.PAUSED_CAMPAIGN)
    _note(session, campaign, staff_id, "paused", now, held=held)
    return campaign


def _not_over(session: Session, campaign: Campaign, now: datetime) -> None:
    """Nothing is approved or started that would silently send nothing."""
    if campaign.started_at is not None:
        return
    today = local(now, session.get_one(Programme, campaign.programme_id).zone).date()
    days = [Step.model_validate(row.definition).when.date for row in loading.steps_of(session, campaign.id)]
    if days and all(day is not None and day < today for day in days):
        raise RefusedError(OVER)


def enrol_all(session: Session, campaign: Campaign, programme: Programme, now: datetime) -> int:
    """Enrol every member that a step by enrolment means, from today or the campaign's first day on.

    Who is enrolled stays as she is.
    """
    definition = loading.export(session, campaign)
    if all(step.when.after_enrolment is None for step in definition.steps):
        return 0
    today = local(now, programme.zone).date()
    anchor = max(today, campaign.starts_on or today)  # days are counted from the first day of the campaign on
    meant = {definition.audience_of(step) for step in definition.steps if step.when.after_enrolment is not None}
    return sum(_enrol(session, campaign, programme, one, today, anchor) for one in meant)


def _enrol(
    session: Session, campaign: Campaign, programme: Programme, meant: Audience, today: date, anchor: date
) -> int:
    """Enrol who is meant, with a phone or without: a woman without one is reached through her club."""
    if meant.role not in (None, "member"):
        return 0
    where = audience.scope(session, programme, campaign.id, meant, today)
    people = audience.members(meant, where).subquery("people")
    query = sa.select(
        sa.literal(campaign.id), people.c.id, sa.literal(anchor, sa.Date()), sa.literal(None, sa.DateTime())
    ).where(sa.true())
    columns = ["campaign_id", "member_id", "anchor_on", "ended_at"]
    return change(session, insert_ignore(session, Enrolment, columns[:2]).from_select(columns, query.distinct()))


def enrol_newcomers(session: Session, now: datetime) -> int:
    """Enrol whoever joined a running campaign's audience since the last time, from tomorrow on; gives how many."""
    query = sa.select(Campaign, Programme).join(Programme, Programme.id == Campaign.programme_id)
    running = query.where(Campaign.state == CampaignState.RUNNING, Programme.ended_at.is_(None))
    tomorrow = now + timedelta(days=1)
    return sum(
        enrol_all(session, campaign, programme, tomorrow) for campaign, programme in session.execute(running).all()
    )


def enrol(session: Session, member_id: int, programme: Programme, now: datetime) -> None:
    """Enrol a member who has just agreed, from tomorrow on: today's hour of the first step may have passed."""
    tomorrow = local(now, programme.zone).date() + timedelta(days=1)
    running = sa.select(Campaign.id).where(
        Campaign.programme_id == programme.id, Campaign.state == CampaignState.RUNNING
    )
    for campaign_id in session.scalars(running).all():
        row = {"campaign_id": campaign_id, "member_id": member_id, "anchor_on": tomorrow}
        session.execute(insert_ignore(session, Enrolment, ["campaign_id", "member_id"]).values(**row))


def _step_ids(session: Session, campaign_id: int) -> list[int]:
    return list(session.scalars(sa.select(StepRow.id).where(StepRow.campaign_id == campaign_id)))


def _named(gap: Gap) -> str:
    """A gap for the audit log: step, languages and people, no money (eight digits would be masked as a number)."""
    return f"{gap.step}: {gap.language} > {gap.fallback or 'nothing'}, {gap.people}"


def _told(missing: list[Gap]) -> str:
    by_language: defaultdict[str, list[Gap]] = defaultdict(list)
    for gap in missing:
        by_language[gap.language].append(gap)

    def rows(nothing: str) -> str:
        return "\n".join(_row(language, found, nothing) for language, found in sorted(by_language.items()))

    return (
        "Il manque des textes approuvés (langue : étapes, téléphones, langue de repli, ce qu'il coûte). "
        f"Acceptez chaque repli par sa langue :\n{rows('rien')} / "
        "Approved texts are missing (language: steps, phones, fallback, what it costs). "
        f"Accept each fallback by its language:\n{rows('nothing')}"
    )


def _row(language: str, found: list[Gap], nothing: str) -> str:
    steps = ", ".join(gap.step for gap in found)
    fallbacks = ", ".join(sorted({gap.fallback or nothing for gap in found}))
    segments, xof = sum(gap.segments for gap in found), bill.xof(sum(gap.micros for gap in found))
    return f"{language}: {steps} ({max(gap.people for gap in found)}; → {fallbacks}; {segments} SMS, {xof} FCFA)"


def _note(
    session: Session, campaign: Campaign, staff_id: int | None, action: str, now: datetime, **more: object
) -> None:
    audit.note(
        session, audit.actor(staff_id), action, "campaign", campaign.id, now,
        after={"state": campaign.state.value, **more},
    )  # fmt: skip
