"""What staff do with a case: take, answer, refer, pause, close; each act is one line of the log, without words.

    received → taken → answered or referred → asked by SMS « satisfied? » → closed

A NON opens it again once, the second NON is a supervisor's. Of a sensitive case nothing is ever written to a phone, and
it holds dates and the body it was referred to, no words of ours. Source: the page on evaluation, section 8.3; the
safeguarding rules, section 8.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns import answering, caseload, erasure, sorting
from campaigns.models import CasePause, Feedback
from messaging import audit, languages, outbox, routing
from messaging.database import ALONE
from messaging.errors import RefusedError, StaleError
from messaging.models import Gateway, Inbound, Member, MemberPhone, Message, Pending, Phone, Programme
from messaging.models.post import Kind
from messaging.phones import redact

ASK_LIVES = timedelta(hours=24)
ANSWER_USE = timedelta(days=3)
AFTER = timedelta(minutes=1)  # the question follows the answer, so that they arrive in this order
REASONS = ("complainant", "security", "agency")  # why a clock may rest
LONGEST = {"body": 80, "note": 500}  # letters
CHANGED = (
    "Quelqu'un a changé ce dossier pendant que vous l'aviez ouvert : le voici tel qu'il est maintenant. Rien de vos "
    "mots n'est perdu. / Somebody changed this case while you had it open: here it is as it stands now. None of your "
    "words is lost."
)
CLOSED = "Ce dossier est clos : rouvrez-le d'abord. / This case is closed: open it again first."
NO_SMS = (
    "À un message sensible, aucun SMS ne part. Appelez, aux heures sûres du téléphone. / "
    "No SMS answers a sensitive message. Call, within the safe hours of the phone."
)


def seen(session: Session, case: Feedback) -> str:
    """A mark of how a case stands: who presses a button says by it what she saw."""
    rest = caseload.resting(session, case.id)
    parts = (case.category, case.taken_by, case.referred_at, case.answered_at, case.reopened, case.closed_at,
             rest and rest.id)  # fmt: skip
    return hashlib.sha256("|".join(map(str, parts)).encode()).hexdigest()[:12]


def locked(session: Session, ident: int, mark: str | None = None) -> Feedback:
    """A case to act on, alone; its phone and its SMS are locked first, in the order of every SMS that comes in.

    Raises:
        StaleError: it does not stand any more as the mark says.
    """
    rows = sa.select(Feedback.phone_id, Feedback.inbound_id).where(Feedback.id == ident)
    phone_id, inbound_id = session.execute(rows).one()
    session.get(Phone, phone_id, with_for_update=ALONE, populate_existing=True)
    session.get(Inbound, inbound_id, with_for_update=True, populate_existing=True)
    case = session.get_one(Feedback, ident, with_for_update=True, populate_existing=True)
    if mark is not None and seen(session, case) != mark:
        raise StaleError(CHANGED)
    return case


def take(session: Session, case: Feedback, who: int, now: datetime) -> None:
    """Make a case one's own, or take it over; an SMS that was only read by the machine is thereby sorted too."""
    _is_open(case)
    inbound = session.get_one(Inbound, case.inbound_id)
    if inbound.sorted_as is None and case.category in sorting.CASES and case.programme_id is not None:
        sorting.sort(session, {inbound.id: case.category}, {inbound.id: ""}, who, case.programme_id, now)
    before, case.taken_by = case.taken_by, who
    case.taken_at = case.taken_at or now
    _note(session, case, "taken", who, now, before={"by": before}, after={"by": who})


def answer(
    session: Session, case: Feedback, words: str, language: str, programme: Programme, who: int, now: datetime
) -> bool:
    """Answer by one SMS of one segment, and ask whether she is satisfied.

    Args:
        session: a writing session.
        case: a locked case.
        words: the answer as it is to leave (`answering.spelt`).
        language: the language it is in.
        programme: the one that sends and pays.
        who: the account.
        now: the time.

    Returns:
        Whether the question follows; it does not while another question waits on that phone, nor after a STOP.

    Raises:
        RefusedError: the case is closed or sensitive, the phone must not be written to, or the words cannot leave.
    """
    _is_open(case)
    phone = session.get_one(Phone, case.phone_id)
    if refusal := no_sms(case, phone) or next(answering.refusals(words, answering.agencies(session, programme)), None):
        raise RefusedError(refusal)
    _see_to(session, case, who, now)
    case.answered_at, case.answered_by, case.answer, case.satisfied = now, who, words, None
    _write(session, case, programme, words, language, now, now + ANSWER_USE)
    _note(session, case, "answered", who, now, after={"way": "sms"})
    return ask(session, case, programme, who, now)


