"""The network of the demonstration is down for some days: what people write meanwhile comes in together afterwards.

Out of order, some of it twice, each report with the day that it is about: so people write when they know that it will
not get through today. What would have answered our SMS is never written, for none came. Pure, from seed and names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from random import Random

from campaigns.fieldwork import Writes
from campaigns.handwriting import MONTHS, WEEKDAYS
from messaging.gateways.simulator import Outage

FIELD = re.compile(r"sim-field-\d+-(\d{4}-\d\d-\d\d)-(\d+)")  # the name of a report: club, day and place in its row
HEAD = re.compile(r"\b\d[\dOo]{3}(?:\s+E\d+)?", re.IGNORECASE)  # club and episode: the day stands behind them
DAY = re.compile(
    rf"\s*\b(?:le\s+)?(?:\d\d?/\d\d(?:/\d{{4}})?|\d\d? (?:{'|'.join(MONTHS)})|hier|{'|'.join(WEEKDAYS)})\b",
    re.IGNORECASE,
)
EVERYBODY = "+"  # the start of all numbers
TWICE = 0.2  # of what comes in late
WITHIN = 90  # minutes in which all of it comes


def of_all(since: datetime, days: int) -> Outage:
    """An outage of the whole network, some days long."""
    return Outage(EVERYBODY, since, since + timedelta(days=days))


def held_up(writes: Writes, cut: Outage, seed: str) -> Iterator[Writes]:
    """What becomes of an SMS: itself, outside of the outage; else the same when the network is back, once or twice."""
    if not cut.since <= writes.at < cut.until:
        yield writes
        return
    report = FIELD.fullmatch(writes.ident)
    if report and report[2] != "0":
        return  # it follows from an answer that never came
    text = dated(writes.text, date.fromisoformat(report[1])) if report else writes.text
    dice = Random(f"{seed}|late|{writes.ident}")
    for again in ("", "-again")[: 2 if dice.random() < TWICE else 1]:
        at = cut.until + timedelta(minutes=dice.uniform(1, WITHIN))
        yield replace(writes, at=at, ident=f"{writes.ident}{again}", text=text)


def dated(text: str, day: date) -> str:
    """A report with the day of its meeting behind club and episode, in the place of any that it named."""
    head = HEAD.search(text)
    if head is None:
        return text
    rest = DAY.sub("", text[head.end() :], count=1)
    return f"{text[: head.end()]} {day:%d/%m} {rest.strip(' ,')}".rstrip()
