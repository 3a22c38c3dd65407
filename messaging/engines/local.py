"""The local engine: APScheduler ticks in the one process, with a memory store; knows no job by name.

The tables are the queue and the calendar; the scheduler only adds hands. A tick that is late, lost or repeated does
no harm, so nothing of it is stored.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.background import BackgroundScheduler

from messaging.clock import utc_now
from messaging.installation import Installation
from messaging.jobs import Job

log = structlog.get_logger()


class Engine:
    """Runs the jobs of one installation until it is stopped."""

    def __init__(self, here: Installation, jobs: Sequence[Job]) -> None:
        """Nothing runs yet."""
        self.here = here
        self.jobs = {job.name: job for job in jobs}
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={"default": ThreadPoolExecutor(len(jobs) + 1)},  # a hanging job must not stop the others
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )

    def start(self) -> None:
        """Start ticking; each job runs once at once."""
        for job in self.jobs.values():
            self._scheduler.add_job(
                self._tick, "interval", (job.name,), id=job.name, seconds=job.every_seconds,
                next_run_time=datetime.now(UTC),
            )  # fmt: skip
        self._scheduler.start()

    def wake(self, name: str) -> None:
        """Run a job now instead of at its next tick: call it after a commit that gave it work."""
        try:
            self._scheduler.modify_job(name, next_run_time=datetime.now(UTC))
        except JobLookupError:  # not started, or stopped: the table keeps the work
            return

    def stop(self) -> None:
        """Stop ticking and wait for what runs."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=True)

    def _tick(self, name: str) -> None:
        job = self.jobs[name]
        try:
            counts = {what: count for what, count in job.run(self.here, utc_now()).items() if count}
        except Exception as error:  # the next tick tries again; a job must never stop the engine
            log.error("a job failed", job=name, error=type(error).__name__, exc_info=True)
            return
        if counts:
            log.info("job", job=name, **counts)
            for other in job.wakes:
                self.wake(other)