def phoned(session: Session, case: Feedback, note: str, who: int, now: datetime) -> None:
    """Note that somebody spoke with the person; of a sensitive case only that it was done.

    Raises:
        RefusedError: the case is closed, or the note is too long or missing.
    """
    _is_open(case)
    note = redact(" ".join(note.split()))
    if case.category in caseload.SENSITIVE:
        note = ""
    elif not 1 <= len(note) <= LONGEST["note"]:
        raise RefusedError(
            "Notez ce que vous avez répondu, en 500 signes au plus. / Note what you answered, in 500 characters."
        )
    _see_to(session, case, who, now)
    case.answered_at, case.answered_by, case.answer, case.satisfied = now, who, note or None, None
    _note(session, case, "answered", who, now, after={"way": "voice"})


def ask(session: Session, case: Feedback, programme: Programme, who: int, now: datetime) -> bool:
    """Ask by SMS whether she is satisfied; False when she must not be asked now."""
    phone = session.get_one(Phone, case.phone_id)
    if no_question(session, case, phone, now):
        return False
    session.execute(sa.delete(Pending).where(Pending.phone_id == phone.id))
    kept = {"case": caseload.number(case.id), "programme": programme.id}
    session.add(Pending(phone_id=phone.id, kind=sorting.ASKED, kept=kept, inbound_id=case.inbound_id, made_at=now,
                        expires_at=now + ASK_LIVES))  # fmt: skip
    gateway = session.get_one(Gateway, session.get_one(Inbound, case.inbound_id).gateway_id)
    codes = languages.chain(session, programme.id, answering.language_of(session, phone, programme))
    drafts = gateway.adapter == routing.SIMULATOR
    words, language = languages.reply("case.ask", codes, drafts, case=caseload.number(case.id))
    _write(session, case, programme, words, language, now + AFTER, now + ASK_LIVES, outbox.ASKS)
    _note(session, case, "asked", who, now)
    return True


def no_sms(case: Feedback, phone: Phone) -> str | None:
    """Why no SMS may answer this case; None: one may."""
    if case.category in caseload.SENSITIVE:
        return NO_SMS
    if case.category == "adverse":
        return "Une autre personne lit peut-être ce téléphone : appelez. / Somebody else may read this phone: call."
    if phone.quarantine is not None:
        return "Ce téléphone est en quarantaine : rien n'y part. / This phone is in quarantine: nothing goes there."
    if phone.invalid_at is not None or not phone.sealed:
        return "Ce numéro n'existe plus. / This number is no more."
    if phone.opted_out_at is not None and phone.opted_out_at > case.told_at:
        return "Ce téléphone a dit STOP depuis : appelez. / This phone has said STOP since: call."
    return None


def no_question(session: Session, case: Feedback, phone: Phone, now: datetime) -> str | None:
    """Why nobody may be asked now whether she is satisfied; None: one may."""
    if refusal := no_sms(case, phone):
        return refusal
    if phone.opted_out_at is not None:
        return "Ce téléphone a dit STOP : aucune question n'y part. / This phone said STOP: no question goes there."
    pending = session.get(Pending, phone.id, populate_existing=True)
    if pending is not None and pending.expires_at > now:
        return "Une question attend déjà la réponse de ce téléphone. / A question waits on this phone already."
    return None


def refer(session: Session, case: Feedback, body: str, who: int, now: datetime) -> None:
    """Note to which body a case went, and when: nothing else is kept of it.

    Raises:
        RefusedError: the case is closed, or the body has no name or a long one.
    """
    _is_open(case)
    body = redact(" ".join(body.split()))
    if not 1 <= len(body) <= LONGEST["body"]:
        raise RefusedError(
            "Écrivez le nom du service, en 80 signes au plus. / Write the name of the body, in 80 characters at most."
        )
    _see_to(session, case, who, now)
    case.referred_at, case.referred_to = now, body
    _note(session, case, "referred", who, now)


def pause(session: Session, case: Feedback, reason: str, who: int, now: datetime) -> None:
    """Let the clock rest, for one of `REASONS`.

    Raises:
        RefusedError: the case is closed or rests already, or there is no such reason.
    """
    _is_open(case)
    if reason not in REASONS:
        raise RefusedError("Choisissez pourquoi le délai s'arrête. / Choose why the clock rests.")
    if caseload.resting(session, case.id) is not None:
        raise RefusedError("Ce dossier est déjà en pause. / This case is paused already.")
    session.add(CasePause(feedback_id=case.id, reason=reason, started_at=now, started_by=who))
    session.flush()
    _note(session, case, "paused", who, now, after={"reason": reason})


def resume(session: Session, case: Feedback, who: int, now: datetime) -> None:
    """Let the clock go on; a second call changes nothing."""
    rest = caseload.resting(session, case.id)
    if rest is not None:
        rest.ended_at, rest.ended_by = now, who
        session.flush()
        _note(session, case, "resumed", who, now, after={"reason": rest.reason})


