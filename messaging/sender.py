"""The sender: claims what is due, commits an attempt, and only then calls the gateway; knows no campaign.

    transaction A   claim, last-moment rules, attempt `submitting`, committed
    submit          no transaction is open
    transaction B   the outcome; never overwrites what a receipt has settled in the meantime

The three go on side by side: while calls are under way, what is answered is stored, many to a commit, and the next is
claimed. After a crash between A and B an attempt is left `submitting`: `resolving` settles it, never a blind resend.
Source: the page on gateways, section 5.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from time import monotonic, sleep

import structlog

from messaging import outcomes
from messaging.claiming import BATCH, claim, due_next
from messaging.clock import utc_now
from messaging.database import UNABLE
from messaging.gateways.pool import Answered, Pool
from messaging.installation import Installation

log = structlog.get_logger()
TURN = timedelta(seconds=5)  # of the job
LOOK = timedelta(seconds=0.5)  # so long at most a reply waits until it is claimed
GATHER_SECONDS = 0.05  # outcomes of this long share a commit; handing over does not wait for it


def send_due(
    here: Installation, now: datetime, most: int = BATCH, only: Collection[int] | None = None
) -> dict[str, int]:
    """One pass at one moment: claim up to `most` due messages, hand them over, store the outcomes.

    Args:
        here: the installation.
        now: the time.
        most: of messages.
        only: none but these messages, by id.

    Returns:
        How many were `claimed`, and how many ended as each outcome or were closed, held or put off.
    """
    with Pool(here.settings.workers, is_bounded=False) as pool:
        counts = _claim_into(pool, here, now, most, only)
        while pool.under_way:
            counts.update(_store(pool, here, now))
    return dict(counts)


def keep_sending(here: Installation, now: datetime) -> dict[str, int]:
    """The job: for some seconds, or until nothing is due, claim, hand over and store side by side.

    What is still under way then stays in the pool for the next turn, so a gateway that hangs holds nobody up.
    """
    pool, rhythm, counts = here.adapters.pool, Rhythm(now), Counter[str]()
    began, until = monotonic(), now + TURN
    while (at := now + timedelta(seconds=monotonic() - began)) < until:
        if rhythm.is_time(at, pool.is_low):
            most = rhythm.most(pool.spare)
            told = _claim_into(pool, here, at, most)
            rhythm.note(told, most, at)
            counts.update(told)
        if pool.under_way:
            counts.update(_store(pool, here, at))
        elif not rhythm.has_more:
            due_at = due_next(here)
            if due_at is None or due_at >= until:
                break
            sleep(rhythm.rest(at, due_at))
    return dict(counts)


class Rhythm:
    """When the job claims next, and how many; pure."""

    def __init__(self, now: datetime) -> None:
        """At once."""
        self.has_more = False  # the last claim did not take all that is due
        self._is_all_busy = False
        self._look_at = self._rested_at = now

    def is_time(self, at: datetime, is_low: bool) -> bool:
        """Whether to claim now: also before the next look, when there is more and the gateways run out of work."""
        return at >= self._look_at or (self.has_more and is_low)

    def most(self, spare: int) -> int:
        """How many to claim: what there is room for; behind messages that must all wait, others may stand."""
        return BATCH if self._is_all_busy else min(spare, BATCH)

    def note(self, told: Counter[str], most: int, at: datetime) -> None:
        """Learn from what a claim of so many gave."""
        self.has_more = told.total() >= most
        self._is_all_busy = self.has_more and not told["claimed"]
        self._look_at = at if self._is_all_busy else at + LOOK
        self._rested_at = at + LOOK if told.total() else self._rested_at

    def rest(self, at: datetime, due_at: datetime) -> float:
        """Seconds until the next look, when nothing is under way and the next message is due at that moment.

        Exactly then, if that is not too soon after the last claim: few claims of many cost less than many of few.
        """
        self._look_at = min(max(due_at, self._rested_at), at + LOOK)
        return max((self._look_at - at).total_seconds(), GATHER_SECONDS)


def finish(here: Installation) -> None:
    """Wait for the calls that are under way and store what they gave; what was not called yet goes back to wait."""
    pool = here.adapters.pool
    pool.hurry()
    while pool.under_way:
        _store(pool, here, utc_now())
    pool.close()


def _claim_into(
    pool: Pool, here: Installation, now: datetime, most: int, only: Collection[int] | None = None
) -> Counter[str]:
    jobs, counts = claim(here, now, most, only, pool)
    pool.put(jobs, patience=here.settings.stuck_after.total_seconds() / 2)
    return counts


def _store(pool: Pool, here: Installation, now: datetime) -> Counter[str]:
    """Transaction B for what is answered by now; one answer that no table takes must not hold up the others."""
    group = pool.answered(GATHER_SECONDS)
    if not group:
        return Counter()
    try:
        _record(here, group, now)
    except UNABLE:
        pool.give_back(group)
        raise
    except Exception:
        group = [answer for answer in group if _is_recorded(pool, here, answer, now)]
    return Counter(submitted.outcome.value for _, submitted in group)


def _record(here: Installation, group: Sequence[Answered], now: datetime) -> None:
    with here.db.write() as session:
        answers = {job.outbound.idempotency_key: submitted for job, submitted in group}
        outcomes.record(session, answers, now, here.settings.retry_first)


def _is_recorded(pool: Pool, here: Installation, answer: Answered, now: datetime) -> bool:
    """Store one answer alone; one that cannot be stored is let go: its attempt becomes unknown, and is looked up."""
    try:
        _record(here, [answer], now)
    except UNABLE:
        pool.give_back([answer])
        return False
    except Exception as error:
        log.error(
            "an answer could not be stored",
            attempt=answer[0].outbound.idempotency_key,
            error=type(error).__name__,
            exc_info=True,
        )
        return False
    return True
