"""The sheets of clubs on paper: how far a month is by commune, the print runs, the guide of an episode, airtime.

What goes to the village is in French and in the club's language, whatever language the pages are read in.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time

import sqlalchemy as sa
from babel.dates import format_date
from flask import Blueprint, Response, abort, g, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as Answer

from campaigns.admin import masks
from campaigns.admin.security import installation, me, needs, writing
from campaigns.admin.words import N_, _
from campaigns.clubs import airtime, month
from campaigns.clubs import questions as air
from campaigns.clubs import sheets as forms
from campaigns.clubs.sheets import Sheet, State
from campaigns.models import Airing, Episode, EpisodeText, Series
from messaging import audit, figures
from messaging.clock import at_local, local, utc_now
from messaging.models import Club, Language, Programme, Role, TextState
from messaging.sheets import write

sheets = Blueprint("sheets", __name__, url_prefix="/admin/<programme>/people/sheets", template_folder="templates")
SHOWN = 20  # steps or episodes that are named
BACK, AHEAD = 12, 2  # months that can be chosen
STATES = {
    State.READY: N_("prêtes"),
    State.TOLD: N_("en français"),
    State.LACKING: N_("incomplètes"),
    State.NO_DATE: N_("sans date"),
}
WHO = {"facilitator": N_("animateur"), "adviser": N_("conseiller"), airtime.CLUB_PHONE: N_("téléphone du club")}


@dataclass
class Commune:
    """The clubs of a commune by how far their sheets are, and those whose sheets want something."""

    id: int | None
    name: str
    states: Counter[State] = field(default_factory=Counter)
    lacking: Counter[str] = field(default_factory=Counter)  # episodes and steps without an approved text -> clubs
    left_out: Counter[str] = field(default_factory=Counter)  # steps for which there is no room -> clubs

    @property
    def clubs(self) -> int:
        """All of them."""
        return self.states.total()


@sheets.get("")
def index() -> str:
    """How far the sheets of a month are, by commune; the next month unless another is asked for."""
    now = utc_now()
    wanted = _month(now)
    with installation().db.read() as session:
        found = by_commune(month.sheets(session, g.programme, _clubs(session), wanted, now))
        return render_template(
            "sheets.html", communes=found, month=wanted, this=_this(now), around=_around(wanted, now), STATES=STATES,
            episodes=session.execute(_episodes(g.programme, wanted)).all(),
            lacking=sum((one.lacking for one in found), Counter[str]()).most_common(SHOWN),
            left_out=sum((one.left_out for one in found), Counter[str]()).most_common(SHOWN),
        )  # fmt: skip


@sheets.get("/print")
def run() -> str | Answer:
    """All sheets of a commune, or with `all` of the programme, one after the other."""
    wanted, commune = _month(utc_now()), request.args.get("commune", type=int)
    if commune is None and "all" not in request.args:
        return redirect(url_for("sheets.index", month=f"{wanted:%Y-%m}"), 303)
    return _printed(wanted, commune=commune)


@sheets.get("/clubs/<int:club>")
def one(club: int) -> str:
    """The sheet of one club."""
    return _printed(_month(utc_now()), club=club)


@sheets.get("/guides/<int:episode>")
def guide(episode: int) -> str:
    """How to lead the session on one episode, on one page, in French and in each language with an approved text."""
    with installation().db.read() as session:
        row = _episode(session, episode)
        query = sa.select(EpisodeText).where(EpisodeText.episode_id == episode)
        texts = {text.language: text for text in session.scalars(query) if _may_print(text)}
        names = sa.select(Language).where(Language.code.in_(texts))
        return render_template(
            "session_guide.html", episode=row, texts=texts, title=_title(row),
            tongues={language.code: language for language in session.scalars(names)},
        )  # fmt: skip


@sheets.get("/questions/<int:episode>")
@needs(Role.EDITOR, Role.OFFICER)
def questions(episode: int) -> str:
    """What the clubs ask, for the host of one episode: no name, no village, no number."""
    with installation().db.read() as session:
        row = _episode(session, episode)
        asked = [(one, count) for one, count in air.for_host(session, episode) if one.state in air.OPEN]
        return render_template("host_questions.html", episode=row, title=_title(row), asked=asked)


@sheets.get("/airtime")
@needs(Role.OFFICER)
def airtime_page() -> str:
    """Who is to be sent airtime for the reports of a month; the last whole one unless another is asked for."""
    now = utc_now()
    wanted = _month(now, before=True)
    with installation().db.read() as session:
        rows = airtime.of_month(session, g.programme, wanted, me().within(Club.village_id))
    return render_template(
        "airtime.html", rows=rows, month=wanted, around=_around(wanted, now), WHO=WHO, days=airtime.IN_TIME.days
    )


@sheets.get("/airtime.csv")
@needs(Role.OFFICER)
def airtime_file() -> Response:
    """The same as a table for the office; that it was taken is in the log."""
    now = utc_now()
    wanted = _month(now, before=True)
    with writing() as session:
        rows = airtime.of_month(session, g.programme, wanted, me().within(Club.village_id))
        header = (_("Clubs"), _("Deux derniers chiffres"), _("Rôle"), _("Rapports"), _("À temps"), _("En retard"))
        table = [
            (" ".join(row.codes), f"…{row.last_two}", _(WHO[row.kind]), row.reports, row.in_time, row.late)
            for row in rows
        ]
        data = write("csv", header, table)
        mark = hashlib.sha256(data).hexdigest()[:16]
        audit.note(
            session, audit.actor(me().id), "exported", "airtime", g.programme.id, now,
            after={"month": f"{wanted:%Y-%m}", "rows": len(rows), "hash": mark},
        )  # fmt: skip
    headers = {
        "Content-Disposition": f'attachment; filename="{g.programme.code}-{wanted:%Y-%m}.csv"',
        "Cache-Control": "private, no-store",
    }
    return Response(data, mimetype="text/csv", headers=headers)


def by_commune(found: Sequence[Sheet]) -> list[Commune]:
    """How far the sheets of each commune are, by name."""
    communes: dict[int | None, Commune] = {}
    for sheet in found:
        one = communes.setdefault(sheet.commune_id, Commune(sheet.commune_id, sheet.commune))
        one.states[sheet.state] += 1
        one.lacking.update(sheet.lacking)
        one.left_out.update(sheet.left_out)
    return sorted(communes.values(), key=lambda one: one.name)


def _printed(wanted: date, *, commune: int | None = None, club: int | None = None) -> str:
    now = utc_now()
    with installation().db.read() as session:
        clubs = _clubs(session, club)
        if commune is not None:
            homes = masks.homes(session, (one.village_id for one in clubs), now)
            clubs = [one for one in clubs if homes[one.village_id].commune_id == commune]
        if not clubs and (club or commune):
            abort(404)
        found = month.sheets(session, g.programme, clubs, wanted, now)
        codes = sa.select(Language).where(Language.code.in_({one.language for one in found}))
        return render_template(
            "club_sheets.html", sheets=sorted(found, key=_order), month=wanted, card=forms.card, hands=forms.hands,
            tongues={row.code: row for row in session.scalars(codes)}, alone=club is not None,
        )  # fmt: skip


def _order(sheet: Sheet) -> tuple[str, str, str]:
    """As they are handed out: by commune, village and code."""
    return sheet.commune, sheet.village, sheet.code


def _clubs(session: Session, ident: int | None = None) -> Sequence[Club]:
    """The open clubs of own places, or one of them."""
    query = sa.select(Club).where(
        Club.programme_id == g.programme.id, Club.closed_on.is_(None), me().within(Club.village_id)
    )
    query = query if ident is None else query.where(Club.id == ident)
    return session.scalars(query.order_by(Club.code, Club.id)).all()


def _episodes(programme: Programme, wanted: date) -> sa.Select[Episode]:
    """The episodes that are broadcast in a month."""
    since = at_local(wanted, time(), programme.zone)
    until = at_local(month.following(wanted), time(), programme.zone)
    on_air = sa.select(Airing.episode_id).where(Airing.planned_at >= since, Airing.planned_at < until)
    return (
        sa.select(Episode)
        .join(Series, Series.id == Episode.series_id)
        .where(Series.programme_id == programme.id, Episode.id.in_(on_air))
        .order_by(Series.code, Episode.number)
    )


def _episode(session: Session, ident: int) -> Episode:
    return air.episode_of(session, g.programme.id, ident) or abort(404)


def _may_print(text: EpisodeText) -> bool:
    return text.state is TextState.APPROVED or g.programme.demonstration


def _title(episode: Episode) -> str:
    return str(episode.titles.get("fr") or next(iter(episode.titles.values()), ""))


def _this(now: datetime) -> date:
    return local(now, g.programme.zone).date().replace(day=1)


def _month(now: datetime, *, before: bool = False) -> date:
    """The month that is asked for, by its first day; else the next one, or the last whole one."""
    this = _this(now)
    usual = _shifted(this, -1) if before else month.following(this)
    try:
        asked = datetime.strptime(request.args.get("month", ""), "%Y-%m").date()  # noqa: DTZ007
    except ValueError:
        return usual
    return asked if _shifted(this, -BACK) <= asked <= _shifted(this, AHEAD) else usual


def _around(wanted: date, now: datetime) -> list[date]:
    """The months beside one that can be chosen."""
    this = _this(now)
    near = (_shifted(wanted, -1), _shifted(wanted, 1))
    return [one for one in near if _shifted(this, -BACK) <= one <= _shifted(this, AHEAD)]


def _shifted(first: date, months: int) -> date:
    count = first.year * 12 + first.month - 1 + months
    return date(count // 12, count % 12 + 1, 1)


@sheets.app_template_filter("fr_day")
def fr_day(day: date, form: str = "EEEE d MMMM") -> str:
    """A day as the village reads it, in French: « mardi 8 décembre », « mardi 1er décembre »."""
    return re.sub(r"\b1\b", "1er", format_date(day, form, locale="fr"))


@sheets.app_template_filter("fr_hour")
def fr_hour(at: time) -> str:
    """An hour as the village reads it: « 20h30 »."""
    return figures.hour(at)


@sheets.app_template_filter("fr_tied")
def fr_tied(words: str) -> str:
    """French words whose signs do not begin a line: a no-break blank before « ? » and the like."""
    return re.sub(r" (?=[?!:;»])|(?<=«) ", "\N{NO-BREAK SPACE}", words)
