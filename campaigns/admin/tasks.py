"""What waits for the account that looks, as lines of Today: each says how much, how soon, and leads to the list."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from flask import url_for
from sqlalchemy.orm import Session

from campaigns import caseload, clocks, sorting
from campaigns.admin import docket, words
from campaigns.admin.calls import counted as counted_calls
from campaigns.admin.clubs import silent
from campaigns.admin.glance import lately
from campaigns.admin.messages import MOST, counted, ours
from campaigns.admin.outbox import SPAN
from campaigns.admin.people import without_contact
from campaigns.admin.security import me
from campaigns.admin.sorting import mine
from campaigns.admin.telephones import heard
from campaigns.admin.words import N_, _, _n
from campaigns.clocks import Standing
from campaigns.models import Campaign, CampaignState, EvaluationPurpose, Feedback, Step
from messaging import alarms, budget, notices, places, proposals, restored
from messaging.alarms import Kind
from messaging.clock import local, utc_now
from messaging.gateways import signs
from messaging.models import (
    Budget,
    Gateway,
    Inbound,
    Message,
    PausedPlace,
    Place,
    Programme,
    ProgrammeVillage,
    Proposal,
    Role,
    Text,
    TextState,
)
from messaging.models.post import State
from messaging.rules import Reason

AT_ONCE, TODAY, SOON, SOME_DAY = range(4)
SUPERVISED = 20  # cases of a supervisor that stand on Today one by one
NEARLY = 80  # percent of a month's money
TOLD_ELSEWHERE = (Kind.PAUSED, Kind.BUDGET)  # alarms with a line of their own here
RESTORED = N_(
    "La sauvegarde du %(since)s a été restaurée le %(until)s. Ce qui était dû jusque-là est retenu, car c'est "
    "peut-être déjà parti."
)
SETTLE = N_(
    "Si c'était parti, lancez %(left)s. Si rien n'était parti, lancez %(unsent)s. Dans le doute, la première "
    "(docs/fr/exploiter.md, 6)."
)
PROPOSALS = {
    proposals.LOWER_RISK: N_("Demande à décider : baisser le niveau de risque de %(name)s"),
    proposals.LIFT_PAUSE: N_("Demande à décider : lever la pause de %(name)s"),
    proposals.SECOND_APPROVAL: N_("Deuxième approbation : %(name)s"),
    proposals.EXPORT_PERSONS: N_("Fichiers pour évaluateurs à accepter : %(name)s"),
}


@dataclass(frozen=True)
class Task:
    """One line: the lower its haste, the higher it stands; `count` None: it is one thing; no programme: all of them.

    `href` is empty when there is no page to lead to.
    """

    haste: int
    words: str
    href: str
    count: int | None = None
    programme: Programme | None = None
    hint: str = ""


@dataclass(frozen=True)
class Work:
    """Texts of one campaign that wait for this account."""

    campaign: Campaign
    programme: Programme
    texts: int


def of(session: Session, now: datetime) -> list[Task]:
    """Everything that waits for this account, the most urgent first."""
    found = [*restore(session), *gateways(session), *telephones(session, now), *alarmed(session, now), *asked(session)]
    for programme in me().programmes:
        found += [
            *posts(session, programme, now), *sensitive(session, programme, now), *cases(session, programme, now),
            *phone_calls(session, programme, now),
            *pauses(session, programme, now), *campaigns(session, programme), *money(session, programme, now),
            *quiet(session, programme, now),
        ]  # fmt: skip
    return sorted(found, key=lambda task: task.haste)


def held(session: Session, now: datetime) -> list[tuple[Programme, str, int]]:
    """Messages that are held, by programme and reason, the most first."""
    own = {row.id: row for row in me().programmes}
    rows = session.execute(
        sa.select(Message.programme_id, Message.reason, sa.func.count())
        .where(Message.programme_id.in_(own), Message.due_at >= now - SPAN, Message.state == State.HELD)
        .where(me().within(Message.village_id))
        .group_by(Message.programme_id, Message.reason)
        .order_by(sa.func.count().desc())
    )
    return [(own[programme_id], reason or "", messages) for programme_id, reason, messages in rows]


def posts(session: Session, programme: Programme, now: datetime) -> Iterator[Task]:
    """SMS for the officer of the place: to sort, of them late ones, and those that may be sensitive."""
    if not me().has(Role.OFFICER):
        return
    waiting = (ours(programme.id), sorting.boxed("waiting"))
    if all_of_them := counted(session, *waiting):
        days, term = caseload.days(session, programme), clocks.WORKING
        told_by = clocks.told_by(now, term.span, term.working, days)
        late = counted(session, *waiting, Inbound.received_at <= told_by, sorting.WHAT != "thanks")
        since = _n("dont %(num)s depuis trois jours ouvrables", "dont %(num)s depuis trois jours ouvrables", late)
        hint = since if late else ""
        href = url_for("messages.inbox", programme=programme.code, view="waiting")
        yield Task(AT_ONCE if late else TODAY, _("SMS à trier"), href, all_of_them, programme, hint)
    if doubtful := counted(session, ours(programme.id), sorting.boxed("doubtful")):
        href = url_for("messages.inbox", programme=programme.code, view="doubtful")
        yield Task(AT_ONCE, _("SMS à vérifier : ils peuvent être sensibles"), href, doubtful, programme)


def sensitive(session: Session, programme: Programme, now: datetime) -> Iterator[Task]:
    """Open sensitive SMS of the focal point's own categories; a category whose clock has run out is told."""
    if not me().has(Role.FOCAL_POINT):
        return
    done = sa.exists().where(Feedback.inbound_id == Inbound.id, Feedback.closed_at.is_not(None))
    if many := counted(session, mine(programme.id), ~done):
        late = _cases(session, programme, now, "late", Feedback.category.in_(caseload.SENSITIVE))
        hint = _n("%(num)s en retard", "%(num)s en retard", late) if late else ""
        href = url_for("sorting.sensitive", programme=programme.code)
        yield Task(AT_ONCE, _("Messages sensibles de votre catégorie"), href, many, programme, hint)


