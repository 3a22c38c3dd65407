"""Small acts of many threads share a transaction; one that fails sinks no other, and nobody waits for long."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from messaging.database import Database
from messaging.errors import BusyError
from messaging.gathering import Gathering, Part
from messaging.models import Mark

MANY = 60


def mark(name: str) -> Callable[[Session], str]:
    def act(session: Session) -> str:
        session.add(Mark(name=name, value="x"))
        return name

    return act


def marks(db: Database) -> set[str]:
    with db.read() as session:
        return set(session.scalars(sa.select(Mark.name).where(Mark.value == "x")))


def at_once(db: Database, acts: list[Callable[[Session], Any]]) -> list[object]:
    """Do all acts, each in a thread of its own; gives result or error of each."""

    def tried(act: Callable[[Session], Any]) -> object:
        try:
            return db.gather(act)
        except Exception as error:
            return type(error)

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(tried, acts))


@pytest.fixture
def slow_commits(db: Database) -> list[float]:
    """Each commit takes a while, as on a card; gives when each was made."""
    made: list[float] = []

    def commit(_connection: object) -> None:
        time.sleep(0.02)
        made.append(time.monotonic())

    sa.event.listen(db.engine, "commit", commit)
    return made


def test_many_at_once_share_transactions(db: Database, slow_commits: list[float]) -> None:
    names = [f"mark-{number}" for number in range(MANY)]
    assert at_once(db, [mark(name) for name in names]) == names
    assert marks(db) == set(names)
    if db.is_sqlite:
        assert len(slow_commits) < MANY / 3, "who waited for the first commit shares the next ones"


def test_one_that_fails_sinks_no_other(db: Database, slow_commits: list[float]) -> None:
    def broken(session: Session) -> None:
        session.add(Mark(name="never", value="x"))
        session.flush()
        raise KeyError

    acts: list[Callable[[Session], Any]] = [mark(f"mark-{number}") for number in range(MANY)]
    acts[20:20] = [broken, mark("mark-1"), broken]
    answers = at_once(db, acts)
    assert answers[20] is KeyError and answers[22] is KeyError
    twice = {answers[1], answers[21]}
    assert twice == {"mark-1", sa.exc.IntegrityError}, "of two rows with one key one is stored, and the other is told"
    assert marks(db) == {f"mark-{number}" for number in range(MANY)}


def test_parts_are_done_together_and_one_that_fails_sinks_no_other(db: Database, slow_commits: list[float]) -> None:
    sizes = list[int]()

    def together(session: Session, names: Sequence[str]) -> list[str]:
        sizes.append(len(names))
        session.add_all([Mark(name=name, value="x") for name in names])
        session.flush()
        if "broken" in names:
            raise KeyError
        return [f"did {name}" for name in names]

    names = [f"mark-{number}" for number in range(MANY)]
    names[20] = "broken"
    told = at_once(db, [Part(together, name) for name in names])
    assert told == [KeyError if name == "broken" else f"did {name}" for name in names]
    assert marks(db) == set(names) - {"broken"}
    if db.is_sqlite:
        assert max(sizes) > 1, "several share their statements"


def test_each_act_looks_for_itself(db: Database, slow_commits: list[float]) -> None:
    """What another act of the same transaction changed behind the objects' back is seen."""
    with db.write() as session:
        session.add(Mark(name="count", value="0"))

    def one_more(session: Session) -> None:
        row = session.get_one(Mark, "count", with_for_update=True)
        value = str(int(row.value) + 1)
        change = sa.update(Mark).where(Mark.name == "count").values(value=value)
        session.execute(change, execution_options={"synchronize_session": False})

    at_once(db, [one_more] * 20)
    with db.read() as session:
        assert session.get_one(Mark, "count").value == "20"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # the doors' tests lock PostgreSQL's tables
def test_while_another_writes_nobody_waits_for_a_second(db: Database) -> None:
    with db.write() as other:
        other.execute(sa.text("SELECT 1"))
        waits: list[float] = []

        def tried(number: int) -> None:
            time.sleep(number / 50)
            began = time.monotonic()
            with pytest.raises(BusyError):
                db.gather(mark(f"late-{number}"))
            waits.append(time.monotonic() - began)

        threads = [threading.Thread(target=tried, args=(number,)) for number in range(30)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(waits) == 30 and max(waits) < 1.3, "0.8 s, and what a busy machine adds"
    assert db.gather(mark("after")) == "after"
    assert marks(db) == {"after"}, "what was given up is not stored behind anybody's back"


def test_when_the_commit_fails_everybody_is_told() -> None:
    class Full(Exception):
        pass

    @contextmanager
    def full(_seconds: float) -> Iterator[Any]:
        yield Session()
        raise Full

    gathering = Gathering(full, 0.8)
    for _ in range(3):
        with pytest.raises(Full):
            gathering.do(lambda _session: None)
