"""One crash run: our process dies again and again while it sends, starts by itself each time, and is judged."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from messaging.phones import Keys
from tests.crash import verdict
from tests.crash.place import Place, prepare
from tests.crash.points import POINTS, SENDING
from tests.crash.processes import JEKULU, ROOT, Judge, Ours, StartError, free_port
from tests.crash.verdict import Verdict

LIFE = 1.2  # seconds that a life lasts at most, from its first SMS
YOUNG = 0.15  # of the deaths: while it starts
WITHOUT_TRAFFIC = 6.0  # seconds to wait for a first SMS; there may be none left to send
PASSED_WITHIN = 60.0
FULL, FIFTIETH = 1800.0, 90.0  # seconds without any progress after which what is left is given up


@dataclass(frozen=True)
class Plan:
    """What one run does.

    `reports` is how the judge reports: never (it must be asked), mixed (on time, late, twice, out of order and never);
    `trouble` is what our calls meet: mixed (8 %) or rough. A new SMS is not listed at the first look.
    """

    name: str
    database: str
    people: int
    kills: int
    seed: int
    points: tuple[str, ...]
    reports: str = "mixed"
    can_ask: bool = True
    full: bool = False
    trouble: str = "mixed"

    @property
    def deaths(self) -> list[str]:
        """The points to die at, and « random » for each other death, in a drawn order."""
        deaths = [*self.points, *["random"] * self.kills]
        random.Random(self.seed).shuffle(deaths)
        return deaths


@dataclass(frozen=True)
class Told:
    """The verdict of a run, and what it took."""

    plan: Plan
    verdict: Verdict
    kills: int
    starts: int
    seconds: float


def points_of(reports: str) -> tuple[str, ...]:
    """The points that are passed when the judge reports so."""
    return tuple(SENDING if reports == "never" else POINTS)


def run(plan: Plan, folder: Path) -> Told:
    """Do it, in a folder of its own.

    Raises:
        StartError: our process did not start by itself, or never passed a point.
    """
    began = time.monotonic()
    port = free_port()
    deaths = plan.deaths
    with Judge(_options(plan, port)) as judge:
        rate = max(16.0, 1.2 * plan.people / (len(deaths) + 1))  # so that every life has something to send
        place = prepare(folder, plan.database, judge.url, port, plan.people, rate, plan.full)
        chance = random.Random(f"{plan.seed}|moments")
        for death in deaths:
            live(place, judge, death, chance)
        settle(place, judge, plan)
        ours = verdict.read(place, _keys(place), listed(place))
        found = verdict.judge(place.numbers, judge.sent(), ours, plan.can_ask)
    return Told(plan, found, len(deaths), len(deaths) + 1, time.monotonic() - began)


def _options(plan: Plan, port: int) -> Sequence[str]:
    slow = 50.0 if plan.full else 1.0
    options = [
        "--shares", plan.trouble, "--seed", str(plan.seed), "--latency-ms", "60", "--list-lag-seconds", str(4 * slow),
        "--late-seconds", str(2.5 * slow), "--order", plan.reports, *([] if plan.can_ask else ["--mute"]),
    ]  # fmt: skip
    return options if plan.reports == "never" else [*options, "--reports-to", f"http://127.0.0.1:{port}"]


def _keys(place: Place) -> Keys:
    return Keys.load_or_make(place.settings.key_path)


def live(place: Place, judge: Judge, death: str, chance: random.Random) -> None:
    """One life: at a named point it ends itself, else it is killed at a drawn moment."""
    if death != "random":
        nth = chance.randint(1, 3)
        ours = Ours(place, [sys.executable, "-m", "tests.crash.points", death, str(nth)])
        if not ours.dies(PASSED_WITHIN):
            ours.end()
            raise StartError(f"the point « {death} » was not passed {nth} times:\n{ours.tail()}")
        return
    ours = Ours(place)
    if chance.random() < YOUNG:
        time.sleep(chance.uniform(0.5, 2.5))
    else:
        _await_traffic(ours, judge)
        time.sleep(chance.uniform(0, LIFE))
    ours.kill()


def _await_traffic(ours: Ours, judge: Judge) -> None:
    before, until = judge.calls(), None
    while until is None or time.monotonic() < until:
        ours.check()
        if judge.calls() > before:
            return
        if until is None:
            ours.ready()
            until = time.monotonic() + WITHOUT_TRAFFIC
        time.sleep(0.02)


def settle(place: Place, judge: Judge, plan: Plan) -> None:
    """The last life: nobody kills any more, and it does what is left to do."""
    patience, before = FULL if plan.full else FIFTIETH, (-1, -1)
    ours = Ours(place)
    try:
        ours.ready()
        until = time.monotonic() + patience
        while (left := verdict.open_messages(place, _keys(place))) and time.monotonic() < until:
            ours.check()
            if (now := (left, judge.calls())) != before:
                before, until = now, time.monotonic() + patience
            time.sleep(0.5)
        time.sleep(3)  # late reports still come
    finally:
        ours.end()


def listed(place: Place) -> set[int]:
    """The messages that a person is shown to settle."""
    command = [str(JEKULU), "resolve", "--list", "--json"]
    done = subprocess.run(command, cwd=ROOT, env=place.environ, stdout=subprocess.PIPE, check=True)
    return {one["message"] for one in json.loads(done.stdout)}
