"""The log of every change, for the auditor: who, when, what, and what stood there before and after."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, current_app, render_template, request, url_for
from sqlalchemy.orm import Session

from campaigns.admin import paging, words
from campaigns.admin.acts import ACTIONS, FIELDS, OBJECTS, VALUES
from campaigns.admin.messages import of_programme
from campaigns.admin.security import installation, me, needs, programme_ids
from campaigns.admin.words import _
from campaigns.models import (
    Airing,
    AirQuestion,
    Campaign,
    Decision,
    Episode,
    EpisodeText,
    EvaluationPurpose,
    Feedback,
    Series,
    Slot,
    Step,
    StudioPage,
)
from messaging import audit, imports, staff
from messaging.clock import at_local, parse_date
from messaging.errors import DataError
from messaging.models import Audit, Call, Inbound, Member, Place, Programme, Proposal, Role, Station, Text

audit_log = Blueprint("audit_log", __name__, template_folder="templates")
ZONE = "Africa/Bamako"  # of a log that is of all programmes


@dataclass(frozen=True)
class Entry:
    """One line in words; `changed` are the fields that differ: name, before, after."""

    row: Audit
    who: str
    act: str
    thing: str
    href: str | None
    changed: list[tuple[str, str, str]]

    @property
    def has_before(self) -> bool:
        """Whether it says how it was before."""
        return any(before for _name, before, _after in self.changed)


@dataclass(frozen=True)
class Cut:
    """What the log is cut to; `problem` is a day that could not be read."""

    who: str = ""
    what: str = ""
    since: str = ""
    until: str = ""
    problem: str = ""

    @property
    def where(self) -> dict[str, str | None]:
        """Its part of an address."""
        return {name: getattr(self, name) or None for name in ("who", "what", "since", "until")}


@audit_log.get("/admin/audit")
@needs(Role.AUDITOR)
def page() -> tuple[str, int]:
    """The lines, the latest first."""
    args = request.args
    cut = Cut(*(args.get(name, "").strip() for name in ("who", "what", "since", "until")))
    try:
        days = [parse_date(day) if day else None for day in (cut.since, cut.until)]
    except DataError:
        typed = (cut.who, cut.what, cut.since, cut.until)
        cut, days = Cut(*typed, problem=_("Écrivez le jour ainsi : 01/12/2026.")), [None, None]
    with installation().db.read() as session:
        names = staff.names(session)
        found = paging.page(session, lines(cut, days[0], days[1], paging.after(args.get("before"))))
        rows = [row for (row,) in found.rows]
        shown = render_template(
            "audit.html", entries=entries(session, rows, names), last=found.last, cut=cut, names=names,
            OBJECTS=OBJECTS, COMMAND=audit.COMMAND, ZONE=ZONE,
        )  # fmt: skip
    return shown, 400 if cut.problem else 200


def lines(cut: Cut, since: date | None, until: date | None, before: int | None) -> sa.Select[Audit]:
    """Lines of the log that the account may see, the latest first; the days are both included."""
    query = sa.select(Audit).where(own()).order_by(Audit.id.desc())
    if cut.who:
        query = query.where(Audit.actor == (cut.who if cut.who == audit.COMMAND else f"staff:{cut.who}"))
    if cut.what:
        query = query.where(Audit.object == cut.what)
    if since is not None:
        query = query.where(Audit.at >= at_local(since, time(0), ZONE))
    if until is not None:
        query = query.where(Audit.at < at_local(until + timedelta(days=1), time(0), ZONE))
    return query if before is None else query.where(Audit.id < before)


def own() -> sa.ColumnElement[bool]:
    """The condition that a line is not about another programme's thing."""
    ours, codes = programme_ids(), [row.code for row in me().programmes]

    def ident(what: str) -> sa.Case[int]:
        return sa.case((Audit.object == what, sa.cast(Audit.object_id, sa.BigInteger)))

    def of(what: str, table: Any, programme: Any) -> sa.ColumnElement[bool]:
        return sa.exists().where(table.id == ident(what), programme.in_(ours))

    def reached(phone: Any) -> sa.ColumnElement[bool]:
        return sa.or_(sa.false(), *(of_programme(one, phone=phone) for one in ours))

    text, elsewhere = ident("text"), sa.and_(Proposal.programme_id.is_not(None), Proposal.programme_id.not_in(ours))
    step = sa.select(Text.id).join(Step, Step.id == Text.step_id).join(Campaign, Campaign.id == Step.campaign_id)
    studio = sa.select(StudioPage.id).join(Station, Station.id == StudioPage.station_id)
    here = Station.programme_id.in_(ours)
    slot = sa.select(Slot.id).join(Station, Station.id == Slot.station_id)
    airing = sa.select(Airing.id).join(Station, Station.id == Airing.station_id)
    shown = Series.programme_id.in_(ours)
    episode = sa.select(Episode.id).join(Series, Series.id == Episode.series_id)
    spoken = sa.select(EpisodeText.id).join(Episode, Episode.id == EpisodeText.episode_id)
    spoken = spoken.join(Series, Series.id == Episode.series_id)
    return sa.case(
        (Audit.object == "campaign", of("campaign", Campaign, Campaign.programme_id)),
        (Audit.object == "member", of("member", Member, Member.programme_id)),
        (Audit.object == "programme", of("programme", Programme, Programme.id)),
        (Audit.object == "case", of("case", Feedback, Feedback.programme_id)),
        (Audit.object == "call", of("call", Call, Call.programme_id)),
        (Audit.object == "decision", of("decision", Decision, Decision.programme_id)),
        (Audit.object == "purpose", of("purpose", EvaluationPurpose, EvaluationPurpose.programme_id)),
        (Audit.object == "air_question", of("air_question", AirQuestion, AirQuestion.programme_id)),
        (Audit.object == "studio_page", studio.where(StudioPage.id == ident("studio_page"), here).exists()),
        (Audit.object == "station", of("station", Station, Station.programme_id)),
        (Audit.object == "slot", slot.where(Slot.id == ident("slot"), here).exists()),
        (Audit.object == "airing", ~airing.where(Airing.id == ident("airing"), ~here).exists()),  # or taken away
        (Audit.object == "series", of("series", Series, Series.programme_id)),
        (Audit.object == "episode", episode.where(Episode.id == ident("episode"), shown).exists()),
        (Audit.object == "episode_text", spoken.where(EpisodeText.id == ident("episode_text"), shown).exists()),
        (Audit.object == "inbound", sa.exists().where(Inbound.id == ident("inbound"), reached(Inbound.phone_id))),
        (Audit.object == "phone", reached(ident("phone"))),
        (Audit.object == "proposal", ~sa.exists().where(Proposal.id == ident("proposal"), elsewhere)),
        (Audit.object == "export", Audit.object_id.in_(codes)),
        (Audit.object.in_(imports.KINDS), Audit.object_id.in_(codes)),
        (Audit.object == "text", step.where(Text.id == text, Campaign.programme_id.in_(ours)).exists()),
        else_=sa.true(),
    )


