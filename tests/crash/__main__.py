"""`make crash`: kills the real process again and again while it sends, and has a fake Twilio judge what people got.

    python -m tests.crash --people 3000 --kills 30 --seed 1 --full

Prints one JSON line a figure: name, value, limit, ratio, ok; exits with 1 when one is not ok. At full size there are
three runs a database; `--full` adds one at the times of a real office. `--small` is what each change must pass.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from tests.benchmarks.figure import figure
from tests.crash import plans
from tests.crash.processes import StartError
from tests.crash.run import Plan, Told, run

SMALL_SECONDS, LARGE_SECONDS = 180, 5400


def main(arguments: Sequence[str] | None = None) -> int:
    """Run all plans; 1 when something is lost, doubled, not listed, wrongly charged, or did not start again."""
    args = _arguments(arguments)
    began = time.monotonic()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        fresh = stack.enter_context(plans.postgres())
        make = plans.small if args.small else plans.large
        kinds: dict[str, plans.Fresh] = {plans.SQLITE: str, plans.POSTGRESQL: fresh}
        rows = [make(kind, empty, args.people, args.kills, args.seed) for kind, empty in kinds.items()]
        rows = [[plan] for row in rows for plan in row] if args.small else rows
        if args.full:
            rows.append([plans.long(args.seed)])
        good = all(_told(rows, folder))
    seconds = time.monotonic() - began
    return 0 if _line("crash, in all: seconds", seconds, SMALL_SECONDS if args.small else LARGE_SECONDS) and good else 1


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.crash")
    parser.add_argument("--people", type=int, help="a run; 3000, small 500")
    parser.add_argument("--kills", type=int, help="at random moments, a run; 30, small 3")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--small", action="store_true", help="one run a database, and a few people more")
    parser.add_argument("--full", action="store_true", help="one more run at the times of a real office")
    args = parser.parse_args(arguments)
    args.people = args.people or (500 if args.small else 3000)
    args.kills = args.kills or (3 if args.small else 30)
    return args


def _told(rows: Sequence[Sequence[Plan]], folder: Path) -> list[bool]:
    """Run each row's plans one after the other, the rows at the same time; prints what comes of each."""
    with ThreadPoolExecutor(len(rows)) as pool:
        running: list[Future[list[bool]]] = [pool.submit(_row, row, folder) for row in rows]
        return [ok for future in running for ok in future.result()]


def _row(row: Sequence[Plan], folder: Path) -> list[bool]:
    return [_one(plan, Path(tempfile.mkdtemp(dir=folder))) for plan in row]


def _one(plan: Plan, folder: Path) -> bool:
    try:
        return tell(run(plan, folder))
    except StartError as error:
        sys.stderr.write(f"crash, {plan.name}: {error}\n")
        return _line(f"crash, {plan.name}: does not start by itself", 1, 0)


def tell(told: Told) -> bool:
    """Print the judge's counts; True when all is well."""
    plan, found = told.plan, told.verdict
    name = f"crash, {plan.name}: "
    for words in found.wrong:
        sys.stderr.write(f"{name}{words}\n")
    lines = (
        _line(name + "people", found.people, plan.people, least=True),
        _line(name + "sent once", found.once, found.people if plan.can_ask else 1, least=True),
        _line(name + "lost", found.lost, 0),
        _line(name + "doubled", found.doubled, 0),
        _line(name + "parked and listed", found.parked, 0 if plan.can_ask else found.people),
        _line(name + "tables and bill against the judge", len(found.wrong), 0),
        _line(name + "kills", told.kills, plan.kills + len(plan.points), least=True),
        _line(name + "started again by itself", told.starts - 1, told.kills, least=True),
        _line(name + "seconds", told.seconds, LARGE_SECONDS),
    )
    return all(lines)


def _line(name: str, value: float, limit: float, least: bool = False) -> bool:
    ok = value >= limit if least else value <= limit
    figure(name, value, limit, value / limit if limit else value, ok)
    return ok


if __name__ == "__main__":
    sys.exit(main())
