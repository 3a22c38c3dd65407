"""Two transactions at once: the second begins while the first one is still open."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy.orm import Session

from messaging.database import Database

LONG_ENOUGH = 0.4  # seconds in which the other one does all that no lock keeps it from
PATIENCE = 20.0  # seconds


Act = Callable[[Session], object]


def at_once(db: Database, first: Act, second: Act, then: Act | None = None) -> None:
    """Do `first`, and before it is committed have another thread do `second`; raises what the second one raises.

    `then` is what the first one goes on with once the second had its time.
    """

    def follow() -> None:
        with db.write() as session:
            second(session)

    with ThreadPoolExecutor(1) as pool:
        with db.write() as session:
            first(session)
            session.flush()
            following = pool.submit(follow)
            time.sleep(LONG_ENOUGH)
            if then is not None:
                then(session)
        following.result(PATIENCE)