def entries(session: Session, rows: Sequence[Audit], names: dict[int, str]) -> list[Entry]:
    """The lines in words, with the names of what they are about; the number of queries does not grow with them."""
    things = named(session, rows, names)
    return [
        Entry(row, actor(row.actor, names), act(row), *things.get((row.object, row.object_id), (plain(row), None)),
              differing(row))
        for row in rows
    ]  # fmt: skip


def actor(who: str, names: dict[int, str]) -> str:
    """The name of who did it."""
    kind, _colon, ident = who.partition(":")
    if kind == "staff":
        return names.get(int(ident), who) if ident.isdecimal() else who
    if who == "phone:voice":
        return _("une personne, de vive voix")
    return {
        "command": _("ligne de commande"),
        "phone": _("une personne, par SMS"),
        "job": _("la machine"),
        "host": _("l'animateur radio"),
    }.get(kind, who)


def act(row: Audit) -> str:
    """What was done, in words; the action itself where we have none for it."""
    said = ACTIONS.get((row.object, row.action)) or ACTIONS.get(row.action)
    return _(said) if said else row.action


def plain(row: Audit) -> str:
    """What it was done to: its kind and its number or code."""
    kind = OBJECTS.get(row.object)
    return f"{_(kind) if kind else row.object} {row.object_id}"


def differing(row: Audit) -> list[tuple[str, str, str]]:
    """The fields that are not the same before and after."""
    before, after = row.before or {}, row.after or {}
    found = [(name, spoken(before.get(name)), spoken(after.get(name))) for name in {**before, **after}]
    return [(_(FIELDS[name]) if name in FIELDS else name, was, now) for name, was, now in found if was != now]


def spoken(value: Any) -> str:
    """A stored value in words."""
    if isinstance(value, bool):
        return _("oui") if value else _("non")
    if isinstance(value, int | float):
        return words.number(value)
    said = "" if value is None else str(value)
    return _(VALUES[said]) if said in VALUES else said


def named(
    session: Session, rows: Iterable[Audit], names: dict[int, str]
) -> dict[tuple[str, str], tuple[str, str | None]]:
    """(object, id) -> its name, and its address where the auditor may go."""
    wanted: defaultdict[str, set[int]] = defaultdict(set)
    for row in rows:
        if row.object_id.isdecimal():
            wanted[row.object].add(int(row.object_id))
    found: dict[tuple[str, str], tuple[str, str | None]] = {}
    codes = {row.id: row.code for row in me().programmes}
    for ident in wanted["staff"] & set(names):
        found["staff", str(ident)] = (f"{_(OBJECTS['staff'])} {names[ident]}", None)
    for ident in wanted["programme"] & set(codes):
        found["programme", str(ident)] = (codes[ident], url_for("people.summary", programme=codes[ident]))
    for ident, name in session.execute(sa.select(Place.id, Place.name).where(Place.id.in_(wanted["place"]))):
        found["place", str(ident)] = (name, None)
    for one in session.scalars(sa.select(Campaign).where(Campaign.id.in_(wanted["campaign"]))):
        title = one.title_en if words.code() == "en" else one.title_fr
        link = url_for("campaigns.one", programme=codes[one.programme_id], campaign=one.code)
        found["campaign", str(one.id)] = (title, link)
    of_texts = (
        sa.select(Text.id, Text.language, Step.code, Campaign.code, Campaign.programme_id)
        .join(Step, Step.id == Text.step_id)
        .join(Campaign, Campaign.id == Step.campaign_id)
        .where(Text.id.in_(wanted["text"]))
    )
    for ident, language, step, campaign, programme_id in session.execute(of_texts):
        link = url_for("campaigns.step", programme=codes[programme_id], campaign=campaign, step=step)
        found["text", str(ident)] = (f"{_(OBJECTS['text'])} {step} ({language}), {campaign}", link)
    if "member.one" in current_app.view_functions:
        members = sa.select(Member.id, Member.code, Member.programme_id).where(
            Member.id.in_(wanted["member"]), me().within(Member.village_id)
        )
        for ident, code, programme_id in session.execute(members):
            link = url_for("member.one", programme=codes[programme_id], ident=ident)
            found["member", str(ident)] = (f"{_(OBJECTS['member'])} {code}", link)
    return found
