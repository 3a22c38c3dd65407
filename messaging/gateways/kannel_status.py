"""Kannel's status page, read: how long its two boxes and its links are up, and what waits in it; pure.

Source: Kannel 1.4.5, User's Guide (status.xml), and the page itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from messaging.gateways.protocol import Error, Fault

ELAPSED = re.compile(r"(?:(\d+)d (\d+)h (\d+)m )?(\d+)s")
BOX, LINK = re.compile(r"<box>(.*?)</box>", re.DOTALL), re.compile(r"<smsc>(.*?)</smsc>", re.DOTALL)
DLR = re.compile(r"<dlr>(.*?)</dlr>", re.DOTALL)
RUNNING, ONLINE = "running", ("on-line", "online")
SETTLED = timedelta(minutes=15)  # a link that is up for so long has carried what waited for it
MUCH = 1000  # SMS that wait in Kannel


@dataclass(frozen=True)
class Status:
    """One look at Kannel; times are how long something is up, None when it is not."""

    up: timedelta | None  # bearerbox
    smsboxes: tuple[timedelta | None, ...]
    links: tuple[timedelta | None, ...]  # to message centres
    waiting: int  # SMS that are in Kannel and not yet with a message centre, the store included
    reports: int  # that are expected; -1: there is no place to keep them


def parse(page: str) -> Status | None:
    """Read status.xml; None when it is not that page: with a wrong password it is empty."""
    if "<status>" not in page:
        return None
    boxes, links = BOX.findall(page), LINK.findall(page)
    head = page.partition("<boxes>")[0]
    dlr = DLR.search(head)
    return Status(
        _up(_text(head, "status"), (RUNNING,)),
        tuple(_up(_text(box, "status"), ONLINE) for box in boxes if _text(box, "type") == "smsbox"),
        tuple(_up(_text(link, "status"), ONLINE) for link in links),
        max(_number(head, "storesize"), _queued(head)) + sum(_number(link, "queued") for link in links),
        _number(dlr[1], "queued") if dlr else 0,
    )


def trouble(status: Status) -> Error | None:
    """What is wrong with Kannel, the gravest first; None when it is well."""
    if status.up is None:
        return Error("stopped", "bearerbox is stopped, isolated or suspended", Fault.CHANNEL)
    if not any(up is not None for up in status.smsboxes):
        return Error("no-smsbox", "bearerbox has no smsbox: start it, and look after both", Fault.CHANNEL)
    if status.reports < 0:
        return Error("no-dlr-table", "the table of delivery reports is missing: every report is lost", Fault.CHANNEL)
    if not status.links or any(up is None for up in status.links):
        return Error("link-down", "a link to a message centre is down", Fault.NETWORK)
    if status.waiting >= MUCH:
        return Error("queue", f"{status.waiting} SMS wait in Kannel", Fault.NETWORK)
    return None


def is_quiet_since(status: Status, moment: datetime, now: datetime) -> bool:
    """Whether an SMS that Kannel got at `moment` would have left it, and been reported, by now.

    True only when nothing was restarted since a little before that moment, nothing waits, and each link is up for a
    quarter of an hour. Anything less, and a report may simply have been lost.
    """
    needed = max(now - moment, SETTLED) + timedelta(seconds=2)  # the page counts whole seconds
    boxes = (status.up, *status.smsboxes)
    return (
        now - moment >= SETTLED
        and bool(status.smsboxes and status.links)
        and all(up is not None and up >= needed for up in boxes)
        and all(up is not None and up >= SETTLED for up in status.links)
        and status.waiting == 0
        and status.reports >= 0
    )


def _up(told: str, words: tuple[str, ...]) -> timedelta | None:
    """`running, uptime 0d 0h 0m 4s`, `on-line 0d 0h 0m 3s` or `online 4s`; any other state is not up."""
    found = ELAPSED.search(told)
    if not told.startswith(words) or found is None:
        return None
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


def _queued(head: str) -> int:
    """What waits between the boxes, both ways."""
    sms = head.partition("<sms>")[2].partition("</sms>")[0]
    return sum(int(count) for count in re.findall(r"<queued>(\d+)</queued>", sms))


def _text(part: str, tag: str) -> str:
    return part.partition(f"<{tag}>")[2].partition(f"</{tag}>")[0].strip()


def _number(part: str, tag: str) -> int:
    told = _text(part, tag)
    return int(told) if re.fullmatch(r"-?\d{1,12}", told) else 0
