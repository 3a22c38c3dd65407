"""The life of a purpose: an evaluation officer asks, another person accepts, files leave until its last day, it ends.

Source: the pages on evaluation, section 7, and on safeguarding, sections 11 and 12.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns.evaluation.evaluator import answers, archive, edition, keys
from campaigns.evaluation.evaluator.archive import Archive
from campaigns.models import EvaluationPurpose, Handover
from messaging import audit, proposals, staff
from messaging.clock import local
from messaging.errors import RefusedError
from messaging.installation import Installation
from messaging.models import Programme, Role
from messaging.phones import redact

LONGEST = timedelta(days=366)  # a proposal of ours: after a year consent is asked anew, or so is the purpose
LETTERS = 120
JOB = "job:purposes"
MAKERS = frozenset({Role.EVALUATION})
ENDERS = frozenset({Role.EVALUATION, Role.AUDITOR})
EMPTY = "Écrivez pourquoi et pour qui. / Write why and for whom."
TOO_LONG = f"{LETTERS} signes au plus par ligne. / {LETTERS} characters a line at most."
NUMBER = "N'écrivez pas de numéro de téléphone ici. / Write no phone number here."
SIGNS = "Il y a là un signe qui ne s'écrit pas : retirez-le. / There is a sign that cannot be written: take it out."
PAST = "Le dernier jour est déjà passé. / The last day is over already."
TOO_FAR = "Le dernier jour est à un an au plus. / The last day is a year ahead at most."
NOT_OPEN = (
    "Cette finalité n'est pas ouverte : elle attend une deuxième personne, ou elle est finie. / "
    "This purpose is not open: it waits for a second person, or it has ended."
)
SECOND = (
    "Ces fichiers viennent d'être faits par quelqu'un d'autre : téléchargez-les de nouveau. / "
    "Somebody else has just made these files: download them again."
)
NOT_ASKED = "Aucune demande n'attend pour cette finalité. / No request waits for this purpose."
IN_PLACES = (
    "Ces fichiers sont de tout le programme : il faut un compte qui n'est pas limité à des lieux. / "
    "These files are of the whole programme: an account that is bound to places does not make them."
)
ENDED = "Le programme est fini, et avec lui l'accord des gens. / The programme has ended, and with it people's consent."


def ask(
    session: Session, programme: Programme, title: str, recipient: str, until: date, staff_id: int, now: datetime
) -> EvaluationPurpose:
    """Ask for the files of a purpose, for the body `recipient`, until a day, included.

    Raises:
        RefusedError: the account may not ask, or something is missing, too long or out of time.
    """
    title, recipient = " ".join(title.split()), " ".join(recipient.split())
    _check(title, recipient)
    _check_day(until, local(now, programme.zone).date())
    _need_whole(session, programme, staff_id, now)
    row = EvaluationPurpose(
        programme_id=programme.id, title=title, recipient=recipient, until=until, asked_by=staff_id, asked_at=now
    )
    session.add(row)
    session.flush()
    about = {"title": title, "recipient": recipient, "until": until.isoformat()}
    proposals.ask(
        session, proposals.EXPORT_PERSONS, proposals.PURPOSE, row.id, staff_id, now, programme_id=programme.id,
        details=about,
    )  # fmt: skip
    return row


def accept(session: Session, folder: Path, purpose_id: int, staff_id: int, now: datetime) -> None:
    """Accept what another account asked, and make the keys in `folder`.

    Raises:
        RefusedError: it is the account's own, it may not decide, somebody has decided, or the last day is over.
    """
    row = _locked(session, purpose_id)
    _check_day(row.until, local(now, _zone(session, row)).date())
    proposals.accept(session, _waiting(session, row), staff_id, now)
    row.approved_by, row.approved_at = staff_id, now
    keys.make(folder, row)  # before the commit: keys that no open purpose has are never read
    _note(session, audit.actor(staff_id), "opened", row, now, until=row.until.isoformat())


def refuse(session: Session, purpose_id: int, staff_id: int, now: datetime) -> None:
    """Refuse what another account asked.

    Raises:
        RefusedError: as for `accept`.
    """
    row = _locked(session, purpose_id)
    proposals.refuse(session, _waiting(session, row), staff_id, now)
    row.ended_at = now


def build(session: Session, folder: Path, purpose: EvaluationPurpose, staff_id: int, now: datetime) -> Archive:
    """Make the ZIP of an open purpose, or again what left first, without whom no longer agrees.

    It may leave once `hand_over` has written it down.

    Raises:
        RefusedError: the purpose is not open, its keys are gone, or the account may not have it.
    """
    programme = _open(session, purpose, staff_id, now)
    secrets = keys.read(folder, purpose)
    first = edition.read(folder, purpose)
    if first is None:
        return archive.build(session, programme, purpose, secrets, now)
    still = answers.agreed(session, programme)
    return edition.among(first, {keys.pseudonym(secrets[keys.PERSONS], keys.PERSONS, one) for one in still})


def hand_over(session: Session, folder: Path, made: Archive, purpose_id: int, staff_id: int, now: datetime) -> None:
    """Keep what leaves first, and write down that both files leave: for what, by whom, until when, rows and hashes.

    Raises:
        RefusedError: the purpose has ended meanwhile, or somebody else was first.
    """
    row = _locked(session, purpose_id)
    _open(session, row, staff_id, now)
    keys.read(folder, row)
    if made.is_first and edition.read(folder, row):
        raise RefusedError(SECOND)
    if made.is_first:
        edition.keep(folder, row, made)
    for one in made.files:
        session.add(
            Handover(purpose_id=row.id, file=one.file, rows=one.rows, left_out=one.left_out, sha256=one.sha256,
                     staff_id=staff_id, at=now)
        )  # fmt: skip
        _note(
            session, audit.actor(staff_id), "handed_over", row, now, file=one.file, title=row.title,
            recipient=row.recipient, until=row.until.isoformat(), rows=one.rows, left_out=one.left_out,
            sha256=one.sha256,
        )  # fmt: skip


def end(session: Session, folder: Path, purpose_id: int, staff_id: int, now: datetime) -> None:
    """End an open purpose at once: its keys are destroyed.

    Raises:
        RefusedError: the account may not, or the purpose is not open.
    """
    proposals.need(session, staff_id, ENDERS)
    row = _locked(session, purpose_id)
    if row.approved_at is None or row.ended_at is not None:
        raise RefusedError(NOT_OPEN)
    _end(session, folder, row, audit.actor(staff_id), now)


def keep(here: Installation, now: datetime) -> dict[str, int]:
    """The job: end what is past its last day, or whose programme ended, and destroy every key that outlived its own."""
    folder = keys.folder_of(here.settings)
    with here.db.write() as session:
        query = (
            sa.select(EvaluationPurpose, Programme.zone, Programme.ended_at)
            .join(Programme, Programme.id == EvaluationPurpose.programme_id)
            .where(EvaluationPurpose.ended_at.is_(None))
            .where(sa.or_(EvaluationPurpose.until <= now.date() + timedelta(days=1), Programme.ended_at <= now))
        )
        over = [
            row for row, zone, ended_at in session.execute(query)
            if row.until < local(now, zone).date() or (ended_at is not None and ended_at <= now)
        ]  # fmt: skip
        for row in over:
            _end(session, folder, row, JOB, now)
    swept = keys.sweep(folder, now.date())
    return {"ended": len(over), "keys": swept} if over or swept else {}


def is_open(purpose: EvaluationPurpose, today: date) -> bool:
    """Whether files may be had: accepted, not ended, and its last day not over."""
    return purpose.approved_at is not None and purpose.ended_at is None and today <= purpose.until


def of_programme(session: Session, programme_id: int, most: int) -> list[EvaluationPurpose]:
    """The purposes of a programme, the newest first."""
    query = sa.select(EvaluationPurpose).where(EvaluationPurpose.programme_id == programme_id)
    return list(session.scalars(query.order_by(EvaluationPurpose.id.desc()).limit(most)))


def handed_over(session: Session, purpose_ids: list[int]) -> dict[int, list[Handover]]:
    """What left for these purposes, the latest first."""
    found: dict[int, list[Handover]] = {ident: [] for ident in purpose_ids}
    query = sa.select(Handover).where(Handover.purpose_id.in_(purpose_ids)).order_by(Handover.id.desc())
    for row in session.scalars(query):
        found[row.purpose_id].append(row)
    return found


def _check(title: str, recipient: str) -> None:
    if not title or not recipient:
        raise RefusedError(EMPTY)
    if max(len(title), len(recipient)) > LETTERS:
        raise RefusedError(TOO_LONG)
    if not (title + recipient).isprintable():
        raise RefusedError(SIGNS)
    if redact(title) != title or redact(recipient) != recipient:
        raise RefusedError(NUMBER)


def _check_day(until: date, today: date) -> None:
    if until < today:
        raise RefusedError(PAST)
    if until > today + LONGEST:
        raise RefusedError(TOO_FAR)


def _open(session: Session, purpose: EvaluationPurpose, staff_id: int, now: datetime) -> Programme:
    programme = session.get_one(Programme, purpose.programme_id)
    _need_whole(session, programme, staff_id, now)
    if not is_open(purpose, local(now, programme.zone).date()):
        raise RefusedError(NOT_OPEN)
    return programme


def _need_whole(session: Session, programme: Programme, staff_id: int, now: datetime) -> None:
    """Files of one place beside those of the whole would tell, by their difference, of few people."""
    proposals.need(session, staff_id, MAKERS)
    if staff.village_ids(session, staff_id, now.date()) is not None:
        raise RefusedError(IN_PLACES)
    if programme.ended_at is not None and programme.ended_at <= now:
        raise RefusedError(ENDED)


def _end(session: Session, folder: Path, row: EvaluationPurpose, who: str, now: datetime) -> None:
    gone = keys.destroy(folder, row)
    row.ended_at = now
    if row.approved_at is None:  # nobody decided in time
        proposals.void(session, proposals.EXPORT_PERSONS, proposals.PURPOSE, row.id, row.asked_by, now)
    _note(session, who, "ended", row, now, keys=gone)


def _waiting(session: Session, row: EvaluationPurpose) -> int:
    waiting = proposals.open_about(session, proposals.PURPOSE, row.id, proposals.EXPORT_PERSONS)
    if not waiting:
        raise RefusedError(proposals.DECIDED if row.approved_at or row.ended_at else NOT_ASKED)
    return waiting[0].id


def _locked(session: Session, purpose_id: int) -> EvaluationPurpose:
    return session.get_one(EvaluationPurpose, purpose_id, with_for_update=True, populate_existing=True)


def _zone(session: Session, row: EvaluationPurpose) -> str:
    return session.get_one(Programme, row.programme_id).zone


def _note(session: Session, who: str, action: str, row: EvaluationPurpose, now: datetime, **after: str | int) -> None:
    audit.note(session, who, action, proposals.PURPOSE, row.id, now, after=after)
