"""The real process, killed while it sends and judged by a fake Twilio: nobody gets nothing, nobody gets it twice.

All runs go at the same time, as they mostly wait; `make crash` does the same with more people and more deaths.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

import pytest

from tests.crash import plans
from tests.crash.plans import POSTGRESQL, SQLITE
from tests.crash.run import Told, run

PEOPLE, KILLS, SEED = 300, 3, 1
ONLY = os.environ.get("JEKULU_TEST_ONLY")
KINDS = [kind for kind in (SQLITE, POSTGRESQL) if ONLY in (None, "", kind.lower())]
Runs = dict[str, Future[Told]]


@pytest.fixture(scope="module")
def runs(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    """All runs, by name."""
    found = []
    for kind in KINDS:
        server = "" if kind == SQLITE else request.getfixturevalue("postgres")
        empty = partial(plans.fresh, server) if server else str
        found += plans.small(kind, empty, PEOPLE, KILLS, SEED)
    with ThreadPoolExecutor(len(found)) as pool:
        yield {plan.name: pool.submit(run, plan, tmp_path_factory.mktemp("crash")) for plan in found}


@pytest.mark.parametrize("kind", KINDS)
def test_nobody_gets_nothing_and_nobody_gets_it_twice(runs: Runs, kind: str) -> None:
    told = runs[f"{kind}, reports in every way"].result()
    assert told.verdict.wrong == ()
    assert (told.verdict.once, told.verdict.lost, told.verdict.doubled) == (PEOPLE, 0, 0)


@pytest.mark.parametrize("kind", KINDS)
def test_where_the_gateway_cannot_be_asked_each_unclear_one_is_listed(runs: Runs, kind: str) -> None:
    told = runs[f"{kind}, cannot be asked"].result()
    assert told.verdict.wrong == ()
    assert (told.verdict.lost, told.verdict.doubled) == (0, 0)
    assert told.verdict.parked > 0, "nobody would notice if they were forgotten"
