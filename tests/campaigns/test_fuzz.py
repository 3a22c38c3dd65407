"""Random and mutated SMS through the real webhook on each database: each stored once, one reply at most.

2 500 of them, for the sake of CI's quarter of an hour; `make prove` sends 5 000 to each.
"""

from __future__ import annotations

import os

from tests import fuzz
from tests.script import Script
from tests.wire import wired
from tests.world import World

FULL = bool(os.environ.get("JEKULU_TEST_FULL"))
COUNTS = {"sqlite": 5_000 if FULL else 2_500, "postgresql": 5_000 if FULL else 750}  # what is read is the same on both
TOGETHER = 250


def test_whatever_comes_through_the_webhook_is_stored_once_and_answered_once(installation, world: World) -> None:
    numbers, found = fuzz.people(world), fuzz.Found()
    count = COUNTS[installation.db.engine.dialect.name]
    with wired(Script(installation, {}, world.now)) as wire:
        for place, text in enumerate(fuzz.texts(5, count)):
            # A lone surrogate is no UTF-8: a carrier's form cannot hold it.
            sayable = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
            number, sid = numbers[place * 7919 % len(numbers)], f"SM{place:032x}"
            assert wire.knock(number, sayable, MessageSid=sid) == 200, repr(text)
            if place % 50 == 0:
                assert wire.knock(number, sayable, MessageSid=sid) == 200, "the same delivery again"
            if place % TOGETHER == TOGETHER - 1:
                fuzz.drain(world, wire.now)
    fuzz.judge(world, count, found)
    assert not found.wrong
