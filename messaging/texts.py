"""Texts and their states: draft, reviewed, approved, with four eyes; knows a step by number only.

    none      -> draft      written or imported, whatever the file says
    draft     -> reviewed   read aloud by a translator other than the author, or by an outside person
    reviewed  -> approved   by another than the author and, for Bambara and Dogon, another than the reviewer
    any       -> draft      any edit; a new letter profile that spells it otherwise; a fact it cites that changes;
                            in other languages also a change of the French source

What is approved is the SMS form, the official text, the wording for the family and the read-aloud text together:
their hash is kept with the approval and asked for again when a message is handed over.

What happened to a text is told by its events and versions, and none of them is ever deleted.

Source: the page on languages, section 10.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy.orm import Session

from messaging import audit, languages, outbox, profile
from messaging.database import insert_ignore
from messaging.errors import RefusedError, StaleError
from messaging.letters import measure
from messaging.models import (
    Language,
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
from messaging.wording import BESIDE, Wording, has_open_slot, render, spelt

SOURCE = "fr"  # the language that the others are translated from
STRICT = ("manding", "dogon")  # families in which reviewer and approver must be two people
FILERS = frozenset({Role.EDITOR, Role.TRANSLATOR, Role.APPROVER})  # who may file the sheet of an outside reviewer
OTHER_SHEET = (
    "Cette fiche est d'une autre version du texte : imprimez-la de nouveau et faites-la relire. / "
    "This sheet is of another version of the text: print it again and have it read."
)


@dataclass(frozen=True)
class Outside:
    """A reviewer without an account: her role, her variety, the day she read the sheet, and the mark printed on it."""

    role: str
    variety: str
    read_on: date
    sheet: str


class Judged(Protocol):
    """What the rules of four eyes look at: a text of a step, or other words that have the same states."""

    @property
    def language(self) -> str: ...
    @property
    def state(self) -> TextState: ...
    @property
    def author_id(self) -> int | None: ...
    @property
    def reviewer_id(self) -> int | None: ...


def wording(version: TextVersion) -> Wording:
    """What a stored version says."""
    return Wording(**{name: getattr(version, name) for name in Wording.__dataclass_fields__})


def current(session: Session, text: Text) -> TextVersion:
    """The present version of a text."""
    version = session.get(TextVersion, (text.id, text.version))
    assert version is not None
    return version


def mark(version: TextVersion) -> str:
    """The mark on a printed review sheet, such as 12-3-A1B2: the text, its version and the start of its hash."""
    return f"{version.text_id}-{version.version}-{version.hash[:4]}".upper()


def is_mark_of(typed: str, version: TextVersion) -> bool:
    """True for the mark of this version, in whatever case and with whatever signs between its parts."""
    given, printed = (re.sub(r"[^0-9A-Z]", "", one.upper()) for one in (typed, mark(version)))
    return given == printed


def write(
    session: Session, step_id: int, language: str, words: Wording, now: datetime, staff_id: int | None = None
) -> Text:
    """Write a text of a step: the first version, or a further one when the words differ; always a draft then.

    The same words again change no state; what stands beside them (back translation, comment) is stored. A change of
    the French text returns the other languages to draft.

    Raises:
        StaleError: somebody else wrote the first version meanwhile.
    """
    text = session.scalar(sa.select(Text).where(Text.step_id == step_id, Text.language == language))
    if text is None:
        text = _first(session, step_id, language, staff_id)
        _add_version(session, text, words, now, staff_id)
        _event(session, text, "written", now, staff_id)
        return text
    present = current(session, text)
    if present.hash == words.hash:
        for name in BESIDE:
            setattr(present, name, getattr(words, name))
        present.profile = profile.VERSION
        return text
    text.version += 1
    text.author_id = staff_id
    _add_version(session, text, words, now, staff_id)
    _to_draft(session, text, "edited", now, staff_id)
    if language == SOURCE:
        for other in session.scalars(sa.select(Text).where(Text.step_id == step_id, Text.language != SOURCE)):
            _to_draft(session, other, "source_changed", now, staff_id)
    return text


def _first(session: Session, step_id: int, language: str, staff_id: int | None) -> Text:
    statement = insert_ignore(session, Text, ["step_id", "language"]).values(
        step_id=step_id, language=language, version=1, author_id=staff_id, state=TextState.DRAFT
    )
    made = session.execute(statement.returning(Text.id)).scalar()
    if made is None:
        raise StaleError()
    return session.get_one(Text, made)


def edit(session: Session, text_id: int, seen: int, words: Wording, staff: Staff, now: datetime) -> Text:
    """A staff member changes a text that she saw at version `seen`.

    Raises:
        StaleError: somebody else changed it first.
    """
    text = _locked(session, text_id)
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
    variety: str = "",
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
        variety: that the account speaks, such as Bandiagara; an outside reviewer has her own. Only French needs none.

    Raises:
        RefusedError: not a draft, her own text, or not a translator of that language; no variety; a sheet of another
            version, without role, or read on a day to come.
    """
    text = _locked(session, text_id)
    refusal = review_refusal(text, staff.id, roles, outside is not None) or (
        _sheet_fault(outside, current(session, text), now) if outside else variety_fault(text.language, variety)
    )
    if refusal:
        raise RefusedError(refusal)
    text.state = TextState.REVIEWED
    text.reviewer_id = staff.id  # of an outside reviewer: who filed her sheet, who must not approve alone either
    read: dict[str, Any] = {"variety": variety.strip() or None, "read_on": now.date()}
    if outside:
        read = {"variety": outside.variety.strip(), "read_on": outside.read_on, "outside_role": outside.role.strip()}
        read["sheet"] = mark(current(session, text))
    _event(session, text, "reviewed", now, staff.id, remark=remark or None, **read)
    return text