def cases(session: Session, programme: Programme, now: datetime) -> Iterator[Task]:
    """Cases whose clock has run out or is near its end, and those of which a supervisor must decide."""
    is_open = Feedback.category.in_(caseload.WORKED)
    index = {name: url_for("cases.index", programme=programme.code, view=name) for name in ("late", "near")}
    if me().has(Role.OFFICER):
        if late := _cases(session, programme, now, "late", is_open):
            yield Task(AT_ONCE, _("Dossiers en retard"), index["late"], late, programme)
        if near := _cases(session, programme, now, "near", is_open):
            yield Task(TODAY, _("Dossiers dont le délai finit bientôt"), index["near"], near, programme)
    if me().has(Role.APPROVER):
        query = caseload.cases().where(caseload.IS_SUPERVISED, is_open, ours(programme.id)).order_by(Feedback.id)
        rows = session.execute(query.limit(SUPERVISED)).all()
        for case, _sms in rows:
            href = url_for("case.one", programme=programme.code, ident=case.id)
            said = _("Dossier %(number)s : deux fois NON, à vous de décider", number=caseload.number(case.id))
            yield Task(TODAY, said, href, None, programme)


def phone_calls(session: Session, programme: Programme, now: datetime) -> Iterator[Task]:
    """Phones that the officer is to call."""
    if me().has(Role.OFFICER) and (many := counted_calls(session, programme)):
        href = url_for("calls.index", programme=programme.code)
        yield Task(TODAY, _("Personnes à appeler"), href, many, programme)


def _cases(session: Session, programme: Programme, now: datetime, how: Standing, which: sa.ColumnElement[bool]) -> int:
    """How many cases that the account may see stand so, at most `MOST`."""
    days = caseload.days(session, programme)
    query = caseload.cases().with_only_columns(Feedback.id).where(
        docket.mine(programme.id), which, caseload.stands(session, how, now, days)
    )  # fmt: skip
    return session.scalar(sa.select(sa.func.count()).select_from(query.limit(MOST).subquery())) or 0


