"""The phones page: basic phones of invented people, to read and write SMS through the simulator gateway.

It exists only while every loaded programme is a demonstration. Numbers never leave the server: a phone is known by its
row, and shown by its last two digits.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, abort, current_app, redirect, render_template, request, url_for
from flask import session as kept
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from campaigns.admin.bill import names
from campaigns.admin.kept import STILL_THERE, KeptError, is_shown_only
from campaigns.admin.security import installation, me, programme_ids
from campaigns.admin.words import is_htmx
from messaging import inbox, places, rehearsal
from messaging.clock import utc_now
from messaging.gateways.protocol import Arrival
from messaging.gateways.simulator import Book
from messaging.models import (
    Club,
    ClubMember,
    Facilitator,
    FacilitatorClub,
    Member,
    MemberPhone,
    Message,
    Phone,
    Place,
    Station,
    StationPhone,
)
from messaging.models.place import Level
from messaging.rules import Reason

phones = Blueprint("phones", __name__, url_prefix="/simulator", template_folder="templates")
Query = sa.Select[*tuple[Any, ...]]
ROLES = ("member", "facilitator", "advisor", "radio")
SHOWN = 4  # phones side by side
FOUND = 8  # of each role in a search
BEEPS = ("1", "2", "3")  # options that a missed call may stand for
JUST = timedelta(hours=1)
LONGEST = 1_000  # characters of an SMS that somebody writes here
NO_CONTENT = 204


@dataclass(frozen=True)
class Handset:
    """One phone of the population: who holds it, in which language, and where she is."""

    id: int
    last_two: str
    role: str
    language: str
    where: str


@dataclass(frozen=True)
class Thread:
    """The SMS of a phone, oldest first, with the mark by which a page knows whether anything is new.

    Of a text sent from the editor that has not come yet `waiting` says why; None: it is on its way.
    """

    messages: list[tuple[str, str, datetime]]
    waiting: Sequence[Reason | None]
    mark: str


@phones.before_request
def only_demonstrations() -> None:
    """404 as soon as one programme is real, whoever asks."""
    with installation().db.read() as session:
        if not rehearsal.is_allowed(session):
            abort(404)


@phones.get("/")
def page() -> str:
    """Search for phones, and the chosen ones side by side."""
    query, role = request.args.get("q", "").strip(), request.args.get("role", "")
    with installation().db.read() as session:
        chosen = [handset(session, ident) for ident in _chosen()]
        recent = [] if query or role else just_written(session, utc_now())
        found = [one for one in search(session, query, role) if one not in recent]
        screens = [(one, thread(session, one.id)) for one in chosen]
        spoken = names(session)
    if chosen:
        kept["phone"] = chosen[0].id  # the one that stands beside the editor from now on
    offered = {"recent": recent, "found": found}
    others = {name: [one for one in handsets if one not in chosen] for name, handsets in offered.items()}
    return render_template(
        "phones.html", screens=screens, q=query, role=role, roles=ROLES, most=SHOWN, names=spoken, beeps=BEEPS, **others
    )


@phones.get("/<int:ident>/thread")
def thread_of(ident: int) -> str | tuple[str, int]:
    """The screen of one phone; nothing (204) when it is the one that the page shows already."""
    with installation().db.read() as session:
        one, said = handset(session, ident), thread(session, ident)
    if said.mark == request.args.get("seen"):
        return "", NO_CONTENT
    return render_template("screen.html", phone=one, thread=said)


@phones.post("/<int:ident>")
def write(ident: int) -> Response | str:
    """Write an SMS as this phone; it comes in through the simulator like any other."""
    with installation().db.read() as session:
        one = handset(session, ident)
    kept["phone"] = ident
    if request.form.get("beep") in BEEPS:
        beep(ident, request.form["beep"])
    else:
        say(ident, request.form.get("text", ""))
    if is_htmx():
        with installation().db.read() as session:
            return render_template("screen.html", phone=one, thread=thread(session, ident))
    back: dict[str, Any] = {name: request.args.getlist(name) for name in ("q", "role", "phone")}
    return redirect(url_for("phones.page", **back, _anchor=f"phone-{ident}"), 303)


def say(ident: int, text: str) -> None:
    """Let an SMS come in from a phone; an empty one is not sent.

    Raises:
        KeptError: the session of the browser had ended, and the form came back only to be read again.
    """
    if text.strip():
        _arrive(ident, lambda book, number: book.write(number, text[:LONGEST], utc_now()))


def beep(ident: int, called: str) -> None:
    """Let a missed call come in from a phone, on the number that stands for an option.

    Raises:
        KeptError: as for an SMS.
    """
    _arrive(ident, lambda book, number: book.beep(number, called, utc_now()))


def _arrive(ident: int, made: Callable[[Book, str], Arrival]) -> None:
    if is_shown_only():
        raise KeptError(STILL_THERE)
    with installation().db.read() as session:
        number = _number(session, ident)
    inbox.receive(installation().db, "simulator", [made(installation().adapters.book, number)])
    wake("converse")


def wake(job: str) -> None:
    """Have the engine do a job at once."""
    current_app.extensions.get("jekulu.wake", lambda *_: None)(job)


def search(session: Session, query: str, role: str) -> Iterator[Handset]:
    """Phones of the account's programmes by club code, village or station; without a query a few of each role."""
    seen: set[int] = set()
    meant = _meant(session, query)
    for name, source in SOURCES.items():
        if role in ("", name):
            for row in session.execute(
                _narrow(source(programme_ids()), query, meant).limit(FOUND if query else FOUND // 2)
            ):
                if row.id not in seen:
                    seen.add(row.id)
                    yield Handset(row.id, row.last_two, name, row.language, row.where)


def just_written(session: Session, now: datetime) -> list[Handset]:
    """The phones that got an SMS within the last hour, the latest first: where a newcomer finds something to answer.

    A new SIM that is only being asked belongs to nobody yet, and is left out.
    """
    newest = sa.func.max(Message.handed_over_at)
    query = sa.select(Message.phone_id).where(
        Message.handed_over_at > now - JUST, Message.programme_id.in_(programme_ids())
    )
    idents = session.scalars(query.group_by(Message.phone_id).order_by(newest.desc()).limit(FOUND))
    found = (held(session, ident) for ident in idents.all())
    return [one for one in found if one is not None]


def handset(session: Session, ident: int, programmes: Sequence[int] | None = None) -> Handset:
    """One phone of these programmes, or of all the account's; 404 for any other."""
    return held(session, ident, programmes) or abort(404)


def held(session: Session, ident: int, programmes: Sequence[int] | None = None) -> Handset | None:
    """One phone with who holds it, within these programmes or all the account's; None for any other."""
    for name, source in SOURCES.items():
        row = session.execute(source(programmes or programme_ids()).where(Phone.id == ident).limit(1)).first()
        if row:
            return Handset(row.id, row.last_two, name, row.language, row.where)
    return None


def thread(session: Session, ident: int) -> Thread:
    """What the simulated carrier holds of a phone, and what the editor sent to it that waits."""
    said = installation().adapters.book.thread(_number(session, ident))
    late = rehearsal.waiting(session, ident, utc_now())
    last = f"{len(said)} {said[-1:]} {late}"
    return Thread(said, late, hashlib.sha256(last.encode()).hexdigest()[:12])


def _members(programmes: Sequence[int]) -> Query:
    return (
        sa.select(Phone.id, Phone.last_two, Member.language, Place.name.label("where"))
        .select_from(Phone)
        .join(MemberPhone, MemberPhone.phone_id == Phone.id)
        .join(Member, Member.id == MemberPhone.member_id)
        .join(Place, Place.id == Member.village_id)
        .outerjoin(ClubMember, ClubMember.member_id == Member.id)
        .outerjoin(Club, Club.id == ClubMember.club_id)
        .where(Member.programme_id.in_(programmes), me().within(Place.id))
        .group_by(Phone.id, Phone.last_two, Member.language, Place.name)
        .order_by(Phone.id)
    )


def _leaders(programmes: Sequence[int], kind: str) -> Query:
    return (
        sa.select(
            Phone.id, Phone.last_two, Facilitator.language, sa.func.aggregate_strings(Club.code, ", ").label("where")
        )
        .select_from(Phone)
        .join(Facilitator, Facilitator.phone_id == Phone.id)
        .join(FacilitatorClub, FacilitatorClub.facilitator_id == Facilitator.id)
        .join(Club, Club.id == FacilitatorClub.club_id)
        .join(Place, Place.id == Club.village_id)
        .where(Facilitator.programme_id.in_(programmes), Facilitator.kind == kind, Facilitator.active)
        .where(me().within(Place.id))
        .group_by(Phone.id, Phone.last_two, Facilitator.language)
        .order_by(Phone.id)
    )


def _hosts(programmes: Sequence[int]) -> Query:
    return (
        sa.select(Phone.id, Phone.last_two, sa.literal("fr").label("language"), Station.name.label("where"))
        .select_from(Phone)
        .join(StationPhone, StationPhone.phone_id == Phone.id)
        .join(Station, Station.id == StationPhone.station_id)
        .outerjoin(Place, Place.id == Station.place_id)
        .outerjoin(Club, sa.false())
        .where(Station.programme_id.in_(programmes), me().within(Place.id))
        .order_by(Phone.id)
    )


SOURCES: dict[str, Callable[[Sequence[int]], Query]] = {
    "facilitator": lambda programmes: _leaders(programmes, "facilitator"),
    "advisor": lambda programmes: _leaders(programmes, "adviser"),
    "radio": _hosts,
    "member": _members,
}


def _narrow(source: Query, query: str, place_ids: set[int]) -> Query:
    """By club code when it is one, else by the places that the query may mean."""
    if not query:
        return source
    if query.isdecimal():
        return source.where(Club.code == query)
    return source.where(Place.id.in_(place_ids))


def _meant(session: Session, query: str) -> set[int]:
    """The places whose name is like the query, and all villages that lie in them."""
    found = {place.id for place in places.find(session, query, tuple(Level))}
    return found | set(session.scalars(places.villages_below(found, utc_now().date())))


def _number(session: Session, ident: int) -> str:
    return installation().keys.open(session.scalars(sa.select(Phone.sealed).where(Phone.id == ident)).one())


def _chosen() -> list[int]:
    """The phones in the address, each once, as many as are shown."""
    given = dict.fromkeys(value for value in request.args.getlist("phone") if value.isdecimal() and len(value) < 10)
    return [int(value) for value in given][:SHOWN]
