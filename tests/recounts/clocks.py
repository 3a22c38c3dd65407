"""When the first clock of a case runs out, written anew from the page on evaluation, section 8.2."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from itertools import pairwise

THREE_DAYS = timedelta(days=3)
MIDNIGHT = timedelta(days=1)
UNCLOCKED = ("thanks", "question")  # rows 0 and 1: answered by the machine, or by their second clock alone
Pause = tuple[datetime, datetime | None]


def runs_out(
    told_at: datetime,
    pauses: Iterable[Pause],
    is_working: Callable[[date], bool],
    day_of: Callable[[datetime], date],
    midnight: Callable[[date], datetime],
    far: datetime,
) -> datetime | None:
    """Three working days after a case was told, its pauses left out; None: not before the moment `far`.

    All moments at which the clock starts or stops are laid side by side; between two of them it goes or it stands.
    """  # fmt: skip
    rests = [(begin, end or far) for begin, end in pauses]
    edges = {told_at, far, *(moment for rest in rests for moment in rest)}
    day = day_of(told_at)
    while midnight(day) < far:
        edges.add(midnight(day))
        day += MIDNIGHT
    marks = sorted(moment for moment in edges if told_at <= moment <= far)
    gone = timedelta(0)
    for begin, end in pairwise(marks):
        if not is_working(day_of(begin)) or any(rest[0] <= begin < rest[1] for rest in rests):
            continue
        if gone + (end - begin) >= THREE_DAYS:
            return begin + (THREE_DAYS - gone)
        gone += end - begin
    return None
