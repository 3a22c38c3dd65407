"""The local engine: APScheduler ticks in the one process, with a memory store; knows no job by name.

The tables are the queue and the calendar; the scheduler only adds hands. A tick that is late, lost or repeated does
no harm, so nothing of it is stored.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.background import BackgroundScheduler

from messaging import outages
from messaging.clock import utc_now
from messaging.engines import pulse
from messaging.installation import Installation
from messaging.jobs import Job

log = structlog.get_logger()
logging.getLogger("apscheduler.scheduler").setLevel(logging.ERROR)  # a run longer than its rhythm is no trouble
SHORT_SECONDS = 1  # a job with such a rhythm carries the post: when it hangs, the engine is as good as dead


class Engine:
    """Runs the jobs of one installation until it is stopped."""

    def __init__(self, here: Installation, jobs: Sequence[Job]) -> None:
        """Nothing runs yet."""
        self.here = here
        self.jobs = {job.name: job for job in jobs}
        self._running: dict[str, datetime] = {}  # since when; a job never runs twice at the same time
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={"default": ThreadPoolExecutor(len(jobs) + 2)},  # a hanging job must not stop the others
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )

    def start(self) -> None:
        """Start ticking; each job runs once at once."""
        outages.note_silence(self.here.db, utc_now())
        for job in self.jobs.values():
            self._scheduler.add_job(
                self._tick, "interval", (job.name,), id=job.name, seconds=job.rhythm(self.here.settings),
                next_run_time=datetime.now(UTC),
            )  # fmt: skip
        self._scheduler.add_job(
            self._live, "interval", id="pulse", seconds=pulse.EVERY_SECONDS, next_run_time=datetime.now(UTC)
        )
        self._scheduler.start()

    def wake(self, name: str) -> None:
        """Run a job now instead of at its next tick: call it after a commit that gave it work."""
        try:
            self._scheduler.modify_job(name, next_run_time=datetime.now(UTC))
        except JobLookupError:  # not started, or stopped: the table keeps the work
            return

    def stop(self) -> None:
        """Stop ticking, and wait for what runs and for what the jobs have under way."""
        if not self._scheduler.running:
            return
        self._scheduler.shutdown(wait=True)
        for job in self.jobs.values():
            if job.finish is not None:
                self._finish(job.name, job.finish)

    def _finish(self, name: str, finish: Callable[[Installation], None]) -> None:
        try:
            finish(self.here)
        except Exception as error:  # the others are brought to their end all the same
            log.error("a job could not be brought to its end", job=name, error=type(error).__name__, exc_info=True)

    def _live(self) -> None:
        """Give the sign of life, unless a job that carries the post has hung for so long that it would be a lie."""
        now = utc_now()
        hung = [name for name, since in self._running.copy().items() if self._hangs(name, since, now)]
        if hung:
            log.error("the engine gives no sign of life: a job hangs", job=", ".join(hung))
        else:
            pulse.beat(self.here.db, now)

    def _hangs(self, name: str, since: datetime, now: datetime) -> bool:
        settings = self.here.settings
        return self.jobs[name].rhythm(settings) <= SHORT_SECONDS and now - since >= settings.silent_after

    def _tick(self, name: str) -> None:
        job = self.jobs[name]
        self._running[name] = utc_now()
        try:
            counts = {what: count for what, count in job.run(self.here, utc_now()).items() if count}
        except Exception as error:  # the next tick tries again; a job must never stop the engine
            log.error("a job failed", job=name, error=type(error).__name__, exc_info=True)
            return
        finally:
            self._running.pop(name, None)
        if counts:
            log.info("job", job=name, **counts)
            for other in job.wakes:
                self.wake(other)
