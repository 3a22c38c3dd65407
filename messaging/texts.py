"""Texts and their states: draft, reviewed, approved, with four eyes; knows a step by number only.

    none      -> draft      written or imported, whatever the file says
    draft     -> reviewed   read aloud by a translator other than the author, or by an outside person
    reviewed  -> approved   by another than the author and, for Bambara and Dogon, another than the reviewer
    any       -> draft      any edit; in other languages also a change of the French source

What is approved is the SMS form, the official text, the wording for the family and the read-aloud text together:
their hash is kept with the approval and asked for again when a message is handed over.

Source: the page on languages, section 10.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from messaging import audit, outbox
from messaging.errors import RefusedError, StaleError
from messaging.letters import measure
from messaging.models import (
    Language,
    LetterKind,
    Message,
    Role,
    SmsForm,
    Staff,
    Text,
    TextEvent,
    TextState,
    TextVersion,
)
from messaging.models.post import State
from messaging.rules import Reason

SOURCE = "fr"  # the language that the others are translated from
BESIDE = ("back_translation", "kind", "form", "comment")  # of a wording, but not approved with it: no person gets it
STRICT = ("manding", "dogon")  # families in which reviewer and approver must be two people


@dataclass(frozen=True)
class Wording:
    """Everything that one version of a text says; empty optional parts are None."""

    sms: str
    official: str
    read_aloud: str
    club: str | None = None
    options: Mapping[str, str] | None = None
    right: str | None = None
    wrong: str | None = None
    back_translation: str | None = None
    unicode: bool = False
    kind: LetterKind = LetterKind.OFFICIAL
    form: SmsForm = SmsForm.REVIEWER
    comment: str | None = None

    @property
    def hash(self) -> str:
        """The mark of exactly the words that people get."""
        said = {key: value for key, value in asdict(self).items() if key not in BESIDE}
        return hashlib.sha256(json.dumps(said, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


@dataclass(frozen=True)
class Outside:
    """A reviewer without an account: recorded by role, variety and the day she read the sheet."""

    role: str
    variety: str
    read_on: date


def render(words: str, slots: dict[str, Any] | None) -> str:
    """The wire text: the approved words with the values in their braces."""
    for name, value in (slots or {}).items():
        words = words.replace("{" + name + "}", str(value))
    return words


def wording(version: TextVersion) -> Wording:
    """What a stored version says."""
    return Wording(**{name: getattr(version, name) for name in Wording.__dataclass_fields__})


def current(session: Session, text: Text) -> TextVersion:
    """The present version of a text."""
    version = session.get(TextVersion, (text.id, text.version))
    assert version is not None
    return version


def write(
    session: Session, step_id: int, language: str, words: Wording, now: datetime, staff_id: int | None = None
) -> Text:
    """Write a text of a step: the first version, or a further one when the words differ; always a draft then.

    The same words again change no state; what stands beside them (back translation, comment) is stored. A change of the French text returns the other languages to draft.
    """
    text = session.scalar(sa.select(Text).where(Text.step_id == step_id, Text.language == language))
    if text is None:
        text = Text(step_id=step_id, language=language, version=1, author_id=staff_id, state=TextState.DRAFT)
        session.add(text)
        session.flush()
        _add_version(session, text, words, now, staff_id)
        _event(session, text, "written", now, staff_id)
        return text
    present = current(session, text)
    if present.hash == words.hash:
        for name in BESIDE:
            setattr(present, name, getattr(words, name))
        return text
    text.version += 1
    text.author_id = staff_id
    _add_version(session, text, words, now, staff_id)
    _to_draft(session, text, "edited", now, staff_id)
    if language == SOURCE:
        for other in session.scalars(sa.select(Text).where(Text.step_id == step_id, Text.language != SOURCE)):
            _to_draft(session, other, "source_changed", now, staff_id)
    return text


def edit(session: Session, text_id: int, seen: int, words: Wording, staff: Staff, now: datetime) -> Text:
    """A staff member changes a text that she saw at version `seen`.

    Raises:
        StaleError: somebody else changed it first.
    """
    text = session.get_one(Text, text_id)
    if text.version != seen:
        raise StaleError()
    text.changed_by_staff = True
    return write(session, text.step_id, text.language, words, now, staff.id)


def review(
    session: Session,
    text_id: int,
    staff: Staff,
    roles: Mapping[Role, set[str]],
    now: datetime,
    remark: str = "",
    outside: Outside | None = None,
) -> Text:
    """Accept wording and letters.

    Args:
        session: a writing session.
        text_id: the text.
        staff: who says so; for an outside reviewer, who files the signed sheet.
        roles: the roles of that account with their scopes, from `staff.roles`.
        now: the time.
        remark: what the reviewer noted.
        outside: the person without an account who read it.

    Raises:
        RefusedError: not a draft, her own text, or not a translator of that language.
    """
    text = session.get_one(Text, text_id)
    refusal = review_refusal(text, staff.id, roles, outside is not None)
    if refusal:
        raise RefusedError(refusal)
    text.state = TextState.REVIEWED
    text.reviewer_id = None if outside else staff.id
    _event(session, text, "reviewed", now, staff.id, remark, outside)
    return text


def approve(session: Session, text_id: int, staff: Staff, roles: Mapping[Role, set[str]], now: datetime) -> Text:
    """Accept the content; from now on exactly this wording may leave.

    Raises:
        RefusedError: not reviewed, her own text, or for Bambara and Dogon her own review.
    """
    text = session.get_one(Text, text_id)
    family = session.scalars(sa.select(Language.family).where(Language.code == text.language)).one()
    version = current(session, text)
    refusal = approve_refusal(text, family, staff.id, roles) or (
        None if version.read_aloud else "Il manque le texte à lire à haute voix. / The read-aloud text is missing."
    )
    if refusal:
        raise RefusedError(refusal)
    text.state = TextState.APPROVED
    text.approver_id = staff.id
    text.approved_hash = version.hash
    _event(session, text, "approved", now, staff.id)
    _release(session, text, version)
    return text


def review_refusal(text: Text, staff_id: int, roles: Mapping[Role, set[str]], by_outsider: bool = False) -> str | None:
    """Why this account may not mark the text as reviewed; None when it may."""
    if text.state is not TextState.DRAFT:
        return "Seul un brouillon se relit. / Only a draft can be reviewed."
    if by_outsider:
        return None if roles else "Il faut un rôle pour enregistrer la fiche. / A role is needed to file the sheet."
    if text.author_id == staff_id:
        return "Vous avez écrit ce texte : un autre le relit. / You wrote this text: somebody else reviews it."
    if text.language not in roles.get(Role.TRANSLATOR, set()):
        return "Il faut le rôle traducteur de cette langue. / The role of translator of this language is needed."
    return None


def approve_refusal(text: Text, family: str, staff_id: int, roles: Mapping[Role, set[str]]) -> str | None:
    """Why this account may not approve the text; None when it may."""
    if text.state is not TextState.REVIEWED:
        return "Seul un texte relu s'approuve. / Only a reviewed text can be approved."
    if Role.APPROVER not in roles:
        return "Il faut le rôle approbateur. / The role of approver is needed."
    if text.author_id == staff_id:
        return "Vous avez écrit ce texte : un autre l'approuve. / You wrote this text: somebody else approves it."
    if family in STRICT and text.reviewer_id == staff_id:
        return (
            "Vous avez relu ce texte : en bambara et en dogon, une troisième personne l'approuve. / "
            "You reviewed this text: in Bambara and Dogon a third person approves it."
        )
    return None


def history(session: Session, text_id: int) -> list[TextEvent]:
    """What happened to a text, oldest first."""
    return list(session.scalars(sa.select(TextEvent).where(TextEvent.text_id == text_id).order_by(TextEvent.id)))


def _add_version(session: Session, text: Text, words: Wording, now: datetime, staff_id: int | None) -> None:
    said: dict[str, Any] = {**asdict(words), "options": dict(words.options) if words.options else None}
    session.add(
        TextVersion(text_id=text.id, version=text.version, hash=words.hash, made_at=now, staff_id=staff_id, **said)
    )


def _to_draft(session: Session, text: Text, event: str, now: datetime, staff_id: int | None) -> None:
    text.state = TextState.DRAFT
    text.approved_hash = None
    text.reviewer_id = text.approver_id = None
    _event(session, text, event, now, staff_id)
    outbox.hold(session, text.id, Reason.NOT_APPROVED)


def _release(session: Session, text: Text, version: TextVersion) -> None:
    """Let what was held for this text go on, with the words that are approved now and at their size."""
    held = sa.select(Message).where(
        Message.text_id == text.id, Message.state == State.HELD, Message.reason == Reason.NOT_APPROVED.value
    )
    for message in session.scalars(held.execution_options(yield_per=1_000)):
        words = version.club if message.use_club else version.sms
        if not words:
            continue
        size = measure(render(words, message.slots))
        if message.text_version != version.version:  # its price follows when it leaves
            message.text_version, message.encoding, message.segments = version.version, size.encoding, size.segments
        message.state, message.reason = State.WAITING, None


def _event(
    session: Session,
    text: Text,
    event: str,
    now: datetime,
    staff_id: int | None,
    remark: str = "",
    outside: Outside | None = None,
) -> None:
    row = TextEvent(
        text_id=text.id, version=text.version, event=event, at=now, staff_id=staff_id, remark=remark or None
    )
    if outside:
        row.outside_role, row.variety, row.read_on = outside.role, outside.variety, outside.read_on
    session.add(row)
    audit.note(
        session, audit.actor(staff_id), event, "text", text.id, now,
        after={"version": text.version, "state": text.state.value},
    )  # fmt: skip
