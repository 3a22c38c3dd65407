"""Questions to air: the queue by days waiting, and one question with all that may be done to it.

The words name nobody, so they are shown to who plans the radio; whose they are, by club alone, to the officer of the
place. The SMS themselves are on the page of the officer, `taking`.

Source: the page on the domain, 6.3; the safeguarding rules, 6 and 11.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from campaigns.admin import masks, paging, words
from campaigns.admin.security import installation, me, needs, writing
from campaigns.admin.taking import counted
from campaigns.admin.words import N_, TOPICS, _
from campaigns.clubs import askers, names, questions
from campaigns.models import Airing, AiringStatus, AirQuestion, AirQuestionAsker, AirQuestionState, Episode, Series
from messaging import audit, staff
from messaging.clock import local, utc_now
from messaging.errors import RefusedError
from messaging.models import Club, Role, Station
from messaging.models.people import Sex

air = Blueprint("air", __name__, url_prefix="/admin/<programme>/people/air", template_folder="templates")
Act = Callable[[Session, AirQuestion, datetime], None]
SEES = (Role.OFFICER, Role.EDITOR, Role.APPROVER)
KEEPS = (Role.OFFICER, Role.EDITOR)
VIEWS = {"open": N_("en attente"), "answered": N_("répondues"), "skipped": N_("laissées")}
STATES = {
    AirQuestionState.WAITING: N_("en attente"),
    AirQuestionState.GIVEN: N_("confiée"),
    AirQuestionState.ANSWERED: N_("répondue"),
    AirQuestionState.SKIPPED: N_("laissée"),
}
OF_VIEW = {
    "open": questions.OPEN,
    "answered": (AirQuestionState.ANSWERED,),
    "skipped": (AirQuestionState.SKIPPED,),
}
EPISODES = 100  # in a list to choose from
EXPERT = "expert"
LATELY = timedelta(days=90)  # the most asked are counted over


@dataclass(frozen=True)
class Programmed:
    """An episode to choose, and when it is on the air next."""

    episode: Episode
    airs_at: datetime | None


@dataclass(frozen=True)
class Shown:
    """What this answer shows beside what is stored: what was typed, and by act why it was not taken."""

    typed: Mapping[str, str] = field(default_factory=dict)
    faults: Mapping[str, Sequence[str]] = field(default_factory=dict)


@air.get("")
@needs(*SEES)
def index() -> str:
    """The questions of one view; above them, for the officer, how many SMS may become one."""
    view, topic = request.args.get("view", "open"), request.args.get("topic", "")
    view, topic = view if view in VIEWS else "open", topic if topic in TOPICS else ""
    now, by_women = utc_now(), "women" in request.args
    with installation().db.read() as session:
        query = listed(view, topic, by_women, paging.after(request.args.get("after")))
        found = paging.page(session, query)
        rows = [row.AirQuestion for row in found.rows]
        return render_template(
            "air.html", found=found, view=view, topic=topic, by_women=by_women, VIEWS=VIEWS, STATES=STATES, now=now,
            waited=questions.waited, episodes=_episodes_of(session, rows), stations=_stations_of(session, rows),
            offered=counted(session, now) if me().has(Role.OFFICER) else 0,
            first=questions.most_asked(session, g.programme.id, now - LATELY),
        )  # fmt: skip


@air.get("/<int:ident>")
@needs(*SEES)
def one(ident: int) -> str:
    """One question."""
    return _page(ident)


@air.post("/<int:ident>")
@needs(*SEES)
def act(ident: int) -> Response | tuple[str, int]:
    """Do one of `ACTS` to a question; what was typed stays when it is refused."""
    name = request.form.get("do", "")
    if name not in ACTS:
        abort(400)
    if not any(me().has(role) for role in ((Role.APPROVER,) if name == "approve" else KEEPS)):
        abort(403)
    try:
        with writing() as session:
            row = questions.find(session, g.programme.id, ident, lock=True) or abort(404)
            ACTS[name](session, row, utc_now())
    except RefusedError as refusal:
        faults = {name: [words.sentence(part) for part in str(refusal).split("\n")]}
        return _page(ident, Shown(request.form.to_dict(), faults)), 400
    flash(_("C'est noté."), "good")
    return redirect(url_for("air.one", ident=ident), 303)


def give(session: Session, row: AirQuestion, now: datetime) -> None:
    """Give it to the chosen station, or to an expert."""
    to = request.form.get("to", "")
    station = None
    if to != EXPERT:
        own = sa.select(Station).where(Station.programme_id == g.programme.id, Station.id == paging.after(to))
        station = session.scalar(own)
        if station is None:
            raise RefusedError("Choisissez une station ou un expert. / Choose a station or an expert.")
    questions.give(session, row, station, me().id, now)


def attach(session: Session, row: AirQuestion, now: datetime) -> None:
    """Let the chosen episode take it up."""
    chosen = request.form.get("episode", "")
    episode = questions.episode_of(session, g.programme.id, paging.after(chosen))
    if chosen and episode is None:
        raise RefusedError("Choisissez une émission. / Choose an episode.")
    questions.attach(session, row, episode, me().id, now)


def answer(session: Session, row: AirQuestion, now: datetime) -> None:
    """Write the answer."""
    said = request.form.get("answer", "").replace("\r\n", "\n")
    known = names.known(session, g.programme.id, local(now, g.programme.zone).date())
    if faults := list(questions.refusals(said, known, "answer")):
        raise RefusedError("\n".join(faults))
    questions.answer(session, row, said, me().id, now)


def approve(session: Session, row: AirQuestion, now: datetime) -> None:
    """Approve the answer that was shown."""
    questions.approve(session, row, me().id, now, request.form.get("seen", ""))


def _marks(state: AirQuestionState) -> Act:
    def mark(session: Session, row: AirQuestion, now: datetime) -> None:
        questions.mark(session, row, state, audit.actor(me().id), now)

    return mark


ACTS: dict[str, Act] = {
    "give": give,
    "attach": attach,
    "answer": answer,
    "approve": approve,
    "answered": _marks(AirQuestionState.ANSWERED),
    "skip": _marks(AirQuestionState.SKIPPED),
    "wait": _marks(AirQuestionState.WAITING),
}


def listed(view: str, topic: str, by_women: bool, after: int | None) -> sa.Select[*tuple[Any, ...]]:
    """The questions of a view with how many ask them: those that wait longest first, of the others the latest."""
    query = askers.counted().where(AirQuestion.programme_id == g.programme.id, AirQuestion.state.in_(OF_VIEW[view]))
    if topic:
        query = query.where(AirQuestion.topic == topic)
    if by_women:
        asker = AirQuestionAsker
        query = query.where(sa.exists().where(asker.air_question_id == AirQuestion.id, asker.sex == Sex.F))
    if view != "open":
        query = query.order_by(None).order_by(AirQuestion.id.desc())
        return query if after is None else query.where(AirQuestion.id < after)
    query = query.order_by(None).order_by(AirQuestion.asked_at, AirQuestion.id)
    if after is None:
        return query
    before = sa.select(AirQuestion.asked_at).where(AirQuestion.id == after).scalar_subquery()
    later = sa.or_(AirQuestion.asked_at > before, sa.and_(AirQuestion.asked_at == before, AirQuestion.id > after))
    return query.where(later)


def programmed(session: Session, now: datetime) -> list[Programmed]:
    """The episodes of the programme to choose from: those on the air next first, then the others, the latest first."""
    coming = sa.select(sa.func.min(Airing.planned_at)).where(
        Airing.episode_id == Episode.id, Airing.planned_at > now, Airing.status == AiringStatus.PLANNED
    )
    airs_at = coming.scalar_subquery()
    query = (
        sa.select(Episode, airs_at)
        .join(Series, Series.id == Episode.series_id)
        .where(Series.programme_id == g.programme.id)
        .order_by(airs_at.is_(None), airs_at, Episode.number.desc())
        .limit(EPISODES)
    )
    return [Programmed(episode, at) for episode, at in session.execute(query)]


def title(episode: Episode) -> str:
    """« E12 · Le moringa », in the language of the page where it has that title."""
    own = episode.titles.get(words.code()) or episode.titles.get("fr") or ""
    return f"E{episode.number} · {own}" if own else f"E{episode.number}"


def _page(ident: int, shown: Shown | None = None) -> str:
    now, shown = utc_now(), shown or Shown()
    with installation().db.read() as session:
        row = questions.find(session, g.programme.id, ident) or abort(404)
        stations = sa.select(Station).where(Station.programme_id == g.programme.id).order_by(Station.name)
        return render_template(
            "air_question.html", it=row, shown=shown, STATES=STATES, waited=questions.waited(row, now), title=title,
            episodes=programmed(session, now), stations=session.scalars(stations).all(), EXPERT=EXPERT,
            is_open=row.state in questions.OPEN, asked=_asked(session, row), LONGEST=questions.LONGEST,
            by=staff.names(session, {row.answer_by, row.approved_by}), may_keep=any(me().has(one) for one in KEEPS),
            may_approve=me().has(Role.APPROVER) and row.answer_by != me().id,
        )  # fmt: skip


def _asked(session: Session, row: AirQuestion) -> list[tuple[AirQuestionAsker, str]]:
    """Its askings, the first of them first, each with the club's code where the officer of its place looks."""
    query = (
        sa.select(AirQuestionAsker, Club.code, Club.village_id)
        .outerjoin(Club, Club.id == AirQuestionAsker.club_id)
        .where(AirQuestionAsker.air_question_id == row.id)
        .order_by(AirQuestionAsker.asked_at, AirQuestionAsker.id)
    )
    is_hers = masks.is_officer()
    return [
        (asker, code if is_hers and code and me().sees(village) else "")
        for asker, code, village in session.execute(query)
    ]


def _episodes_of(session: Session, rows: Sequence[AirQuestion]) -> dict[int, str]:
    found = session.scalars(sa.select(Episode).where(Episode.id.in_({row.episode_id for row in rows} - {None})))
    return {episode.id: title(episode) for episode in found}


def _stations_of(session: Session, rows: Sequence[AirQuestion]) -> dict[int, str]:
    ids = {row.station_id for row in rows} - {None}
    return dict(session.execute(sa.select(Station.id, Station.name).where(Station.id.in_(ids))).all())
