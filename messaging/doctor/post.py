"""The post itself: the engine's pulse, what waits for a person, money, those on duty, and how this runs."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from messaging import budget, notices, staff
from messaging.doctor.diagnosis import Diagnosis, fine, warn, wrong
from messaging.engines import pulse
from messaging.installation import Installation
from messaging.models import Budget, Inbound, Message, Programme, Staff, StaffRole
from messaging.models.post import InboundState, State
from messaging.rules import Reason
from messaging.settings import Settings

READ_LATE = timedelta(minutes=10)
MONTH = timedelta(days=30)
NEARLY = 80  # percent of a month's money
MONTH_ENDS = timedelta(days=6)
REAL = (Programme.demonstration.is_(False), Programme.ended_at.is_(None))  # of a programme


def engine(here: Installation, now: datetime) -> Iterable[Diagnosis]:
    """The engine gave a sign of life."""
    with here.db.read() as session:
        yield judge_engine(pulse.last(session), here.settings.silent_after, now)


def judge_engine(seen: datetime | None, silent_after: timedelta, now: datetime) -> Diagnosis:
    """Of its last sign of life."""
    remedy = "systemctl status jekulu; journalctl -u jekulu -n 50; then: systemctl restart jekulu"
    if seen is None:
        return wrong("engine", "The engine has never run: nothing leaves, nothing is answered.", remedy)
    if now - seen >= silent_after:
        told = f"The engine gave its last sign of life on {seen:%Y-%m-%d %H:%M}: nothing leaves, nothing is answered."
        return wrong("engine", told, remedy)
    return fine("engine", "The engine runs.")


def unknown(here: Installation, _now: datetime) -> Iterable[Diagnosis]:
    """SMS of which nobody knows whether they left."""
    parked = sa.select(sa.func.count()).where(Message.state == State.HELD, Message.reason == Reason.UNKNOWN.value)
    with here.db.read() as session:
        yield judge_unknown(session.scalar(parked) or 0)


def judge_unknown(count: int) -> Diagnosis:
    """Of how many wait for a person."""
    if count:
        told = f"{count} SMS wait for a person: nobody knows whether they left."
        return warn("unknown outcomes", told, "jekulu resolve --list, then --send or --close; or the page Messages.")
    return fine("unknown outcomes", "Of every SMS it is known whether it left.")


def inbounds(here: Installation, now: datetime) -> Iterable[Diagnosis]:
    """Every SMS that came in was read."""
    waits = sa.select(sa.func.count()).where(Inbound.state == InboundState.NEW, Inbound.next_at < now - READ_LATE)
    failed = sa.select(sa.func.count()).where(Inbound.state == InboundState.FAILED, Inbound.received_at > now - MONTH)
    with here.db.read() as session:
        return judge_inbounds(session.scalar(waits) or 0, session.scalar(failed) or 0)


def judge_inbounds(waiting: int, failed: int) -> list[Diagnosis]:
    """Of how many wait for more than ten minutes, and how many could not be read in 30 days."""
    found = []
    if waiting:
        told = f"{waiting} SMS that came in have waited for more than ten minutes."
        found.append(wrong("inbound", told, "Does the engine run? systemctl restart jekulu"))
    if failed:
        told = f"{failed} SMS of the last 30 days could not be read by the program."
        found.append(warn("inbound", told, "They stand on the page Messages: answer them there, and report the fault."))
    return found or [fine("inbound", "Every SMS that came in was read.")]


def money(here: Installation, now: datetime) -> Iterable[Diagnosis]:
    """Each real programme has a limit this month, and something left."""
    month = budget.month_of(now)
    with here.db.read() as session:
        codes = session.execute(sa.select(Programme.id, Programme.code).where(*REAL)).all()
        rows = session.scalars(sa.select(Budget).where(Budget.month >= month)).all()
    for ident, code in codes:
        own = {row.month: row for row in rows if row.programme_id == ident}
        yield judge_month(code, own.get(month), own.get(_next(month)), now)


def judge_month(code: str, row: Budget | None, following: Budget | None, now: datetime) -> Diagnosis:
    """Of a programme's money this month and the next."""
    check, limit = f"budget {code}", row.limit_micros if row else None
    remedy = f"jekulu programme set {code} --budget {now:%Y-%m}=XOF"
    if not row or not limit:
        return warn(check, "There is no limit for this month: nothing stops the bill.", remedy)
    percent = (row.charged_micros + row.reserved_micros) * 100 // limit
    if percent >= 100:
        return wrong(check, "The month's money is used up: campaign SMS wait.", remedy)
    if percent >= NEARLY:
        return warn(check, f"{percent} % of the month's money are used.", remedy)
    ahead = now + MONTH_ENDS
    if ahead.month != now.month and not (following and following.limit_micros):
        told = "The next month has no limit yet: nothing will stop its bill."
        return warn(check, told, f"jekulu programme set {code} --budget {ahead:%Y-%m}=XOF")
    return fine(check, f"{percent} % of the month's money are used.")


