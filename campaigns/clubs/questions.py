"""Questions to air: what clubs and members ask the radio, worded by staff without a name, and what becomes of each.

    waiting     several askings may be of one question; its days count from the first
    given       to a station or an expert; an episode may take it up
    answered    on the air. Words for the answer are written by one person and approved by another; once approved
                they serve whoever asks the same later
    skipped     not for the air

Only an SMS that stands in an ordinary list is taken: what is sensitive never is, what nobody has screened not yet.

Source: the page on the domain, 6.3; the safeguarding rules, 6, 8 and 11.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns.clubs import askers
from campaigns.clubs.names import Known, named
from campaigns.conversation import screening
from campaigns.models import AirQuestion, AirQuestionAsker, AirQuestionState, Episode, Series
from messaging import audit, fold
from messaging.database import insert_ignore
from messaging.errors import RefusedError
from messaging.models import Inbound, Programme, Station
from messaging.models.people import Sex

OBJECT = "air_question"
LONGEST = {"wording": 200, "answer": 600}
OPEN = (AirQuestionState.WAITING, AirQuestionState.GIVEN)
ALIKE = 0.4  # of the words of the shorter question, 0 to 1
STEM = 5  # letters of a word that count: manger and mangent are one
_EMPTY = (
    "a au aux avec ce ces cela comment combien dans de des du elle elles en est et faut font il ils je la le les leur "
    "lui ma mais me mes moi mon ne nos notre nous on ou par pas peut pour pourquoi qu quand que quel quelle quels qui "
    "quoi sa se ses si son sont sur te tu un une va vos votre vous y question faire bien"
)
EMPTY = frozenset(_EMPTY.split())  # words that carry no sense of their own
NOT_OFFERED = (
    "Ce SMS n'est plus à proposer : il est déjà pris, ou sensible. / "
    "This SMS is not on offer any more: it is taken already, or sensitive."
)


def waited(question: AirQuestion, now: datetime) -> int:
    """Whole days from the first asking to the answer, or to now; pure."""
    return max(((question.answered_at or now) - question.asked_at).days, 0)


def alike(words: str, others: Iterable[tuple[int, str]], most: int = 3) -> list[int]:
    """The ids of the questions that seem to ask the same, the likest first; pure.

    By the folded words that carry the sense: how many the shorter one shares with the longer.
    """
    own = _sense(words)
    ranked = sorted(((-_shared(own, _sense(other)), ident) for ident, other in others), key=lambda one: one)
    return [ident for shared, ident in ranked if shared <= -ALIKE][:most]


def refusals(words: str, known: Known, kind: str = "wording") -> Iterator[str]:
    """Why these words cannot be read on the air, each in French and English; pure. `kind` is one of `LONGEST`."""
    if not words.strip():
        yield "Écrivez les mots. / Write the words."
    if len(words) > LONGEST[kind]:
        yield f"Trop long : {LONGEST[kind]} signes au plus. / Too long: {LONGEST[kind]} characters at most."
    for what, name in named(words, known):
        if what == "number":
            yield f"« {name} » est un numéro ou un code : enlevez-le. / « {name} » is a number or a code: take it out."
        elif what == "person":
            yield f"« {name} » est un prénom : dites « une femme », « un homme ». / « {name} » is a first name."
        else:
            yield f"« {name} » est un lieu : dites « un village ». / « {name} » is a place: say « a village »."
    if screening.category(words):
        yield (
            "Ces mots sont de ceux d'un message sensible : rangez plutôt le SMS. / "
            "These are words of a sensitive message: sort the SMS instead."
        )


def make(
    session: Session,
    programme: Programme,
    inbound: Inbound,
    words: str,
    topic: str | None,
    sex: Sex,
    who: int,
    now: datetime,
) -> AirQuestion:
    """Make a question of an SMS, in words without `refusals`.

    Raises:
        RefusedError: the SMS is not on offer.
    """
    question = AirQuestion(
        programme_id=programme.id, topic=topic, wording=" ".join(words.split()), language=programme.language,
        state=AirQuestionState.WAITING, asked_at=inbound.received_at,
    )  # fmt: skip
    session.add(question)
    session.flush()
    _enter(session, programme, question, inbound, sex)
    _note(session, question, "added", who, now, {"inbound": inbound.id})
    return question


def join(
    session: Session, programme: Programme, question: AirQuestion, inbound: Inbound, sex: Sex, who: int, now: datetime
) -> AirQuestion:
    """Add an SMS to those who ask a question; to an answered one as a new question with the same answer.

    Raises:
        RefusedError: the SMS is not on offer, or the answer of a question that was answered is not approved.
    """
    if question.state in OPEN:
        _enter(session, programme, question, inbound, sex)
        question.asked_at = min(question.asked_at, inbound.received_at)
        _note(session, question, "joined", who, now, {"inbound": inbound.id})
        return question
    if question.state is not AirQuestionState.ANSWERED or question.approved_by is None:
        raise RefusedError(
            "Cette question n'attend plus, et sa réponse n'est pas approuvée. / "
            "This question waits no more, and its answer is not approved."
        )
    again = AirQuestion(
        programme_id=programme.id, topic=question.topic, wording=question.wording, language=question.language,
        state=AirQuestionState.ANSWERED, asked_at=inbound.received_at, answered_at=now, answer=question.answer,
        answer_by=question.answer_by, approved_by=question.approved_by, episode_id=question.episode_id,
        answered_from=question.answered_from or question.id,
    )  # fmt: skip
    session.add(again)
    session.flush()
    _enter(session, programme, again, inbound, sex)
    _note(session, again, "reused", who, now, {"inbound": inbound.id, "of": again.answered_from})
    return again


def set_aside(session: Session, programme: Programme, inbound: Inbound, who: int, now: datetime) -> None:
    """An SMS is not for the air: kept under one question without words, so that it is not offered again.

    Raises:
        RefusedError: the SMS is not on offer.
    """
    own = sa.select(AirQuestion).where(
        AirQuestion.programme_id == programme.id,
        AirQuestion.wording == "",
        AirQuestion.state == AirQuestionState.SKIPPED,
    )
    bucket = session.scalars(own.order_by(AirQuestion.id).limit(1)).first()
    if bucket is None:
        bucket = AirQuestion(programme_id=programme.id, wording="", state=AirQuestionState.SKIPPED, asked_at=now)
        session.add(bucket)
        session.flush()
    _enter(session, programme, bucket, inbound, Sex.UNKNOWN)
    _note(session, bucket, "set_aside", who, now, {"inbound": inbound.id})


def give(session: Session, question: AirQuestion, station: Station | None, who: int, now: datetime) -> None:
    """Give a question to a station, or to an expert when there is none.

    Raises:
        RefusedError: it waits no more.
    """
    _is_open(question)
    question.state, question.given_at = AirQuestionState.GIVEN, now
    question.station_id, question.expert = station.id if station else None, station is None
    _note(session, question, "given", who, now, {"station": station.id if station else None})


def attach(session: Session, question: AirQuestion, episode: Episode | None, who: int, now: datetime) -> None:
    """Let an episode take a question up, or none.

    Raises:
        RefusedError: it waits no more.
    """
    _is_open(question)
    before, question.episode_id = question.episode_id, episode.id if episode else None
    if before != question.episode_id:
        _note(session, question, "attached", who, now, {"episode": question.episode_id}, {"episode": before})


def answer(session: Session, question: AirQuestion, words: str, who: int, now: datetime) -> None:
    """Write the answer, in words without `refusals`; another person is to approve it anew."""
    words = words.strip()
    if words == question.answer:
        return
    question.answer, question.answer_by, question.approved_by = words, who, None
    _note(session, question, "written", who, now)


def approve(session: Session, question: AirQuestion, who: int, now: datetime, seen: str) -> None:
    """Approve the answer that was `seen`.

    Raises:
        RefusedError: there is none, it is one's own, or it has changed.
    """
    if not question.answer or question.answer != seen.replace("\r\n", "\n").strip():
        raise RefusedError("La réponse a changé : relisez-la. / The answer has changed: read it again.")
    if question.answer_by == who:
        raise RefusedError(
            "Une autre personne doit approuver votre réponse. / Another person is to approve your answer."
        )
    question.approved_by = who
    _note(session, question, "approved", who, now)


def mark(session: Session, question: AirQuestion, state: AirQuestionState, who: str, now: datetime) -> None:
    """Say that a question was answered on the air or is skipped, or, by `WAITING`, that it waits again; `who` is the
    actor in the log.

    The same again changes nothing. One that waits again is still with whom it was given to.
    """
    if state in OPEN:
        state = AirQuestionState.GIVEN if question.given_at else AirQuestionState.WAITING
    if question.state is state:
        return
    before, question.state = question.state, state
    question.answered_at = now if state is AirQuestionState.ANSWERED else None
    audit.note(session, who, state.value, OBJECT, question.id, now, before={"state": before}, after={"state": state})


def find(session: Session, programme_id: int, ident: int, *, lock: bool = False) -> AirQuestion | None:
    """A question of the programme that may be shown; None when there is none."""
    query = sa.select(AirQuestion).where(
        AirQuestion.id == ident, AirQuestion.programme_id == programme_id, askers.is_shown()
    )
    return session.scalar(query.with_for_update(of=AirQuestion) if lock else query)


def for_host(session: Session, episode_id: int, *, with_skipped: bool = False) -> Sequence[sa.Row[AirQuestion, int]]:
    """What an episode takes up, with how many ask it, the most asked first; not what was skipped or is sensitive."""
    own = AirQuestion.episode_id == episode_id
    fresh = AirQuestion.answered_from.is_(None)
    query = askers.counted().where(own, fresh)
    return session.execute(query if with_skipped else query.where(AirQuestion.state != AirQuestionState.SKIPPED)).all()


def most_asked(
    session: Session, programme_id: int, since: datetime, most: int = 5
) -> Sequence[sa.Row[AirQuestion, int]]:
    """The questions that were asked most since a moment, of those with an approved answer; askings of the same answer
    count together."""
    first = sa.func.coalesce(AirQuestion.answered_from, AirQuestion.id)
    asked = (
        sa.select(first.label("first"), sa.func.count().label("askings"))
        .join(AirQuestionAsker, AirQuestionAsker.air_question_id == AirQuestion.id)
        .where(AirQuestion.programme_id == programme_id, AirQuestionAsker.asked_at >= since)
        .group_by(first)
        .subquery("asked")
    )
    query = (
        sa.select(AirQuestion, asked.c.askings)
        .join(asked, asked.c.first == AirQuestion.id)
        .where(AirQuestion.approved_by.is_not(None), AirQuestion.state != AirQuestionState.SKIPPED, askers.is_shown())
        .order_by(asked.c.askings.desc(), AirQuestion.id)
    )
    return session.execute(query.limit(most)).all()


def episode_of(session: Session, programme_id: int, ident: int | None) -> Episode | None:
    """An episode of the programme; None when there is none."""
    own = sa.select(Episode).join(Series, Series.id == Episode.series_id).where(Series.programme_id == programme_id)
    return session.scalar(own.where(Episode.id == ident)) if ident is not None else None


def _enter(session: Session, programme: Programme, question: AirQuestion, inbound: Inbound, sex: Sex) -> None:
    """Note who asks; an SMS asks one question."""
    offered = askers.offered(programme.id).where(Inbound.id == inbound.id)
    if session.execute(offered.with_for_update(of=Inbound)).first() is None:
        raise RefusedError(NOT_OFFERED)
    row = askers.of(session, programme.id, inbound)
    values = {
        "air_question_id": question.id, "inbound_id": inbound.id, "phone_id": inbound.phone_id,
        "club_id": row.club_id, "sex": sex, "asked_at": inbound.received_at,
    }  # fmt: skip
    made = insert_ignore(session, AirQuestionAsker, ["inbound_id"]).values(**values).returning(AirQuestionAsker.id)
    if session.execute(made).scalar() is None:
        raise RefusedError(NOT_OFFERED)


def _is_open(question: AirQuestion) -> None:
    if question.state not in OPEN:
        raise RefusedError("Cette question n'attend plus. / This question waits no more.")


def _note(
    session: Session,
    question: AirQuestion,
    action: str,
    who: int,
    now: datetime,
    after: Mapping[str, int | None] | None = None,
    before: Mapping[str, int | None] | None = None,
) -> None:
    audit.note(session, audit.actor(who), action, OBJECT, question.id, now, before=before, after=after)


def _sense(words: str) -> frozenset[str]:
    said = fold.words(fold.plain(words).replace("'", " "))
    return frozenset(word[:STEM] for word in said if word not in EMPTY and len(word) > 1)


def _shared(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / min(len(one), len(other)) if one and other else 0.0
