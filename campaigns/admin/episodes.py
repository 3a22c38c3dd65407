"""The series of a programme, their episodes, and what clubs are given of each in every language, with its state.

An editor writes series and episodes, an editor or a translator of the language the texts; who reviews and who approves
is told by `campaigns.clubs.episodes`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from campaigns import answering
from campaigns.admin import words
from campaigns.admin.campaigns import tongues
from campaigns.admin.fields import Form
from campaigns.admin.radio import FORM, STALE, here, lines_of, reason, title, wake
from campaigns.admin.security import installation, me, needs, writing
from campaigns.admin.typed import TO_MEND, Page, Typed, seal
from campaigns.admin.words import TOPICS, _, tongue
from campaigns.clubs import episodes as acts
from campaigns.clubs.episodes import Head
from campaigns.models import Airing, AiringStatus, Episode, EpisodeText, Series
from messaging import staff, texts
from messaging.clock import utc_now
from messaging.errors import DataError, RefusedError, StaleError
from messaging.models import Language, Programme, Role, Station

episodes = Blueprint(
    "episodes", __name__, url_prefix="/admin/<programme>/people/radio/episodes", template_folder="templates"
)
CODE, TITLE, GUIDE, LAST, HOURS = 40, 120, 8000, 999, 240


@dataclass(frozen=True)
class Side:
    """One language of an episode: its text, what the word list finds in it, and what this account may do with it."""

    language: Language
    text: EpisodeText | None = None
    remarks: Sequence[str] = ()
    no_review: str | None = None  # why not; None: it may
    no_approval: str | None = None
    may_write: bool = False


@episodes.get("")
def index() -> str:
    """The episodes of one series, the latest first; of the first series unless another is asked for."""
    now = utc_now()
    with installation().db.read() as session:
        every = session.scalars(_series().order_by(Series.title, Series.id)).all()
        wanted = request.args.get("series", type=int)
        series = next((one for one in every if one.id == wanted), None) or (every[0] if every and not wanted else None)
        if series is None and wanted:
            abort(404)
        rows = _episodes(session, series)
        ids = [row.id for row in rows]
        return render_template(
            "episodes.html", series=series, every=every, rows=rows, title=title, states=_states(session, ids),
            airs=_next(session, ids, now), languages=g.programme.languages, may_edit=me().has(Role.EDITOR),
        )  # fmt: skip


@episodes.get("/series/new")
@needs(Role.EDITOR)
def new_series() -> str:
    """The form of a series."""
    return _series_form(Typed(Form()))


@episodes.post("/series/new")
@needs(Role.EDITOR)
def add_series() -> Response | tuple[str, int]:
    """Make a series."""
    typed = Typed(request.form.copy())
    name, code = typed.text("title", TITLE, is_needed=True), typed.text("code", CODE, is_needed=True).lower()
    if (code and not code.replace("-", "").isalnum()) or not code.isascii():
        typed.wrong("code", _("Écrivez le code en petites lettres sans accent, chiffres et tirets."))
    if typed.faults:
        return _series_form(typed, _(TO_MEND)), 400
    try:
        with writing() as session:
            row = acts.add_series(session, g.programme.id, code, name, utc_now(), me().id)
    except RefusedError as refusal:
        return _series_form(typed, words.sentence(str(refusal))), 400
    flash(_("Série ajoutée."), "good")
    return redirect(url_for("episodes.index", series=row.id), 303)


@episodes.get("/series/<int:series>/new")
@needs(Role.EDITOR)
def new(series: int) -> str:
    """The form of an episode; its number follows the last one."""
    with installation().db.read() as session:
        last = session.scalar(sa.select(sa.func.max(Episode.number)).where(Episode.series_id == series)) or 0
        return _head_form(session, own_series(session, series), None, Typed(Form({"number": str(last + 1)})))


@episodes.post("/series/<int:series>/new")
@needs(Role.EDITOR)
def add(series: int) -> Response | tuple[str, int]:
    """Make an episode."""
    return _keep_head(series, None)


@episodes.get("/<int:episode>")
def one(episode: int) -> str:
    """The episode: its run-sheet, its broadcasts, and its text in each language."""
    return show(episode)


@episodes.get("/<int:episode>/edit")
@needs(Role.EDITOR)
def edit(episode: int) -> str:
    """The form of an episode, as it stands."""
    with installation().db.read() as session:
        row, series = own_episode(session, episode)
        return _head_form(session, series, row, Typed(_of_head(row)))


@episodes.post("/<int:episode>/edit")
@needs(Role.EDITOR)
def change(episode: int) -> Response | tuple[str, int]:
    """Change an episode."""
    with installation().db.read() as session:
        _row, series = own_episode(session, episode)
    return _keep_head(series.id, episode)


def show(episode: int, refused: Mapping[str, str] | None = None) -> str:
    """The page of an episode; `refused` is a form of it that was not taken: language, sentence, what was typed."""
    now = utc_now()
    with installation().db.read() as session:
        row, series = own_episode(session, episode)
        stored = {
            text.language: text
            for text in session.scalars(sa.select(EpisodeText).where(EpisodeText.episode_id == row.id))
        }
        sides = _sides(session, row, stored)
        people = {ident for text in stored.values() for ident in (text.author_id, text.reviewer_id, text.approver_id)}
        own = sa.and_(here(session, now), Airing.episode_id == row.id)
        return render_template(
            "episode.html", episode=row, series=series, title=title, sides=sides, names=staff.names(session, people),
            lines=lines_of(session, own, now), reason=reason, refused=refused or {}, may_edit=me().has(Role.EDITOR),
            spoken={one.language.code: tongue(one.language) for one in sides}, french=texts.SOURCE,
        )  # fmt: skip


def own_series(session: Session, ident: int) -> Series:
    """A series of the programme; anything else is not there (404)."""
    return session.scalar(_series().where(Series.id == ident)) or abort(404)


def own_episode(session: Session, ident: int) -> tuple[Episode, Series]:
    """An episode of the programme with its series; anything else is not there (404)."""
    query = sa.select(Episode, Series).join(Series, Series.id == Episode.series_id)
    row = session.execute(query.where(Episode.id == ident, Series.programme_id == g.programme.id)).one_or_none()
    return (row[0], row[1]) if row is not None else abort(404)


def remarks(session: Session, said: acts.Words, topic: str) -> list[str]:
    """What the word list finds, in the language of the page, nothing twice."""
    own = answering.agencies(session, session.get_one(Programme, g.programme.id))
    return list(dict.fromkeys(one.say(words.code()) for one in acts.findings(said, topic, own)))


def _series() -> sa.Select[Series]:
    return sa.select(Series).where(Series.programme_id == g.programme.id)


def _episodes(session: Session, series: Series | None) -> Sequence[Episode]:
    if series is None:
        return ()
    own = sa.select(Episode).where(Episode.series_id == series.id)
    return session.scalars(own.order_by(Episode.number.desc()).limit(LAST)).all()


def _states(session: Session, ids: Sequence[int]) -> dict[int, list[EpisodeText]]:
    """The texts of some episodes, by episode."""
    query = sa.select(EpisodeText).where(EpisodeText.episode_id.in_(ids)).order_by(EpisodeText.language)
    found: dict[int, list[EpisodeText]] = {}
    for text in session.scalars(query):
        found.setdefault(text.episode_id, []).append(text)
    return found


def _next(session: Session, ids: Sequence[int], now: datetime) -> dict[int, datetime]:
    """When each of some episodes is aired next at a station of the account's places, by episode."""
    query = (
        sa.select(Airing.episode_id, sa.func.min(Airing.planned_at))
        .join(Station, Station.id == Airing.station_id)
        .where(Airing.episode_id.in_(ids), here(session, now))
        .where(Airing.planned_at > now, Airing.status == AiringStatus.PLANNED)
        .group_by(Airing.episode_id)
    )
    return {episode: at for episode, at in session.execute(query)}  # noqa: C416


