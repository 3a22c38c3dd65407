"""How long what campaigns hold is kept, and the nightly job that applies the whole table and what was asked to erase.

Source: the safeguarding rules, section 10.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from campaigns import erasure
from campaigns.conversation.screening import FREE
from campaigns.models import Feedback, PracticeReport
from campaigns.sorting import SENSITIVE_CASES
from messaging import retention
from messaging.database import change
from messaging.erasure import due
from messaging.gateways import exchanges
from messaging.installation import Installation
from messaging.models import Inbound, Message, Phone
from messaging.retention import MONTH, Rule

log = structlog.get_logger()

A_NIGHT = 10_000  # phones at most; the others wait for the next one
ERASURES = "erasures"  # the line that `erase_due` applies
EXCHANGES = "exchanges"  # the line for which files are deleted
OURS = (ERASURES, EXCHANGES)  # lines that `keep` itself applies
PAGE = """\
# How long things are kept

This page is written by `make docs` from `messaging/retention.py` and `campaigns/retention.py`. A nightly job applies
the table in pieces and writes one line into the audit log: how many rows each line of the table ended, also when none.

| line | what | how long | by the nightly job |
|---|---|---|---|
{rows}

**EFFACER**, after one OUI, closes the phone at once. The night after, when its last answer has left, number, words,
names, age, health data, safe hours, household and roles are erased, on numbers that it replaced too. Left are the keyed
hash on the stop list, the consent with its dates for three years, counts that were reported, the theme and day of what
a club decided, and staff's words for a question to air, which name nobody and no longer say whose phone asked.
Who chose the club alone and is only linked to somebody else's phone stays in her club, without a name. An erased number
that writes again is kept until the next night, and for longer only after a new OUI.

What the job cannot reach:

* **Copies of the database.** What was erased comes back with them. Keep no copy longer than 30 days, which is what
  EFFACER promises. A STOP or EFFACER that came after a copy was made is lost when it is put back: the audit log names
  the phones by their ids (`opted_out`, `erase_asked`), so keep a newer copy of that log apart.
* **PostgreSQL** lets go of old rows (`VACUUM`) but writes over them only later; archives of its log are copies. SQLite
  writes over what is erased (`secure_delete`) and empties its log after each night.
* **Gateways.** A provider keeps numbers and texts as its contract says; a telephone that is a gateway keeps its own
  threads: delete them on the telephone.
* **Files that evaluators were given**: they are to be destroyed on the date that stands in them; without the keys
  nothing leads from them to a person.
* **Paper and telephones of people**: lists of members, the threads on their phones.
"""
SCRUBBED = (  # tables whose rows held words or numbers
    "phone", "member", "inbound", "message", "feedback", "attendance", "decision", "value", "pending",
)  # fmt: skip


def sensitive(session: Session, now: datetime, most: int) -> int:
    """Of a sensitive case that was closed its category, dates and outcome are left, not a word of it."""
    read = sa.cast(Inbound.readings, sa.String)  # a note stands there too, also when the SMS itself is gone by now
    notes = (read.contains(f'"{name}":') for name in FREE)
    words = sa.or_(Inbound.text != "", Inbound.undecodable.is_not(None), Feedback.answer.is_not(None), *notes)
    query = (
        sa.select(Feedback.id, Inbound.id, Feedback.phone_id)
        .join(Inbound, Inbound.id == Feedback.inbound_id)
        .where(Feedback.category.in_(SENSITIVE_CASES), Feedback.closed_at <= now - 6 * MONTH, words)
    )
    rows = session.execute(query.order_by(Feedback.id).limit(most)).all()
    cases, inbounds, phones = (tuple(column) for column in zip(*rows, strict=True)) if rows else ((), (), ())
    erasure.forget(session, phones, inbounds)
    change(session, sa.update(Feedback).where(Feedback.id.in_(cases)).values(answer=None))
    answers = sa.update(Message).where(Message.phone_id.in_(phones), Message.inbound_id.in_(inbounds))
    change(session, answers.values(body=None))
    return len(rows)


def answers(session: Session, now: datetime, most: int) -> int:
    """The words of an answer to a case are kept as long as those of any reply."""
    ids = sa.select(Feedback.id).where(Feedback.answered_at <= now - 12 * MONTH, Feedback.answer.is_not(None))
    return change(session, sa.update(Feedback).where(Feedback.id.in_(ids.limit(most))).values(answer=None))


def practice(session: Session, now: datetime, most: int) -> int:
    """What a facilitator wrote in training serves her trainer, and nobody after that."""
    ids = sa.select(PracticeReport.id).where(PracticeReport.received_at <= now - 3 * MONTH)
    return change(session, sa.delete(PracticeReport).where(PracticeReport.id.in_(ids.limit(most))))


RULES: tuple[Rule, ...] = (
    *retention.RULES,
    Rule(
        "sensitive", "words of a sensitive case", "6 months after its closing; category, dates, outcome stay", sensitive
    ),
    Rule("answers", "words of an answer to a case", "12 months", answers),
    Rule("practice", "reports of a facilitator in training", "3 months; nothing of them was counted", practice),
    Rule(
        "evaluators",
        "files made for evaluators, and the keys of their pseudonyms",
        "until their expiry date, or the end of their programme; then the hourly job destroys them",
    ),
    Rule(ERASURES, "all of a person who wrote EFFACER, or refused as a stranger", "until the next night"),
)


def document() -> str:
    """The page `docs/retention.md`."""
    rows = (
        f"| `{rule.name}` | {rule.what} | {rule.kept} | {'yes' if rule.apply or rule.name in OURS else 'no'} |"
        for rule in RULES
    )
    return PAGE.format(rows="\n".join(rows))


def keep(here: Installation, now: datetime) -> dict[str, int]:
    """The nightly job: erase who asked for it, apply the table, write what was done, leave nothing in the files."""
    counts = {ERASURES: erase_due(here, now), **retention.apply(here.db, RULES, now)}
    files = exchanges.forget(here.settings.data, here.settings.exchanges, now)
    retention.note(here.db, {**counts, EXCHANGES: files}, now)
    if any(counts.values()):
        here.db.scrub(SCRUBBED)
    return counts


def erase_due(here: Installation, now: datetime) -> int:
    """Erase the people behind every phone that asked for it, each in a transaction of its own; gives how many."""
    with here.db.read() as session:
        ids = due(session, now, A_NIGHT)
    return sum(_erase(here, ident, now) for ident in ids)


def _erase(here: Installation, ident: int, now: datetime) -> bool:
    """Erase one; False when she agreed anew in the meantime, or when it failed: the next night tries again."""
    try:
        with here.db.write() as session:
            phone = session.get_one(Phone, ident, with_for_update=True)
            if phone.erase_asked_at is None or phone.erased_at is not None:
                return False
            gone = erasure.erase(session, phone, now)
            _forget(here, gone.hashes)  # before the commit: after a crash in between it is done again
    except Exception as error:  # one that cannot be erased must not keep the others
        log.error("a phone could not be erased", phone=ident, error=type(error).__name__, exc_info=True)
        return False
    return True


def _forget(here: Installation, hashes: Sequence[str]) -> None:
    """The simulated carrier forgets the words too; a real one keeps them as its contract says."""
    if (here.settings.data / "simulator.sqlite").exists():
        for one in hashes:
            here.adapters.book.forget(one)