def approve(session: Session, text_id: int, staff: Staff, roles: Mapping[Role, set[str]], now: datetime) -> Text:
    """Accept the content; from now on exactly this wording may leave.

    Raises:
        RefusedError: not reviewed, her own text, or for Bambara and Dogon her own review.
    """
    text = _locked(session, text_id)
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
    _release(session, text, version, now)
    return text


def review_refusal(
    text: Judged, staff_id: int, roles: Mapping[Role, set[str]], by_outsider: bool = False
) -> str | None:
    """Why this account may not mark the text as reviewed; None when it may."""
    if text.state is not TextState.DRAFT:
        return "Seul un brouillon se relit. / Only a draft can be reviewed."
    if by_outsider and not roles.keys() & FILERS:
        return (
            "Il faut le rôle éditeur, traducteur ou approbateur pour enregistrer la fiche. / "
            "The role of editor, translator or approver is needed to file the sheet."
        )
    if by_outsider:
        return None
    if text.author_id == staff_id:
        return "Vous avez écrit ce texte : un autre le relit. / You wrote this text: somebody else reviews it."
    if text.language not in roles.get(Role.TRANSLATOR, set()):
        return "Il faut le rôle traducteur de cette langue. / The role of translator of this language is needed."
    return None


def approve_refusal(text: Judged, family: str, staff_id: int, roles: Mapping[Role, set[str]]) -> str | None:
    """Why this account may not approve the text; None when it may."""
    if text.state is not TextState.REVIEWED:
        return "Seul un texte relu s'approuve. / Only a reviewed text can be approved."
    if Role.APPROVER not in roles:
        return "Il faut le rôle approbateur. / The role of approver is needed."
    if text.author_id == staff_id:
        return "Vous avez écrit ce texte : un autre l'approuve. / You wrote this text: somebody else approves it."
    if family in STRICT and text.reviewer_id == staff_id:
        return (
            "Vous avez relu ce texte ou enregistré sa fiche : en bambara et en dogon, une troisième personne "
            "l'approuve. / "
            "You reviewed this text or filed its sheet: in Bambara and Dogon a third person approves it."
        )
    return None


def return_to_draft(
    session: Session, text_ids: Collection[int], event: str, now: datetime, remark: str | None = None
) -> int:
    """Return texts to draft because of something outside them; gives how many lost a review or an approval.

    Args:
        session: a writing session.
        text_ids: the texts; each keeps the event in its history.
        event: what happened, in 20 letters at most, such as `fact_changed`.
        now: the time.
        remark: what it was about, such as the code of the fact.
    """
    rows = session.scalars(sa.select(Text).where(Text.id.in_(text_ids)).order_by(Text.id)).all()
    lost = sum(text.state is not TextState.DRAFT for text in rows)
    for text in rows:
        _to_draft(session, text, event, now, None, remark)
    return lost


def respell(session: Session, now: datetime) -> int:
    """Make the SMS forms of an older letter profile again; cheap when there are none.

    Returns:
        How many texts say something else now: each has a new version, and is a draft. Of the others only the number
        of the profile moves.
    """
    present = sa.and_(TextVersion.text_id == Text.id, TextVersion.version == Text.version)
    older = sa.and_(TextVersion.form == SmsForm.PROFILE, TextVersion.profile < profile.VERSION)
    query = sa.select(Text, TextVersion).join(TextVersion, present).where(older).order_by(Text.id)
    changed = 0
    for text, version in session.execute(query.with_for_update(of=Text)).all():
        said = wording(version)
        words = spelt(said.as_written(), languages.profile_of(session, text.language))
        if words.hash == said.hash:
            version.profile = profile.VERSION
            continue
        text.version += 1
        _add_version(session, text, words, now, None)
        _to_draft(session, text, "profile_changed", now, None, f"{version.profile} -> {profile.VERSION}")
        changed += 1
    return changed


