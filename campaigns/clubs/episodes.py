"""Episodes and what a club is given of each: words in one language, from draft through review to approval by four eyes.

    none      -> draft      written
    draft     -> reviewed   by a translator of the language other than the author
    reviewed  -> approved   by another than the author and, for Bambara and Dogon, another than the reviewer
    any       -> draft      any other word; in other languages also a change of the French

Only what is approved is printed to be read aloud. What a person changes is stored only over the words that she saw.

Source: the page on languages, section 10; the words are held against the list of what is never said in an SMS.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns.definitions import Finding, wording
from campaigns.models import Episode, EpisodeText, Series
from messaging import audit, texts
from messaging.database import insert_ignore
from messaging.errors import RefusedError, StaleError
from messaging.models import Language, Role, TextState

HEALTH = ("nutrition", "iycf", "hygiene")  # topics whose facts need a source before they are approved
OBJECT = "episode_text"
FACT = re.compile(r"\b[A-Z]{2}\d+\b")  # a source may name facts of the library, such as CF3
LONGEST = {"guide": 4000, "read_aloud": 4000, "question": 300, "source": 200, "option": 80}
DIGITS = tuple("123456")
Fault = tuple[str, str]  # a field and why it cannot be taken, in French and English


@dataclass(frozen=True)
class Words:
    """What is given of an episode in one language; `options` are the answers of a show of hands, by digit."""

    guide: str = ""  # for who leads the session
    read_aloud: str = ""
    question: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    source: str = ""  # of its facts


@dataclass(frozen=True)
class Head:
    """An episode without its texts."""

    number: int
    topic: str
    titles: Mapping[str, str]  # language -> title
    guide: str = ""  # the run-sheet of the studio
    minutes: int | None = None


def words_of(text: EpisodeText) -> Words:
    """What a stored text says."""
    return Words(text.guide, text.read_aloud, text.question, dict(text.options or {}), text.source or "")


def faults(words: Words) -> list[Fault]:
    """Why words cannot be stored, by field; a draft may be unfinished, but not empty."""
    found = [
        (name, f"Trop long : {LONGEST[kind]} signes au plus. / Too long: {LONGEST[kind]} characters at most.")
        for name, kind, said in _parts(words)
        if len(said) > LONGEST[kind]
    ]
    if not (words.guide or words.read_aloud):
        found.append(("read_aloud", "Écrivez ce qui est lu au club. / Write what is read to the club."))
    if words.options and not words.question:
        found.append(("question", "Écrivez la question de ces réponses. / Write the question of these answers."))
    if words.question and list(words.options) not in [list(DIGITS[:count]) for count in range(2, len(DIGITS) + 1)]:
        found.append((
            "question",
            "Écrivez au moins deux réponses, en commençant par 1, sans sauter de ligne. / "
            "Write two answers or more, from 1 on, leaving no line out.",
        ))  # fmt: skip
    return found


def findings(words: Words, topic: str, own: Iterable[str] = ()) -> list[Finding]:
    """What the list of words finds in what a club hears; a path names the field. `own` adds names of agencies."""
    facts, names = FACT.findall(words.source), tuple(own)
    heard = [(name, said) for name, kind, said in _parts(words) if kind in ("read_aloud", "question", "option")]
    return [
        Finding((name,), key, values)
        for name, said in heard
        for key, values in (
            *wording.words(said, names, market=topic == "market", pregnancy=True),
            *wording.doses(said, facts),
            *wording.recipes(said),
            *wording.requests(said),
        )
    ]


def approve_refusal(
    text: EpisodeText, topic: str, family: str, staff_id: int, roles: Mapping[Role, set[str]]
) -> str | None:
    """Why this account may not approve what a club is given; None when it may."""
    if refusal := texts.approve_refusal(text, family, staff_id, roles):
        return refusal
    if not text.read_aloud:
        return "Il manque le texte à lire à haute voix. / The read-aloud text is missing."
    if topic in HEALTH and not text.source:
        return "Écrivez d'abord d'où viennent les faits. / Write first where its facts come from."
    return None


def write(
    session: Session, episode_id: int, language: str, words: Words, seen: datetime | None, now: datetime, by: int | None
) -> EpisodeText:
    """Write a text of an episode, a draft from then on; the same words again change nothing.

    Args:
        session: a writing session.
        episode_id: the episode.
        language: of the text.
        words: without `faults`.
        seen: when the words that the writer saw were written; None: she saw none.
        now: the time.
        by: the account; None: a file.

    Raises:
        StaleError: somebody else wrote other words meanwhile.
    """
    text = _of(session, episode_id, language)
    if text is None and seen is None:
        made = insert_ignore(session, EpisodeText, ["episode_id", "language"]).values(
            episode_id=episode_id, language=language, author_id=by, changed_at=now, **_columns(words)
        )
        if (ident := session.execute(made.returning(EpisodeText.id)).scalar()) is None:
            raise StaleError
        text = session.get_one(EpisodeText, ident)
        _note(session, text, "written", now, by)
    elif text is None or text.changed_at != seen:
        raise StaleError
    elif words_of(text) == words:
        return text
    else:
        for name, value in _columns(words).items():
            setattr(text, name, value)
        text.author_id, text.changed_at = by, now
        _to_draft(session, text, "edited", now, by)
    if language == texts.SOURCE:
        others = sa.select(EpisodeText).where(EpisodeText.episode_id == episode_id, EpisodeText.id != text.id)
        for other in session.scalars(others.with_for_update()):
            _to_draft(session, other, "source_changed", now, by)
    return text


def review(
    session: Session, text_id: int, seen: datetime, by: int, roles: Mapping[Role, set[str]], now: datetime, variety: str
) -> EpisodeText:
    """Accept wording and letters; the reviewer's variety stands in the log.

    Raises:
        RefusedError: not a draft, her own words, not a translator of that language, no variety; or other words by now.
    """
    text = _seen(session, text_id, seen)
    refusal = texts.review_refusal(text, by, roles) or texts.variety_fault(text.language, variety)
    if refusal:
        raise RefusedError(refusal)
    text.state, text.reviewer_id = TextState.REVIEWED, by
    _note(session, text, "reviewed", now, by, variety=variety.strip() or None)
    return text


def approve(
    session: Session,
    text_id: int,
    seen: datetime,
    by: int,
    roles: Mapping[Role, set[str]],
    now: datetime,
    own: Iterable[str] = (),
) -> EpisodeText:
    """Accept the content: exactly these words may be printed and read aloud; what the word list found is logged.

    Raises:
        RefusedError: not reviewed, her own words, for Bambara and Dogon her own review; nothing to read aloud; facts
            on health without a source; or other words by now.
    """
    text = _seen(session, text_id, seen)
    topic = session.scalars(sa.select(Episode.topic).where(Episode.id == text.episode_id)).one()
    family = session.scalars(sa.select(Language.family).where(Language.code == text.language)).one()
    if refusal := approve_refusal(text, topic, family, by, roles):
        raise RefusedError(refusal)
    text.state, text.approver_id = TextState.APPROVED, by
    despite = sorted({one.key for one in findings(words_of(text), topic, own)})
    _note(session, text, "approved", now, by, despite=", ".join(despite) or None)
    return text


def add_series(session: Session, programme_id: int, code: str, title: str, now: datetime, by: int | None) -> Series:
    """Make a series; campaigns name it by its code.

    Raises:
        RefusedError: the programme has one of that code.
    """
    made = insert_ignore(session, Series, ["programme_id", "code"]).values(
        programme_id=programme_id, code=code, title=title
    )
    ident = session.execute(made.returning(Series.id)).scalar()
    if ident is None:
        raise RefusedError(
            f"Une série s'appelle déjà « {code} » : prenez un autre code. / "
            f"A series is called « {code} » already: take another code."
        )
    audit.note(session, audit.actor(by), "added", "series", ident, now, after={"code": code})
    return session.get_one(Series, ident)


def add(session: Session, series_id: int, head: Head, now: datetime, by: int | None) -> Episode:
    """Make an episode of a series.

    Raises:
        RefusedError: the series has one of that number.
    """
    made = insert_ignore(session, Episode, ["series_id", "number"]).values(series_id=series_id, **_head_columns(head))
    ident = session.execute(made.returning(Episode.id)).scalar()
    if ident is None:
        raise RefusedError(_taken(head.number))
    audit.note(session, audit.actor(by), "added", "episode", ident, now, after=_said(head))
    return session.get_one(Episode, ident)


def change(session: Session, episode_id: int, head: Head, now: datetime, by: int | None) -> Episode:
    """Give an episode another number, topic, title, run-sheet or length; another topic makes its texts drafts.

    Raises:
        RefusedError: the series has another one of that number.
    """
    row = session.get_one(Episode, episode_id, with_for_update=True, populate_existing=True)
    same = sa.select(Episode.id).where(Episode.series_id == row.series_id, Episode.number == head.number)
    if session.scalar(same.where(Episode.id != episode_id)) is not None:
        raise RefusedError(_taken(head.number))
    before = Head(row.number, row.topic, dict(row.titles), row.guide or "", row.minutes)
    if before == head:
        return row
    for name, value in _head_columns(head).items():
        setattr(row, name, value)
    audit.note(session, audit.actor(by), "changed", "episode", episode_id, now, before=_said(before), after=_said(head))
    if head.topic != before.topic:  # what needs a source, and what the word list finds, hang on it
        for text in session.scalars(sa.select(EpisodeText).where(EpisodeText.episode_id == episode_id)):
            _to_draft(session, text, "topic_changed", now, by)
    return row


def _parts(words: Words) -> Iterator[tuple[str, str, str]]:
    """Field, kind and words of each part."""
    yield from ((name, name, getattr(words, name)) for name in ("guide", "read_aloud", "question", "source"))
    yield from ((f"option_{digit}", "option", said) for digit, said in words.options.items())


def _columns(words: Words) -> dict[str, Any]:
    return {**asdict(words), "options": dict(words.options) or None, "source": words.source or None}


def _head_columns(head: Head) -> dict[str, Any]:
    return {**asdict(head), "titles": dict(head.titles), "guide": head.guide or None}


def _said(head: Head) -> dict[str, Any]:
    """What the log tells of an episode: a run-sheet is a text, and does not belong there."""
    return {"number": head.number, "topic": head.topic, "titles": head.titles, "minutes": head.minutes}


def _taken(number: int) -> str:
    return (
        f"Cette série a déjà une émission {number} : prenez un autre numéro. / "
        f"This series has an episode {number} already: take another number."
    )


def _of(session: Session, episode_id: int, language: str) -> EpisodeText | None:
    """The text of an episode in a language, as it stands now: who writes and who approves go one after the other."""
    session.flush()
    own = sa.select(EpisodeText).where(EpisodeText.episode_id == episode_id, EpisodeText.language == language)
    return session.scalar(own.with_for_update().execution_options(populate_existing=True))


def _seen(session: Session, text_id: int, seen: datetime) -> EpisodeText:
    session.flush()
    text = session.get_one(EpisodeText, text_id, with_for_update=True, populate_existing=True)
    if text.changed_at != seen:
        raise RefusedError(
            "Ce texte a changé depuis que vous l'avez lu. Lisez-le de nouveau. / "
            "This text has changed since you read it. Read it again."
        )
    return text


def _to_draft(session: Session, text: EpisodeText, event: str, now: datetime, by: int | None) -> None:
    text.state = TextState.DRAFT
    text.reviewer_id = text.approver_id = None
    _note(session, text, event, now, by)


def _note(session: Session, text: EpisodeText, event: str, now: datetime, by: int | None, **more: str | None) -> None:
    after = {"language": text.language, "state": text.state.value, **{k: v for k, v in more.items() if v}}
    audit.note(session, audit.actor(by), event, OBJECT, text.id, now, after=after)
