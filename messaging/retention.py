"""How long things are kept: one table, whose rows a nightly job applies; knows no campaign.

A row works in pieces, each a transaction of its own, so that nobody waits for the writer; applied again it finds
nothing. Source: the safeguarding rules, section 10.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from messaging import audit, calls
from messaging.database import Database, change, keys_of
from messaging.models import Audit, Consent, Inbound, Mark, Member, Message, Programme
from messaging.models.people import LifeStage
from messaging.models.post import InboundState, State
from messaging.phones import Keys

PIECE = 1_000  # rows of one transaction
MONTH = timedelta(days=30.5)
YEAR = timedelta(days=365.25)
BEFORE = datetime(2000, 1, 1, tzinfo=UTC)  # all that there is came later
WHO = "job:retention"

Apply = Callable[[Session, datetime, int], int]  # session, now, most rows; gives how many rows it touched


@dataclass(frozen=True)
class Rule:
    """One row: what is kept how long, and the function that ends it; without one another part sees to it."""

    name: str
    what: str
    kept: str
    apply: Apply | None = None


def replies(session: Session, now: datetime, most: int) -> int:
    """Of words written to one phone only a keyed hash is left: what was said can be proved, not read."""
    until = now - 12 * MONTH
    query = sa.select(Message.id, Message.body).where(
        Message.programme_id.in_(session.scalars(sa.select(Programme.id)).all()),
        Message.due_at > _reached(session, "replies"),
        Message.due_at <= until,
        Message.state == State.CLOSED,
        Message.body.is_not(None),
    )
    rows = session.execute(query.limit(most)).all()
    keys = keys_of(session)
    if rows:
        hashed = [{"id": ident, "body": None, "body_hash": digest(keys, body or "")} for ident, body in rows]
        session.execute(sa.update(Message), hashed)
    if len(rows) < most:
        _reach(session, "replies", until)
    return len(rows)


def digest(keys: Keys, body: str) -> str:
    """The keyed hash of the words of a message (HMAC-SHA256, 64 hex digits): with them one can show what was sent."""
    return hmac.digest(bytes.fromhex(keys.derive("words of a message")), body.encode(), "sha256").hex()


def inbounds(session: Session, now: datetime, most: int) -> int:
    """Of an SMS that came in only what was read in it is left."""
    until = now - 24 * MONTH
    has_words = sa.or_(Inbound.text != "", Inbound.undecodable.is_not(None))
    ids = sa.select(Inbound.id).where(
        Inbound.received_at > _reached(session, "inbounds"),
        Inbound.received_at <= until,
        Inbound.state.in_((InboundState.HANDLED, InboundState.FAILED)),
        has_words,
    )
    found = change(session, sa.update(Inbound).where(Inbound.id.in_(ids.limit(most))).values(text="", undecodable=None))
    if found < most:
        _reach(session, "inbounds", until)
    return found


def life_stages(session: Session, now: datetime, most: int) -> int:
    """A stage of life and a child's month of birth end on their day."""
    over = sa.select(Member.id).where(Member.life_stage_until < now.date())
    values = {"life_stage": LifeStage.NONE, "life_stage_until": None, "child_birth_month": None}
    return change(session, sa.update(Member).where(Member.id.in_(over.limit(most))).values(**values))


def consents(session: Session, now: datetime, most: int) -> int:
    """A consent that was withdrawn, or whose programme ended, is evidence for three years more; a refusal stays."""
    long_ago = now - 3 * YEAR
    ended = sa.select(Programme.id).where(Programme.ended_at <= long_ago)
    over = sa.or_(Consent.withdrawn_at <= long_ago, Consent.programme_id.in_(ended))
    ids = sa.select(Consent.id).where(Consent.granted.is_(True), over)
    return change(session, sa.delete(Consent).where(Consent.id.in_(ids.limit(most))))


def audits(session: Session, now: datetime, most: int) -> int:
    """Lines of the audit log end after five years."""
    ids = sa.select(Audit.id).where(Audit.at <= now - 5 * YEAR).order_by(Audit.at)
    return change(session, sa.delete(Audit).where(Audit.id.in_(ids.limit(most))))


def unknown_numbers(session: Session, now: datetime, most: int) -> int:
    """Nobody linked the number: its report is held no longer."""
    return calls.lapse(session, now)


RULES: tuple[Rule, ...] = (
    Rule("numbers", "phone number", "sealed, and found by a keyed hash; the key lies outside the database"),
    Rule("texts", "text of a campaign message", "with the campaign"),
    Rule("replies", "words written to one phone: replies, prompts, answers", "12 months, then a keyed hash", replies),
    Rule("inbounds", "words of an SMS that came in", "24 months; what was read in it stays", inbounds),
    Rule("life_stages", "life stage, child's month of birth", "until their day of expiry", life_stages),
    Rule("refusals", "refusal, opt-out, erasure", "the hash of the number, without end"),
    Rule("consents", "consent with its evidence", "as long as it holds, and 3 years", consents),
    Rule("audits", "audit log", "5 years", audits),
    Rule("unknown_numbers", "report of a number that nobody knows", "held 7 days for staff", unknown_numbers),
    Rule("exchanges", "log of exchanges with gateways; no number, no text in it", "14 days, or JEKULU_EXCHANGES"),
    Rule("questions", "what waits for the answer to a question", "24 hours; of a consent 7 days"),
)


def apply(db: Database, rules: Sequence[Rule], now: datetime, piece: int = PIECE) -> dict[str, int]:
    """Apply the rows of a table, each until nothing is left to do; gives how many rows of data each one ended."""
    counts: dict[str, int] = {}
    for rule in rules:
        counts[rule.name] = _apply(db, rule.apply, now, piece) if rule.apply else 0
    return {rule.name: counts[rule.name] for rule in rules if rule.apply}


def note(db: Database, counts: dict[str, int], now: datetime) -> None:
    """Write what a night did into the audit log, also that there was nothing to do."""
    with db.write() as session:
        audit.note(session, WHO, "retained", "installation", "all", now, after=counts)


def _apply(db: Database, rule: Apply, now: datetime, piece: int) -> int:
    total = 0
    while True:
        with db.write() as session:
            done = rule(session, now, piece)
        total += done
        if done < piece:
            return total


def _reached(session: Session, name: str) -> datetime:
    """Up to when a row has been applied: a night looks at one day, not at all the years before it."""
    mark = session.get(Mark, f"retention:{name}")
    return datetime.fromisoformat(mark.value) if mark else BEFORE


def _reach(session: Session, name: str, until: datetime) -> None:
    key = f"retention:{name}"
    mark = session.get(Mark, key)
    if mark is None:
        session.add(Mark(name=key, value=until.isoformat()))
    else:
        mark.value = until.isoformat()