def history(session: Session, text_id: int) -> list[TextEvent]:
    """What happened to a text, oldest first."""
    return list(session.scalars(sa.select(TextEvent).where(TextEvent.text_id == text_id).order_by(TextEvent.id)))


def versions(session: Session, text_id: int) -> list[TextVersion]:
    """Everything a text ever said, oldest first."""
    query = sa.select(TextVersion).where(TextVersion.text_id == text_id)
    return list(session.scalars(query.order_by(TextVersion.version)))


def _locked(session: Session, text_id: int) -> Text:
    """A text as it stands now: who edits it and who approves it go one after the other."""
    session.flush()
    return session.get_one(Text, text_id, with_for_update=True, populate_existing=True)


def _sheet_fault(outside: Outside, version: TextVersion, now: datetime) -> str | None:
    """Why this sheet is no review of this version; None when it is one."""
    if not (0 < len(outside.role.strip()) <= 80 and 0 < len(outside.variety.strip()) <= 40):
        return (
            "Écrivez en peu de mots le rôle de la personne et la variété qu'elle parle. / "
            "Write in few words the role of the person and the variety she speaks."
        )
    if outside.read_on > now.date():
        return "Le jour de la lecture est dans l'avenir. / The day of the reading lies in the future."
    if not is_mark_of(outside.sheet, version):
        return OTHER_SHEET
    if outside.read_on < version.made_at.date():
        return "Ce jour-là, ce texte n'était pas encore écrit. / On that day this text was not written yet."
    return None


def variety_fault(language: str, variety: str) -> str | None:
    """Why what stands for the reviewer's variety does not do; None when it does. Only French needs none."""
    if len(variety.strip()) <= 40 and (language == SOURCE or variety.strip()):
        return None
    return (
        "Écrivez la variété que vous parlez, par exemple Ségou ou Bandiagara. / "
        "Write the variety you speak, such as Ségou or Bandiagara."
    )


def _add_version(session: Session, text: Text, words: Wording, now: datetime, staff_id: int | None) -> None:
    said: dict[str, Any] = {**asdict(words), "options": dict(words.options) if words.options else None}
    said |= {"hash": words.hash, "profile": profile.VERSION, "made_at": now, "staff_id": staff_id}
    session.add(TextVersion(text_id=text.id, version=text.version, **said))


def _to_draft(
    session: Session, text: Text, event: str, now: datetime, staff_id: int | None, remark: str | None = None
) -> None:
    text.state = TextState.DRAFT
    text.approved_hash = None
    text.reviewer_id = text.approver_id = None
    _event(session, text, event, now, staff_id, remark=remark)
    outbox.hold(session, text.id, Reason.NOT_APPROVED)


def _release(session: Session, text: Text, version: TextVersion, now: datetime) -> None:
    """Let what was held for this text go on, with the words that are approved now and at their size."""
    outbox.await_claim(session, Message.text_id == text.id)
    held = sa.select(Message).where(
        Message.text_id == text.id,
        Message.state == State.HELD,
        Message.reason.in_((Reason.NOT_APPROVED.value, Reason.REFUSED_TEXT.value)),
        Message.trial_of.is_(None),  # one that may not go is not mended by an approval
    )
    for message in session.scalars(held.execution_options(yield_per=1_000)):
        words = version.club if message.use_club else version.sms
        if not words:
            continue
        said = render(words, message.slots)
        if has_open_slot(said):  # the new words ask for a value that was not looked up when it was planned
            outbox.close(session, message, Reason.EMPTY_SLOT, now)
            continue
        size = measure(said)
        if message.text_version != version.version:  # its price follows when it leaves
            message.text_version, message.encoding, message.segments = version.version, size.encoding, size.segments
        message.state, message.reason = State.WAITING, None


def _event(
    session: Session, text: Text, event: str, now: datetime, staff_id: int | None, **read: str | date | None
) -> None:
    """One line of the history; `read` holds the review's variety, read_on, outside_role and sheet, and a remark."""
    session.add(TextEvent(text_id=text.id, version=text.version, event=event, at=now, staff_id=staff_id, **read))
    audit.note(
        session, audit.actor(staff_id), event, "text", text.id, now,
        after={"version": text.version, "state": text.state.value},
    )  # fmt: skip
