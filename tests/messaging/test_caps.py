"""What a phone may still have, of several limits and within one batch."""

from __future__ import annotations

import pytest

from messaging.caps import Room
from messaging.models.post import Kind

AWA = 7
ROWS = [  # limits as (most, had by Awa), how many more may leave
    ("no limit", [], 9),
    ("nothing had", [(1, 0)], 1),
    ("had her one", [(1, 1)], 0),
    ("over it", [(1, 3)], 0),
    ("day and week", [(1, 0), (3, 2)], 1),
    ("the week is full", [(2, 0), (3, 3)], 0),
    ("the day is full", [(1, 1), (3, 1)], 0),
    ("the wider limit first", [(16, 4), (3, 2), (1, 0)], 1),
]


@pytest.mark.parametrize(("limits", "more"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_room(limits: list[tuple[int, int]], more: int) -> None:
    room = Room()
    for most, had in limits:
        room.limit(Kind.CAMPAIGN, most, {AWA: had} if had else {})
    left = 0
    while left < 9 and not room.is_full(Kind.CAMPAIGN, AWA):
        room.take(Kind.CAMPAIGN, AWA)
        left += 1
    assert left == more
    assert not room.is_full(Kind.SERVICE, AWA)