def _sides(session: Session, row: Episode, stored: Mapping[str, EpisodeText]) -> list[Side]:
    every = tongues(session, g.programme, stored)
    return [_side(session, row, language, stored.get(language.code)) for language in every]


def _side(session: Session, row: Episode, language: Language, text: EpisodeText | None) -> Side:
    may_write = me().may_write(language.code)
    if text is None:
        return Side(language, may_write=may_write)
    return Side(
        language, text, remarks(session, acts.words_of(text), row.topic),
        texts.review_refusal(text, me().id, me().roles),
        acts.approve_refusal(text, row.topic, language.family, me().id, me().roles), may_write,
    )  # fmt: skip


def _keep_head(series: int, ident: int | None) -> Response | tuple[str, int]:
    typed, now = Typed(request.form.copy()), utc_now()
    try:
        with writing() as session:
            of = own_series(session, series)
            row = own_episode(session, ident)[0] if ident else None
            if row is not None and request.form.get("seen") != seal(_of_head(row)):
                raise StaleError
            head = _head(typed)
            if head is None:
                return _head_form(session, of, row, typed, _(TO_MEND)), 400
            if row is None:
                row = acts.add(session, of.id, head, now, me().id)
            else:
                acts.change(session, row.id, head, now, me().id)
    except (RefusedError, DataError, StaleError) as refusal:
        is_stale = isinstance(refusal, StaleError)
        told = _(STALE) if is_stale else words.sentence(str(refusal))
        with installation().db.read() as session:
            stored = own_episode(session, ident)[0] if ident else None
            return _head_form(session, own_series(session, series), stored, typed, told), 409 if is_stale else 400
    flash(_("Émission enregistrée."), "good")
    wake()
    return redirect(url_for("episodes.one", episode=row.id), 303)