def restore(session: Session) -> Iterator[Task]:
    """For officers and administrators: a restore of which nobody has said yet what had left before it."""
    known = restored.gap(session) if any(me().has(role) for role in notices.ROLES) else None
    if known is None or known.left:
        return
    since, until = (words.moment(at).striptags() for at in (known.since, known.until))
    said = _(RESTORED, since=since, until=until)
    hint = _(SETTLE, left="jekulu restored --left", unsent="jekulu restored --unsent")
    unclosed = Message.state != State.CLOSED  # in the words of its index
    kept_back = sa.and_(unclosed, Message.state == State.HELD, Message.reason == Reason.RESTORED.value)
    rows = sa.select(Message.id).where(kept_back).limit(MOST).subquery()
    yield Task(AT_ONCE, said, "", session.scalar(sa.select(sa.func.count()).select_from(rows)) or None, hint=hint)


def gateways(session: Session) -> Iterator[Task]:
    """Paused gateways: nothing leaves by them."""
    for row in session.scalars(sa.select(Gateway).where(Gateway.paused_at.is_not(None)).order_by(Gateway.name)):
        said = _("La passerelle %(name)s est en pause.", name=row.name)
        yield Task(AT_ONCE, said, _gateways(), hint=row.paused_reason or "")


def telephones(session: Session, now: datetime) -> Iterator[Task]:
    """For administrators: telephones that are gateways and silent, or whose clock is so wrong that they are refused."""
    if not me().has(Role.ADMINISTRATOR):
        return
    rows = session.scalars(sa.select(Gateway).where(Gateway.adapter.in_(signs.TELEPHONES)).order_by(Gateway.name))
    for row in rows:
        one = heard(row, now)
        if one.clock:
            said = _("L'horloge du téléphone %(name)s est fausse : ses SMS attendent.", name=row.name)
            yield Task(AT_ONCE, said, _gateways(), hint=one.clock)
        elif not one.is_well:
            said = _("Le téléphone %(name)s ne donne plus signe de vie.", name=row.name)
            yield Task(AT_ONCE, said, _gateways(), hint=one.last)


def alarmed(session: Session, now: datetime) -> Iterator[Task]:
    """For officers and administrators: open alarms that no other line tells already."""
    if not any(me().has(role) for role in notices.ROLES):
        return
    rows = session.scalars(sa.select(Gateway).where(Gateway.adapter.in_(signs.TELEPHONES)))
    lost = {row.name for row in rows if me().has(Role.ADMINISTRATOR) and not heard(row, now).is_well}
    for row in alarms.open_alarms(session):
        if row.kind not in TOLD_ELSEWHERE and not (row.kind == Kind.UNWELL and row.about in lost):
            what, to_do = (alarms.said(row, table, words.code()) for table in (alarms.WHAT, alarms.TO_DO))
            yield Task(AT_ONCE, what, _gateways(), hint=to_do)


def _gateways() -> str:
    """Their page; it stands in a programme, so that without one there is no link."""
    return url_for("gateways.page") if me().programmes else ""


def asked(session: Session) -> Iterator[Task]:
    """What another account asked and this one may decide."""
    own = {row.id: row for row in me().programmes}
    here = {str(ident) for ident in session.scalars(_communes(utc_now().date()))}
    every = proposals.open_for(session, me().id, set(me().roles), own)
    waiting = [row for row in every if row.object != proposals.PLACE or row.object_id in here]
    names = _names(session, waiting)
    for row in waiting:
        code = own[row.programme_id].code if row.programme_id in own else None
        name, campaign = names.get((row.object, row.object_id), ("", ""))
        if row.object == proposals.PLACE:
            href = url_for("communes.one", programme=code, commune=int(row.object_id))
        elif row.object == proposals.PURPOSE:
            href = url_for("purposes.page", programme=code)
        else:
            href = url_for("campaigns.one", programme=code, campaign=campaign)
        yield Task(TODAY, _(PROPOSALS[row.kind], name=name), href, None, own.get(row.programme_id or 0))


def pauses(session: Session, programme: Programme, now: datetime) -> Iterator[Task]:
    """Paused communes in which the programme works and this account too."""
    if not any(me().has(role) for role in (Role.OFFICER, Role.APPROVER, Role.EDITOR)):
        return
    paused = dict(session.execute(sa.select(PausedPlace.place_id, Place.name).join(Place)).all())
    if not paused:
        return
    pairs = places.communes(local(now, programme.zone).date()).subquery()
    here = (
        sa.select(pairs.c.commune_id)
        .join(ProgrammeVillage, ProgrammeVillage.place_id == pairs.c.village_id)
        .where(ProgrammeVillage.programme_id == programme.id, pairs.c.commune_id.in_(paused))
        .where(me().within(pairs.c.village_id))
        .distinct()
    )
    for ident in session.scalars(here):
        href = url_for("communes.one", programme=programme.code, commune=ident)
        yield Task(TODAY, _("La commune %(name)s est en pause.", name=paused[ident]), href, None, programme)


