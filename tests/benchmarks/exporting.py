"""Exporting a million messages: the memory of a process that does it, and its rate beside a bare SELECT-to-CSV loop."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.benchmarks.figure import figure
from tests.benchmarks.memory import peak_mb

NOW = datetime(2026, 4, 11, 17, 30, tzinfo=UTC)
MOST_MB = 150
MILLION = 1_000_000
TABLES = {"12_message_rows": "single messages", "2_messages": "messages by day"}
DAYS = 12  # a second a message
SHARE = 0.1  # of the rate of a bare loop, at the least
MESSAGES = """INSERT INTO message (programme_id, kind, step_id, occurrence, phone_id, member_id, village_id, use_club,
    personal, language_wanted, language, encoding, segments, price_micros, priority, draft, asks, state, reason,
    delivery, tries, due_at, next_at, useful_until, created_at, handed_over_at)
    SELECT {programme}, 'campaign', {step}, 'once', n, n, {village}, 0, 0, 'fr', 'fr', 'GSM-7', 2, 40000000, 0, 0, 0,
    'closed', 'delivered', CASE n % 10 WHEN 0 THEN 'failed' ELSE 'delivered' END, 1, at, at, at, at, at
    FROM (SELECT n, strftime('%Y-%m-%d %H:%M:%f000', '2026-03-01', '+' || (n % 2592000) || ' seconds') AS at
          FROM counter)"""
BARE = """
    SELECT due_at, kind, step_id, village_id, message.language, encoding, segments, price_micros, state, reason,
    delivery, prefix, tries
    FROM message JOIN phone ON phone.id = phone_id WHERE programme_id = {programme} ORDER BY due_at"""


def run() -> None:
    """Print the figures; each export has a process of its own, whose memory is looked at when it ends."""
    with tempfile.TemporaryDirectory() as folder:
        programme = populated(Path(folder))
        bare = told("bare", folder, str(programme))
        for table, words in TABLES.items():
            found = told("export", folder, table, "csv")
            most, name = found["mb"], f"export of {MILLION} {words}"
            figure(f"{name}: MB", most, MOST_MB, most / MOST_MB, most < MOST_MB)
            rate, limit = MILLION / found["seconds"], MILLION / bare["seconds"]
            ratio = rate / limit
            figure(f"{name}: messages a second, bare SELECT to CSV", rate, limit, ratio, ratio >= SHARE)


def populated(folder: Path) -> int:
    """A programme with a million people, each with one message sent in March; gives its id."""
    import sqlalchemy as sa

    from campaigns.models import Step
    from tests.benchmarks.planning import populated as people
    from tests.world import hygiene

    world = people(folder / "jekulu.sqlite", MILLION)
    world.campaign(hygiene(), start=False)
    with world.db.write() as session:
        step = session.scalars(sa.select(Step.id)).one()
        head, _, tail = MESSAGES.partition("SELECT")
        counter = f"WITH RECURSIVE counter(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counter WHERE n < {MILLION}) "
        filled = f"SELECT{tail}".format(programme=world.programme_id, step=step, village=world.village_id)
        session.execute(sa.text(f"{head}{counter}{filled}".replace(":%M:%f", r"\:%M\:%f")))
    world.db.dispose()
    return world.programme_id


def told(*words: str) -> Any:
    """What a process of this module tells of itself."""
    command = [sys.executable, "-m", "tests.benchmarks.exporting", *words]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def bare(folder: str, programme: str) -> None:
    """The rows of the same messages, as the database's own driver gives them, into a CSV file."""
    import sqlite3

    with (Path(folder) / "bare.csv").open("w", newline="") as file:
        rows = sqlite3.connect(f"{folder}/jekulu.sqlite").execute(BARE.format(programme=int(programme)))
        csv.writer(file).writerows(rows)


def export(folder: str, table: str, form: str) -> None:
    """One table, as `jekulu export` writes it."""
    import sqlalchemy as sa

    from campaigns.evaluation import export as exports
    from campaigns.evaluation import tables
    from campaigns.evaluation.counting import Ask
    from campaigns.evaluation.period import parse
    from messaging.database import Database
    from messaging.models import Programme
    from messaging.phones import Keys

    db = Database(f"sqlite:///{folder}/jekulu.sqlite", Keys(b"k" * 32))
    with db.read() as session:
        programme = session.scalars(sa.select(Programme)).one()
        ask = Ask(session, programme, parse("2026-03-01", "2026-03-31", programme.zone), NOW)
        one = exports.parcel(ask, tables.TABLES[table], form)
        exports.save(one, Path(folder) / "files")
    assert one.rows == MILLION if table == "12_message_rows" else one.rows == DAYS, one.rows
    db.dispose()


def main(what: str, *words: str) -> None:
    """Do it, and print how long it took and what the process held at most."""
    started = time.perf_counter()
    {"bare": bare, "export": export}[what](*words)
    seconds = time.perf_counter() - started
    sys.stdout.write(json.dumps({"seconds": seconds, "mb": peak_mb(os.getpid())}))


if __name__ == "__main__":
    main(*sys.argv[1:])
