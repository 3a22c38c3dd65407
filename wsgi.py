"""Where all parts are joined: the web application, the table of jobs and the `jekulu` command; imported by nobody."""

from __future__ import annotations

import hmac
import os
import signal
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from threading import Event
from typing import TYPE_CHECKING

import click
import prometheus_client
import sqlalchemy as sa
from flask import Flask, Response, request
from waitress import serve

import campaigns.admin
import campaigns.cli
import messaging.cli
from campaigns import demonstration, life, planner, retention
from campaigns.clubs import airings, askers, decisions, diary, nudges
from campaigns.conversation import held
from campaigns.conversation.converse import converse
from campaigns.evaluation.evaluator import purposes
from messaging import outbox, receipts, resolving, sender, settings, tracing, upgrading, watch
from messaging.cli.frame import command_errors
from messaging.clock import utc_now
from messaging.engines.local import Engine
from messaging.engines.watchdog import Watchdog
from messaging.gateways import heartbeat, polling
from messaging.installation import Installation, open_installation
from messaging.jobs import Job
from messaging.logs import set_up
from messaging.models import Inbound, Message
from messaging.models.post import InboundState
from messaging.settings import Settings
from webhooks import door

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

CONNECTIONS = 1000  # at a time; a gateway that keeps hundreds open (Kannel does) must not lock the next one out
THREADS = 16  # calls of gateways that are stored together: most of the time they wait for the disk
LARGEST_UPLOAD = 12 * 1024 * 1024  # bytes; a spreadsheet of 50 000 members has about 4 MB


def plan_job(here: Installation, now: datetime) -> Mapping[str, int]:
    """Put what falls due into the outbox."""
    return {"planned": planner.plan(here.db, now, here.settings.plan_ahead).planned}


def converse_job(here: Installation, now: datetime) -> Mapping[str, int]:
    """Read and answer what came in."""
    return converse(here.db, now)


def carrier_job(here: Installation, now: datetime) -> Mapping[str, int]:
    """Bring in the receipts of the simulated carrier; a real one calls our webhooks."""
    due = here.adapters.book.reports(now)
    if not due:
        return {}
    new = receipts.receive(here.db, "simulator", [report for _, report in due], now)
    here.adapters.book.told([ident for ident, _ in due])
    return {"receipts": new}


def expire_job(here: Installation, now: datetime) -> Mapping[str, int]:
    """Close what is of no use any more."""
    with here.db.write() as session:
        return outbox.expire(session, now)


def enrol_job(here: Installation, now: datetime) -> Mapping[str, int]:
    """Take those into running campaigns who were registered since."""
    with here.db.write() as session:
        return {"enrolled": life.enrol_newcomers(session, now)}


def radio_job(here: Installation, now: datetime) -> Mapping[str, int]:
    """Make the airings that follow from the slots of the stations, programme by programme."""
    return {"airings": airings.plan_all(here.db, now)}


def ask_job(here: Installation, now: datetime) -> Mapping[str, int]:
    """Ask clubs after their decisions, and tell who asked that the answer is on the air soon."""
    return {**decisions.ask_due(here.db, now), **askers.tell_due(here.db, now)}


def clubs_job(here: Installation, now: datetime) -> Mapping[str, int]:
    """Plan the meetings of clubs, and note those that nobody reported."""
    return diary.keep(here.db, now)


def held_job(here: Installation, now: datetime) -> Mapping[str, int]:
    """Let what facilitators wrote before they were known be read."""
    return held.read_due(here.db, now)


def nudge_job(here: Installation, now: datetime) -> Mapping[str, int]:
    """Ask once for the reports of yesterday's meetings."""
    return nudges.send_due(here.db, now)


JOBS: tuple[Job, ...] = (
    Job("plan", plan_job, every_seconds=20, wakes=("send",)),
    Job("send", sender.keep_sending, every_seconds=1, wakes=("send",), finish=sender.finish),
    Job("converse", converse_job, every_seconds=1, wakes=("send",)),
    Job("resolve", resolving.resolve, every_seconds=resolving.rhythm, wakes=("send",)),
    Job("expire", expire_job, every_seconds=60),
    Job("enrol", enrol_job, every_seconds=6 * 3600),
    Job("radio", radio_job, every_seconds=6 * 3600),
    Job("ask", ask_job, every_seconds=60, wakes=("send",)),
    Job("clubs", clubs_job, every_seconds=3600),
    Job("held", held_job, every_seconds=60, wakes=("converse",)),
    Job("nudge", nudge_job, every_seconds=60, wakes=("send",)),
    Job("carrier", carrier_job, every_seconds=1),
    Job("retention", retention.keep, every_seconds=24 * 3600),
    Job("purposes", purposes.keep, every_seconds=3600),
    Job("poll", polling.poll, every_seconds=polling.rhythm, wakes=("converse",)),
    Job("trace", tracing.trace, every_seconds=60),
    Job("heartbeat", heartbeat.beat, every_seconds=300),
    Job("watch", watch.watch, every_seconds=30, wakes=("send",)),
)