def _head(typed: Typed) -> Head | None:
    """What was typed of an episode; None when a field is wrong."""
    number, topic = (
        typed.number("number", 1, LAST, is_needed=True),
        typed.choice("topic", tuple(TOPICS), is_needed=True),
    )
    minutes, guide = typed.number("minutes", 1, HOURS), typed.text("guide", GUIDE)
    titles = {
        code: said
        for code in g.programme.languages
        if (said := typed.text(f"title_{code}", TITLE, is_needed=code == words.FIRST))
    }
    if typed.faults or number is None:
        return None
    return Head(number, topic, titles, guide, minutes)


def _of_head(row: Episode) -> Form:
    """A stored episode as the fields of its form."""
    form = Form({"number": str(row.number), "topic": row.topic, "guide": row.guide or ""})
    form["minutes"] = str(row.minutes or "")
    for code, said in row.titles.items():
        form[f"title_{code}"] = said
    return form


def _series_form(typed: Typed, notice: str = "") -> str:
    above = [(url_for("episodes.index"), _("Émissions"))]
    return Page("series", _("Ajouter une série"), typed.form, above, typed.faults, notice).show(FORM)


def _head_form(session: Session, series: Series, row: Episode | None, typed: Typed, notice: str = "") -> str:
    above = [(url_for("episodes.index", series=series.id), series.title)]
    if row is not None:
        above.append((url_for("episodes.one", episode=row.id), f"E{row.number}"))
    heading = _("Modifier l'émission") if row is not None else _("Ajouter une émission")
    seen = seal(_of_head(row)) if row is not None else ""
    page = Page("episode", heading, typed.form, above, typed.faults, notice, seen)
    more: dict[str, Any] = {"languages": [(one.code, tongue(one)) for one in tongues(session, g.programme, ())]}
    return page.show(FORM, **more)