def campaigns(session: Session, programme: Programme) -> Iterator[Task]:
    """For the approver: campaigns whose texts are all approved and that are not."""
    if not me().has(Role.APPROVER):
        return
    open_texts = sa.func.sum(sa.case((Text.state != TextState.APPROVED, 1), else_=0))
    own_texts = sa.func.sum(sa.case((Text.author_id == me().id, 1), else_=0))
    query = (
        sa.select(Campaign)
        .join(Step, Step.campaign_id == Campaign.id)
        .join(Text, Text.step_id == Step.id)
        .where(Campaign.programme_id == programme.id, Campaign.state == CampaignState.DRAFT, Step.removed_at.is_(None))
        .group_by(Campaign.id)
        .having(open_texts == 0, own_texts == 0)
        .order_by(Campaign.code)
    )
    for row in session.scalars(query):
        href = url_for("campaigns.one", programme=programme.code, campaign=row.code)
        yield Task(SOON, _("Campagne à approuver : %(name)s", name=titled(row)), href, None, programme)


def money(session: Session, programme: Programme, now: datetime) -> Iterator[Task]:
    """The month's budget when it is nearly spent or set aside."""
    row = session.get(Budget, (programme.id, budget.month_of(now)))
    if row is None or not row.limit_micros:
        return
    percent = (row.charged_micros + row.reserved_micros) * 100 // row.limit_micros
    if percent >= NEARLY:
        haste = AT_ONCE if percent >= 100 else SOON
        said = _("Budget du mois : %(num)s %% dépensés ou réservés", num=percent)
        yield Task(haste, said, url_for("results.summary", programme=programme.code), None, programme)


def quiet(session: Session, programme: Programme, now: datetime) -> Iterator[Task]:
    """Silent clubs, and villages without contact this month, for who follows the field."""
    if not me().has(Role.OFFICER) and not me().has(Role.EDITOR):
        return
    if clubs := len(silent(session, programme, now, me().villages)):
        href = url_for("clubs.index", programme=programme.code, silent=1)
        yield Task(SOON, _("Clubs silencieux"), href, clubs, programme)
    own = me().villages
    key = ("villages", programme.id, own)
    if villages := lately(key, now, lambda: len(without_contact(session, programme, now, own))):
        href = url_for("people.summary", programme=programme.code, quiet=1)
        yield Task(SOME_DAY, _("Villages sans contact ce mois"), href, villages, programme)


def _communes(today: date) -> sa.Select[int]:
    """The communes in which one of the account's villages lies."""
    pairs = places.communes(today).subquery()
    return sa.select(pairs.c.commune_id).where(me().within(pairs.c.village_id)).distinct()


def titled(campaign: Campaign) -> str:
    """The title of a campaign in the language of the page."""
    return campaign.title_en if words.code() == "en" else campaign.title_fr


def _names(session: Session, waiting: list[Proposal]) -> dict[tuple[str, str], tuple[str, str]]:
    """(object, id) -> its name, and the code of a campaign."""
    ids: dict[str, list[int]] = {proposals.PLACE: [], proposals.CAMPAIGN: [], proposals.PURPOSE: []}
    for row in waiting:
        ids[row.object].append(int(row.object_id))
    found = {}
    for ident, name in session.execute(sa.select(Place.id, Place.name).where(Place.id.in_(ids[proposals.PLACE]))):
        found[proposals.PLACE, str(ident)] = (name, "")
    for one in session.scalars(sa.select(Campaign).where(Campaign.id.in_(ids[proposals.CAMPAIGN]))):
        found[proposals.CAMPAIGN, str(one.id)] = (titled(one), one.code)
    purposes = sa.select(EvaluationPurpose.id, EvaluationPurpose.title)
    for ident, title in session.execute(purposes.where(EvaluationPurpose.id.in_(ids[proposals.PURPOSE]))):
        found[proposals.PURPOSE, str(ident)] = (title, "")
    return found