def create_app(given: Settings | Installation | None = None) -> Flask:
    """The whole web application on one installation, opened from settings when it is not given.

    The engine is started by `jekulu run`, not here: several web processes may share one engine.

    Raises:
        SettingError: a setting, the key or the database stops the start.
    """
    here = given if isinstance(given, Installation) else open_installation(given or settings.load())
    app = Flask("jekulu", static_folder=None)
    app.config["SECRET_KEY"] = here.keys.derive("web")
    app.extensions["jekulu"] = here
    app.extensions["jekulu.wake"] = lambda name: None
    campaigns.admin.init_app(app, here)
    app.wsgi_app = _webhooks_apart(app)  # type: ignore[assignment, method-assign]
    app.add_url_rule("/health", "health", lambda: health(here))
    app.add_url_rule("/metrics", "metrics", lambda: metrics(here, request.headers.get("Authorization", "")))
    return app


def _webhooks_apart(app: Flask) -> WSGIApplication:
    """Send the calls of gateways to an application of their own: who signs in and what a page needs is not theirs."""
    pages, calls = app.wsgi_app, Flask("jekulu.webhooks", static_folder=None)
    calls.extensions = app.extensions
    calls.register_blueprint(door.blueprint)
    theirs = f"{door.blueprint.url_prefix}/"

    def either(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        taken = calls if environ.get("PATH_INFO", "").startswith(theirs) else pages
        return taken(environ, start_response)

    return either


def health(here: Installation) -> Response | tuple[Response, int]:
    """Whether the database answers; public, without any figure."""
    try:
        with here.db.read() as session:
            session.execute(sa.select(1))
    except sa.exc.SQLAlchemyError:
        return Response('{"status": "busy"}\n', mimetype="application/json"), 503
    return Response('{"status": "ok"}\n', mimetype="application/json")


def metrics(here: Installation, authorization: str) -> Response:
    """Figures for a monitor, to whoever holds the token; without a token in the settings there is no such page."""
    token = here.settings.metrics_token
    if not token or not hmac.compare_digest(authorization.encode(), f"Bearer {token}".encode()):
        return Response("", status=404)
    with here.db.read() as session:
        states = session.execute(sa.select(Message.state, sa.func.count()).group_by(Message.state)).all()
        new = session.scalar(sa.select(sa.func.count()).where(Inbound.state == InboundState.NEW)) or 0
        watched = watch.metrics(session, utc_now())
    lines = [
        "# TYPE jekulu_messages gauge",
        *(f'jekulu_messages{{state="{state}"}} {count}' for state, count in states),
    ]
    lines += ["# TYPE jekulu_inbound_waiting gauge", f"jekulu_inbound_waiting {new}", *watched, ""]
    body = "\n".join(lines) + prometheus_client.generate_latest().decode()
    return Response(body, mimetype="text/plain; version=0.0.4")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="jekulu")
def main() -> None:
    """Jɛkulu: messages, quizzes, clubs and feedback on basic phones."""


messaging.cli.register(main)
campaigns.cli.register(main)


@main.command()
@command_errors
def run() -> None:
    """Start the web server and the engine of this installation."""
    start(create_app(), "")


@main.command()
@command_errors
def engine() -> None:
    """Run the engine alone, beside a web server of its own."""
    here = open_installation(settings.load())
    set_up(here.settings.log_level)
    running = Engine(here, JOBS)
    running.start()
    signal.signal(signal.SIGTERM, stop_cleanly)
    try:
        Event().wait()
    finally:
        running.stop()
        here.close()


@main.command()
@click.option("--days", default=14, show_default=True, help="Days of simulated past at the first start.")
@click.option("--no-start", is_flag=True, help="Load only, do not start the server.")
@command_errors
def demo(days: int, no_start: bool) -> None:
    """Load the two programmes with invented people, and start."""
    given = settings.load()
    upgrading.upgrade(given, click.echo)  # a newcomer is asked nothing
    app = create_app(given)
    here: Installation = app.extensions["jekulu"]
    told = demonstration.prepare(here, utc_now(), timedelta(days=days), click.echo)
    if not no_start:
        start(app, told)
    else:
        click.echo(told)


def start(app: Flask, told: str) -> None:
    """Run engine and web server until they are interrupted."""
    here: Installation = app.extensions["jekulu"]
    set_up(here.settings.log_level)
    engine, watchdog = Engine(here, JOBS), Watchdog(here)
    app.extensions["jekulu.wake"] = engine.wake
    engine.start()
    watchdog.start()
    signal.signal(signal.SIGTERM, stop_cleanly)
    host, port = here.settings.host, here.settings.port
    click.echo(f"{told}\nhttp://{host}:{port}/admin/   (Ctrl-C: stop)")
    keep_to_one_cpu()  # the engine's threads run already, and stay free
    try:
        serve(
            app, host=host, port=port, threads=THREADS, ident="jekulu", max_request_body_size=LARGEST_UPLOAD,
            connection_limit=CONNECTIONS, asyncore_use_poll=True, _quiet=True,
        )  # fmt: skip
    finally:
        watchdog.stop()
        engine.stop()
        here.close()


def keep_to_one_cpu() -> None:
    """Let this thread, and those that it will start, share one processor, where the system can do so.

    Only one thread of a process runs Python at a time. On two processors, each that hands over wakes one on the other
    first: a webhook then costs ten times as much, and a virtual machine pays most.
    """
    if hasattr(os, "sched_setaffinity"):
        ours = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {ours[os.getpid() % len(ours)]})  # several processes do not all choose the same


def stop_cleanly(*_: object) -> None:
    """What a service manager asks for is what Ctrl-C does: calls under way are waited for, and none is left unclear."""
    raise KeyboardInterrupt