def _next(month: date) -> date:
    return (month + timedelta(days=32)).replace(day=1)


def duty(here: Installation, _now: datetime) -> Iterable[Diagnosis]:
    """Somebody is told when something goes wrong, and accounts that need a second factor have one."""
    with here.db.read() as session:
        if not session.scalar(sa.select(sa.func.count(Programme.id)).where(*REAL)):
            return [fine("accounts", "No real programme: nobody need be on duty.")]
        people = notices.reachable(session, StaffRole.role.in_(notices.ROLES))
        told = sum(not one.demonstration for one in people)
        bare = _without_second_factor(session)
    return judge_duty(told, bool(here.settings.alarm_to and here.settings.smtp), bare)


def _without_second_factor(session: Session) -> int:
    rows = session.scalars(sa.select(Staff).where(Staff.active, Staff.tf_totp_secret.is_(None))).all()
    return sum(staff.needs_code(row, staff.duties(session, row.id).roles) for row in rows)


def judge_duty(told: int, has_mail: bool, bare: int) -> list[Diagnosis]:
    """Of how many can be told by SMS, whether e-mails leave, and how many accounts lack a second factor."""
    found = []
    if not told:
        how = " by SMS" if has_mail else ""
        sentence = f"Nobody on duty has a confirmed phone: no alarm reaches anybody{how}."
        remedy = "Each officer and administrator confirms a phone of her own: Réglages."
        found.append(warn("duty", sentence, remedy) if has_mail else wrong("duty", sentence, remedy))
    if bare:
        sentence = f"{bare} accounts that need a second factor have none."
        found.append(warn("accounts", sentence, "jekulu staff reset EMAIL gives a new one."))
    return found or [fine("duty", f"{told} people are told of alarms.")]


def practice(here: Installation, _now: datetime) -> Iterable[Diagnosis]:
    """Practice and real work are apart, and a real programme has a way out."""
    with here.db.read() as session:
        kinds = set(session.scalars(sa.select(Programme.demonstration).where(Programme.ended_at.is_(None))))
        has_way = staff.has_real_gateway(session)
    return judge_practice(kinds, has_way)


def judge_practice(kinds: set[bool], has_way: bool) -> Sequence[Diagnosis]:
    """Of what kinds of programmes there are (True: a demonstration), and whether there is a real gateway."""
    check = "programmes"
    if kinds == {True, False}:
        told = "Demonstrations and real programmes share this installation: invented people stand among real ones."
        return [
            warn(check, told, "Keep the demonstration in a folder of its own: JEKULU_DATA (docs/fr/demarrer.md, 2).")
        ]
    if False in kinds and not has_way:
        told = "The real programme has no gateway: its SMS go to the simulator and reach nobody."
        return [wrong(check, told, "jekulu gateway add, before a campaign starts.")]
    return [fine(check, "Demonstrations alone." if kinds == {True} else "Practice and real work are apart.")]


def running(settings: Settings, _now: datetime) -> Iterable[Diagnosis]:
    """How this runs: not as root, not too talkative."""
    return judge_running(settings.log_level, getattr(os, "geteuid", lambda: 1)() == 0)


def judge_running(level: str, is_root: bool) -> list[Diagnosis]:
    """Of the level of the log, and of who runs this."""
    found = []
    if level == "DEBUG":
        told = "The log is at DEBUG: libraries may write more than they should, and the disk fills."
        found.append(warn("log", told, "JEKULU_LOG=INFO, then restart."))
    if is_root:
        told = "This runs as root: files that it makes may be closed to the service."
        found.append(warn("user", told, "sudo -u jekulu jekulu doctor"))
    return found or [fine("log", f"The log is at {level}.")]
