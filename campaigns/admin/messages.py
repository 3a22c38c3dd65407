"""Messages: what came in, to be read and sorted by those who may, and what goes out; no number is shown."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, g, render_template, request
from sqlalchemy.orm import Session

from campaigns import caseload, sorting
from campaigns.admin import masks, paging, readings, waits
from campaigns.admin import outbox as out
from campaigns.admin.bill import names
from campaigns.admin.security import installation, me
from campaigns.admin.words import N_
from campaigns.models import Campaign, Feedback
from messaging import staff
from messaging.clock import utc_now
from messaging.models import (
    Club,
    Facilitator,
    FacilitatorClub,
    Inbound,
    Member,
    MemberPhone,
    Phone,
    Place,
    Programme,
    Role,
    Station,
    StationPhone,
)
from messaging.phones import redact

messages = Blueprint("messages", __name__, url_prefix="/admin/<programme>", template_folder="templates")
Query = sa.Select[*tuple[Any, ...]]
Lies = Callable[[Any], sa.ColumnElement[bool]]  # the condition that a column of village ids lies somewhere
RECENT = timedelta(days=30)
HIDDEN = ("sensitive", "doubtful")  # of which the lists tell how many they are
MOST = 999  # what a list is counted to
VIEWS = {
    "waiting": N_("à trier"),
    "doubtful": N_("à vérifier"),
    "sorted": N_("rangés"),
    "all": N_("tous"),
}
KINDS = {
    "question": N_("question"),
    "assistance_request": N_("demande d'aide"),
    "suggestion": N_("remarque, suggestion"),
    "complaint_minor": N_("plainte : qualité, retard, horaire"),
    "selection": N_("plainte : choix des personnes"),
    "adverse": N_("tort lié aux messages : téléphone pris, dispute, menace"),
    "data_optout": N_("plainte : données, arrêt des SMS"),
    "thanks": N_("merci"),
    "report": N_("compte rendu mal lu"),
    "out_of_scope": N_("l'affaire d'un autre service"),
    "wrong_number": N_("faux numéro"),
    "noise": N_("sans suite"),
}
SENSITIVE = {
    "fraud": N_("fraude, argent demandé"),
    "psea": N_("abus ou exploitation sexuels"),
    "protection": N_("violence, protection de l'enfant"),
    "security": N_("sécurité"),
}


@dataclass(frozen=True)
class Inbox:
    """What the inbox is asked to show, and what was typed into its form, kept when something was wrong with it."""

    view: str
    kind: str = ""
    spot: masks.Spot = masks.Spot()
    before: str = ""
    typed: Mapping[str, Any] = field(default_factory=dict)
    ticked: Collection[str] = ()
    refusal: str = ""

    @property
    def where(self) -> dict[str, str | int | None]:
        """Its part of an address; without the key of a row, which belongs to one page alone."""
        place = self.spot.place.id if self.spot.place else self.spot.missed
        return {"view": self.view, "kind": self.kind or None, "place": place or None}


@messages.get("/messages")
def inbox() -> str:
    """What came in, the latest first: for the officer what waits for her."""
    with installation().db.read() as session:
        return show(session, asked(session))


@messages.get("/messages/out")
def outbox() -> str:
    """What goes out: how many in each state, and the rows of one state and reason."""
    programme: Programme = g.programme
    now = utc_now()
    with installation().db.read() as session:
        spot = masks.spot(session, request.args.get("place", ""), now)
        rows = session.scalars(campaigns_of(programme.id)).all()
        campaign = next((row for row in rows if row.code == request.args.get("campaign")), None)
        state, reason = request.args.get("state", ""), request.args.get("reason", "")
        cut = out.Cut(programme.id, now - out.SPAN, spot, now, state, reason, campaign)
        found = paging.page(session, out.going_out(cut, request.args.get("before", "")))
        counts = session.execute(out.by_state(cut)).all()
        villages = {row.Message.village_id for row in found.rows} - {None}
        patience = installation().settings.silent_after
        return render_template(
            "outbox.html", page=found, cut=cut, campaigns=rows, days=out.SPAN.days, remedy=out.remedy, now=now,
            is_masked=out.is_masked,
            counts=sorted(counts, key=lambda row: (out.ORDER.index(row.state), -row.messages)),
            homes=masks.homes(session, villages, now), names=names(session),
            waits=waits.of(session, programme, found.rows, now, patience),
        )  # fmt: skip


def campaigns_of(programme_id: int) -> sa.Select[Campaign]:
    """The campaigns of a programme by code."""
    return sa.select(Campaign).where(Campaign.programme_id == programme_id).order_by(Campaign.code)


def asked(session: Session, **typed: Any) -> Inbox:
    """What the address asks for; what is not for this account falls back to what is."""
    first = "waiting" if me().has(Role.OFFICER) else "all"
    view = request.args.get("view", first)
    if view not in VIEWS or (view == "doubtful" and not me().has(Role.OFFICER)):
        view = first
    kind, place = request.args.get("kind", ""), request.args.get("place", "")
    spot = masks.spot(session, place, utc_now())
    return Inbox(view, kind if kind in KINDS else "", spot, request.args.get("before", ""), **typed)


def show(session: Session, shown: Inbox) -> str:
    """The page of an inbox."""
    found, boxes = paging.page(session, received(shown)), in_boxes(session)
    phones = {row.Inbound.phone_id for row in found.rows}
    return render_template(
        "inbox.html", page=found, shown=shown, words=words_of, views=views(boxes), hidden=boxes["hidden"], KINDS=KINDS,
        SENSITIVE=SENSITIVE, VIEWS=VIEWS, homes=homes(session, phones) if me().has(Role.OFFICER) else {},
        by=sorters(session, found), days=RECENT.days, cases=worked(session, found),
        read=read_in(found),
    )  # fmt: skip


def read_in(found: paging.Page[Any]) -> dict[int, str]:
    """What was read in the SMS of a page, for the officer, who may read the SMS too; free text is its own reading."""
    if not me().has(Role.OFFICER):
        return {}
    rows = (row.Inbound for row in found.rows if row.Inbound.intent not in ("feedback", None))
    return {row.id: readings.in_words(row.readings) for row in rows}


def received(shown: Inbox) -> Query:
    """Inbounds with the last digits of their phone, the latest first."""
    boxes = sorting.ORDINARY if shown.view == "all" else (shown.view,)
    query = (
        sa.select(Inbound, Phone.last_two)
        .outerjoin(Phone, Phone.id == Inbound.phone_id)
        .where(ours(g.programme.id, shown.spot), sorting.boxed(*boxes))
        .order_by(Inbound.id.desc())
    )
    query = query.where(masks.may_know())
    if shown.kind:
        query = query.where(sorting.WHAT.in_([shown.kind]))
    before = paging.after(shown.before)
    return query if before is None else query.where(Inbound.id < before)


def views(boxes: Mapping[str, int]) -> dict[str, int | None]:
    """The lists this account may choose, with how many SMS wait in those that should be empty."""
    own = [name for name in VIEWS if name != "doubtful" or me().has(Role.OFFICER)]
    return {name: boxes.get(name, 0) if name in ("waiting", "doubtful") else None for name in own}


def in_boxes(session: Session) -> dict[str, int]:
    """How many SMS of the programme in the address and of own places stand in the lists that should be empty, and as
    `hidden` how many of the last days no list shows."""
    recent = sa.func.sum(sa.case((Inbound.received_at > utc_now() - RECENT, 1), else_=0))
    names = ("waiting", *HIDDEN)
    found = sa.and_(sa.or_(*(sorting.sought(name) for name in names)), sorting.BOX.in_(names))
    query = sa.select(sorting.BOX, sa.func.count(), recent).where(found, ours(g.programme.id)).group_by(sorting.BOX)
    rows = session.execute(query).all()
    return {
        **{box: many for box, many, _late in rows},
        "hidden": sum(late for box, _all, late in rows if box in HIDDEN),
    }


def counted(session: Session, *which: sa.ColumnElement[bool]) -> int:
    """How many SMS fulfil some conditions, at most `MOST`."""
    query = sa.select(Inbound.id).where(*which).limit(MOST)
    return session.scalar(sa.select(sa.func.count()).select_from(query.subquery())) or 0


def words_of(inbound: Inbound) -> str | None:
    """The words of an SMS with numbers taken out, for the officer; None when this account may not read them."""
    return redact(inbound.text) if me().has(Role.OFFICER) else None


def ours(programme_id: int, spot: masks.Spot | None = None) -> sa.ColumnElement[bool]:
    """Inbounds of the programme and of own places; those of strangers only for who works everywhere."""
    spot = spot or masks.Spot()
    if me().villages is None and spot == masks.Spot():
        return of_programme(programme_id)
    return of_programme(programme_id, lambda column: spot.within(column, utc_now()))


def of_programme(programme_id: int, lies: Lies | None = None, phone: Any = Inbound.phone_id) -> sa.ColumnElement[bool]:
    """Inbounds whose phone belongs to somebody of the programme, or to nobody at all; with `lies` only to somebody
    there. What a number wrote before a new SIM took its place belongs to who is reached on the new one. Other rows
    name their own `phone`.

    « The programme is among those of the phone », in this order: asked the other way round the database would go
    through every member of the programme for each SMS.
    """
    old = sa.orm.aliased(Phone)
    successor = sa.select(old.replaced_by_id).where(old.id == phone).correlate_except(old).scalar_subquery()
    phones = (phone, successor)
    member = sa.select(Member.programme_id).join(MemberPhone).where(MemberPhone.phone_id.in_(phones))
    leader = sa.select(Facilitator.programme_id).where(Facilitator.phone_id.in_(phones))
    host = sa.select(Station.programme_id).join(StationPhone).where(StationPhone.phone_id.in_(phones))
    relays = sa.select(Club.relay_phone_id).where(Club.relay_phone_id.is_not(None))
    own = relays.where(Club.programme_id == programme_id)
    if lies is not None:
        there = leader.join(FacilitatorClub).join(Club)
        near = (member.where(lies(Member.village_id)), there.where(lies(Club.village_id)),
                host.where(lies(Station.place_id)))  # fmt: skip
        here = own.where(lies(Club.village_id))
        return sa.or_(*(sa.literal(programme_id).in_(query) for query in near), *(one.in_(here) for one in phones))
    known = (member, leader, host)
    nobodys = sa.func.coalesce(phone, 0).not_in(relays)  # a sender with a name has no phone
    stranger = sa.and_(successor.is_(None), nobodys, *(~query.exists() for query in known))
    owned = (*(sa.literal(programme_id).in_(query) for query in known), *(one.in_(own) for one in phones))
    return sa.or_(*owned, stranger)


def homes(session: Session, phones: Collection[int | None]) -> dict[int, str]:
    """Where the people of some phones live or lead: codes of clubs, else a village; for the officer of the place."""
    lives = (
        sa.select(MemberPhone.phone_id, sa.func.min(Place.name))
        .join(Member, Member.id == MemberPhone.member_id)
        .join(Place, Place.id == Member.village_id)
        .where(MemberPhone.phone_id.in_(phones), me().within(Member.village_id))
        .group_by(MemberPhone.phone_id)
    )
    leads = (
        sa.select(Facilitator.phone_id, Club.code)
        .join(FacilitatorClub, FacilitatorClub.facilitator_id == Facilitator.id)
        .join(Club, Club.id == FacilitatorClub.club_id)
        .where(Facilitator.phone_id.in_(phones), Club.closed_on.is_(None), me().within(Club.village_id))
        .order_by(Club.code.desc())
    )
    return dict([*session.execute(lives), *session.execute(leads)])


def worked(session: Session, found: paging.Page[Any]) -> dict[int, Feedback]:
    """The cases of the SMS of a page that the officer may open, by SMS."""
    if not me().has(Role.OFFICER):
        return {}
    own = [row.Inbound.id for row in found.rows if row.Inbound.sorted_as in caseload.WORKED]
    return caseload.of_inbound(session, own) if own else {}


def sorters(session: Session, found: paging.Page[Any]) -> dict[int, str]:
    """The names of those who sorted what a page shows."""
    return staff.names(session, {row.Inbound.sorted_by for row in found.rows})
