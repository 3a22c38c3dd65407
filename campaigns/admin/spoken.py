"""What clubs are given of an episode in one language: written, reviewed, approved; stored only over what was seen."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from flask import Blueprint, abort, flash, g, redirect, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from campaigns import answering
from campaigns.admin import words
from campaigns.admin.episodes import own_episode, remarks, show
from campaigns.admin.fields import Form
from campaigns.admin.radio import FORM, STALE, title
from campaigns.admin.security import installation, me, writing
from campaigns.admin.typed import TO_MEND, Page, Typed
from campaigns.admin.words import _, tongue
from campaigns.clubs import episodes as acts
from campaigns.clubs.episodes import DIGITS, LONGEST, Words
from campaigns.models import EpisodeText
from messaging import texts
from messaging.clock import utc_now
from messaging.errors import RefusedError, StaleError
from messaging.models import Language, Programme

spoken = Blueprint(
    "spoken", __name__, url_prefix="/admin/<programme>/people/radio/episodes/<int:episode>", template_folder="templates"
)


@spoken.get("/texts/<language>")
def edit(episode: int, language: str) -> str:
    """The form of a text; a new one takes its source from the French."""
    with installation().db.read() as session:
        text = _text(session, episode, language)
        if text is not None:
            return _form(session, episode, language, Typed(_of(text)), text)
        french = _text(session, episode, texts.SOURCE)
        return _form(session, episode, language, Typed(Form({"source": french.source or "" if french else ""})), None)


@spoken.post("/texts/<language>")
def save(episode: int, language: str) -> Response | tuple[str, int]:
    """Write it; when somebody else was quicker, show both and lose nothing."""
    typed = Typed(request.form.copy())
    said = _read(typed)
    try:
        with writing() as session:
            text = _text(session, episode, language)
            if typed.faults:
                return _form(session, episode, language, typed, text, _(TO_MEND)), 400
            acts.write(session, episode, language, said, _seen(), utc_now(), me().id)
    except StaleError:
        return _again(episode, language, typed, _(STALE)), 409
    except RefusedError as refusal:
        return _again(episode, language, typed, words.sentence(str(refusal))), 400
    flash(_("Texte enregistré. C'est un brouillon : il attend une relecture."), "good")
    return _to_text(episode, language)


@spoken.post("/texts/<language>/review")
def review(episode: int, language: str) -> Response | tuple[str, int]:
    """Accept wording and letters."""
    try:
        with writing() as session:
            text = _stored(session, episode, language)
            variety = request.form.get("variety", "")
            acts.review(session, text.id, _mark(), me().id, me().roles, utc_now(), variety)
    except RefusedError as refusal:
        return _refused(episode, language, refusal)
    flash(_("Texte relu. Il attend une approbation."), "good")
    return _to_text(episode, language)


@spoken.post("/texts/<language>/approve")
def approve(episode: int, language: str) -> Response | tuple[str, int]:
    """Accept the content: from now on exactly these words are printed to be read aloud."""
    try:
        with writing() as session:
            text = _stored(session, episode, language)
            own = answering.agencies(session, session.get_one(Programme, g.programme.id))
            acts.approve(session, text.id, _mark(), me().id, me().roles, utc_now(), own)
    except RefusedError as refusal:
        return _refused(episode, language, refusal)
    flash(_("Texte approuvé. Il est imprimé sur les fiches des clubs."), "good")
    return _to_text(episode, language)


def _text(session: Session, episode: int, language: str) -> EpisodeText | None:
    """The text at an address, None while nobody wrote it; 404 for what the programme does not have."""
    own_episode(session, episode)
    query = sa.select(EpisodeText).where(EpisodeText.episode_id == episode, EpisodeText.language == language)
    text = session.scalar(query)
    if text is None and language not in g.programme.languages:
        abort(404)
    if request.endpoint in ("spoken.edit", "spoken.save") and not me().may_write(language):
        abort(403)
    return text


def _stored(session: Session, episode: int, language: str) -> EpisodeText:
    return _text(session, episode, language) or abort(404)


def _seen() -> datetime | None:
    """When the words that the form was filled with were written; None: there were none."""
    try:
        return datetime.fromisoformat(request.form.get("seen", ""))
    except ValueError:
        return None


def _mark() -> datetime:
    """The same of a page that shows words: without it they are not what was read."""
    return _seen() or datetime.fromtimestamp(0, tz=utc_now().tzinfo)


def _read(typed: Typed) -> Words:
    """What was typed, with what is wrong noted beside its fields."""
    options = {digit: said for digit in DIGITS if (said := typed.text(f"option_{digit}", LONGEST["option"]))}
    guide, read_aloud = typed.text("guide", LONGEST["guide"]), typed.text("read_aloud", LONGEST["read_aloud"])
    question, source = typed.text("question", LONGEST["question"]), typed.text("source", LONGEST["source"])
    found = Words(guide, read_aloud, question, options, source)
    typed.refuse((name, why) for name, why in acts.faults(found) if name not in typed.faults)
    return found


def _of(text: EpisodeText) -> Form:
    said = acts.words_of(text)
    options = {f"option_{digit}": option for digit, option in said.options.items()}
    parts = {name: getattr(said, name) for name in ("guide", "read_aloud", "question", "source")}
    return Form({**parts, **options, "seen": text.changed_at.isoformat()})


def _form(
    session: Session, episode: int, language: str, typed: Typed, text: EpisodeText | None, notice: str = ""
) -> str:
    row, series = own_episode(session, episode)
    above = [(url_for("episodes.index", series=series.id), series.title)]
    above.append((url_for("episodes.one", episode=row.id), f"E{row.number} · {title(row)}"))
    seen = typed.form.get("seen", "")
    is_newer = text is not None and text.changed_at.isoformat() != seen
    name = tongue(session.get_one(Language, language))
    seen = text.changed_at.isoformat() if text is not None and notice == _(STALE) else seen
    page = Page("text", name, typed.form, above, typed.faults, notice, seen)
    said = _read(Typed(typed.form))
    return page.show(
        FORM, language=language, text=text, newer=acts.words_of(text) if text is not None and is_newer else None,
        french=_french(session, episode, language), digits=DIGITS, remarks=remarks(session, said, row.topic),
    )  # fmt: skip


def _french(session: Session, episode: int, language: str) -> Words | None:
    """The French words beside those of another language."""
    if language == texts.SOURCE:
        return None
    query = sa.select(EpisodeText).where(EpisodeText.episode_id == episode, EpisodeText.language == texts.SOURCE)
    found = session.scalar(query)
    return acts.words_of(found) if found is not None else None


def _again(episode: int, language: str, typed: Typed, notice: str) -> str:
    with installation().db.read() as session:
        return _form(session, episode, language, typed, _text(session, episode, language), notice)


def _refused(episode: int, language: str, refusal: Exception) -> tuple[str, int]:
    typed = {"language": language, "sentence": words.sentence(str(refusal)), "variety": request.form.get("variety", "")}
    return show(episode, typed), 400


def _to_text(episode: int, language: str) -> Response:
    return redirect(url_for("episodes.one", episode=episode, _anchor=language), 303)
