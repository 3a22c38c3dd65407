"""Who waits longest is called next; a job that writes without a pause keeps nobody waiting for long."""

from __future__ import annotations

import threading
import time

import pytest
import sqlalchemy as sa

from messaging.database import Database
from messaging.models import Mark
from messaging.turns import Turns


def test_they_are_called_in_the_order_in_which_they_came() -> None:
    turns, order = Turns(), list[int]()

    def wait(number: int) -> None:
        with turns.take(10):
            order.append(number)

    threads = [threading.Thread(target=wait, args=(number,)) for number in range(20)]
    with turns.take(1):
        for thread in threads:
            thread.start()
            time.sleep(0.01)
    for thread in threads:
        thread.join()
    assert order == list(range(20))


def test_who_waited_long_enough_goes_on_without_and_takes_nobodys_turn() -> None:
    turns, inside = Turns(), list[str]()

    def impatient() -> None:
        with turns.take(0.05):
            inside.append("impatient")

    def patient() -> None:
        with turns.take(10):
            inside.append("patient")

    with turns.take(1):
        threads = [threading.Thread(target=impatient), threading.Thread(target=patient)]
        for thread in threads:
            thread.start()
        threads[0].join()
        assert inside == ["impatient"]
    threads[1].join()
    assert inside == ["impatient", "patient"]
    with turns.take(0):
        pass


def test_nobody_waits_for_oneself(db: Database) -> None:
    began = time.monotonic()
    with db.write() as outer:
        with db.write() as inner:
            inner.add(Mark(name="inner", value="x"))
        outer.add(Mark(name="outer", value="x"))
    assert time.monotonic() - began < 5


def test_an_error_gives_the_turn_back(db: Database) -> None:
    for _ in range(3):
        with pytest.raises(KeyError), db.write():
            raise KeyError
    with db.write() as session:
        session.add(Mark(name="after", value="x"))


def test_a_job_that_writes_without_a_pause_keeps_no_webhook_waiting(db: Database) -> None:
    """Left to SQLite's own lock, who looks again every 100 ms may find it taken for seconds."""
    over, waits = threading.Event(), list[float]()

    def busy() -> None:
        number = 0
        while not over.is_set():
            with db.write() as session:
                session.execute(sa.update(Mark).values(value=str(number := number + 1)))
                time.sleep(0.005)

    worker = threading.Thread(target=busy)
    worker.start()
    for number in range(40):
        began = time.monotonic()
        db.gather(lambda session, number=number: session.add(Mark(name=f"mark-{number}", value="x")))
        waits.append(time.monotonic() - began)
    over.set()
    worker.join()
    assert sorted(waits)[-4] < 0.25