def close(session: Session, case: Feedback, who: int, now: datetime) -> None:
    """End a case that was answered or referred; the words of a security message go at once, region and week stay.

    Raises:
        RefusedError: nothing was done yet, or the complainant may still say whether she is satisfied.
    """
    _is_open(case)
    if case.answered_at is None and case.referred_at is None:
        raise RefusedError("Répondez d'abord, ou orientez vers un service. / Answer first, or refer it to a body.")
    pending = session.get(Pending, case.phone_id)
    if pending is not None and pending.expires_at > now and _is_about(pending, case):
        raise RefusedError(
            "La personne peut encore répondre OUI ou NON : attendez ses 24 heures. / "
            "The person may still answer OUI or NON: wait for her 24 hours."
        )
    end(session, case, now, who)
    _note(session, case, "closed", who, now)


def reopen(session: Session, case: Feedback, who: int, now: datetime) -> None:
    """Open a closed case again, as somebody of the staff sees fit; it is not counted as a NON."""
    if case.closed_at is not None:
        case.closed_at = case.answered_at = case.answered_by = case.satisfied = None
        if case.category in caseload.SENSITIVE:
            case.sorted_at = case.sorted_by = None
        _note(session, case, "reopened", who, now)


def say(session: Session, case: Feedback, *, satisfied: bool, who: str, now: datetime) -> None:
    """What the complainant says of the answer: a yes ends the case, a no opens it again."""
    case.satisfied = satisfied
    if satisfied:
        end(session, case, now, None)
    else:
        case.reopened += 1
        case.answered_at = case.answered_by = case.referred_at = case.closed_at = None
    audit.note(session, who, "satisfied" if satisfied else "contradicted", "case", case.id, now)


def settle(session: Session, inbound: Inbound, who: int, programme_id: int, now: datetime) -> None:
    """A focal point has dealt with a sensitive SMS; a second call changes nothing."""
    case = sorting.case_for(session, inbound, programme_id)
    if case.closed_at is None:
        case.taken_at, case.taken_by = case.taken_at or now, case.taken_by or who
        end(session, case, now, who)
        audit.note(session, audit.actor(who), "settled", "inbound", inbound.id, now)


def end(session: Session, case: Feedback, now: datetime, who: int | None) -> None:
    """Close a case and what belongs to it: its pause, and the words of a security message."""
    case.closed_at = now
    rest = caseload.resting(session, case.id)
    if rest is not None:
        rest.ended_at, rest.ended_by = now, who or rest.started_by
    if case.category in caseload.SENSITIVE:
        case.sorted_at, case.sorted_by = case.sorted_at or now, case.sorted_by or who
    if case.category == "sensitive_security":
        session.flush()
        erasure.forget(session, [case.phone_id], [case.inbound_id])


def _is_open(case: Feedback) -> None:
    if case.closed_at is not None:
        raise RefusedError(CLOSED)


def _is_about(pending: Pending, case: Feedback) -> bool:
    return pending.kind == sorting.ASKED and pending.kept.get("case") == caseload.number(case.id)


def _see_to(session: Session, case: Feedback, who: int, now: datetime) -> None:
    """Who acts on a case that nobody has taken takes it; what rested goes on."""
    if case.taken_at is None:
        take(session, case, who, now)
    resume(session, case, who, now)


def _write(
    session: Session, case: Feedback, programme: Programme, words: str, language: str, due_at: datetime,
    useful_until: datetime, end: str = "",
) -> None:  # fmt: skip
    """Put one SMS of a case into the outbox: it answers the complainant's own SMS, and goes the way that came."""
    phone = session.get_one(Phone, case.phone_id)
    gateway = session.get_one(Gateway, session.get_one(Inbound, case.inbound_id).gateway_id)
    start = f"case:{case.id}:"
    own = sa.select(sa.func.count(Message.id)).where(
        Message.phone_id == phone.id, Message.kind == Kind.REPLY, Message.occurrence.startswith(start)
    )
    letter = outbox.reply(
        session, programme, words, language, occurrence=f"{start}{(session.scalar(own) or 0) + 1}{end}",
        due_at=due_at, useful_until=useful_until, gateway_id=gateway.id, inbound_id=case.inbound_id,
        segment_price_micros=routing.price(gateway, phone.prefix),
    )  # fmt: skip
    lives = sa.select(Member.village_id).join(MemberPhone).where(MemberPhone.phone_id == phone.id)
    village_id = session.scalar(lives.order_by(Member.id).limit(1))  # a commune in pause holds this too
    outbox.put(session, letter, phone.id, due_at, village_id=village_id)


def _note(session: Session, case: Feedback, action: str, who: int, now: datetime, **more: dict[str, object]) -> None:
    audit.note(session, audit.actor(who), action, "case", case.id, now, **more)
