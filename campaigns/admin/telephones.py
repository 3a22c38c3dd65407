"""Telephones that are gateways, in words: when one was last heard, and whether its clock is right."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from campaigns.admin.when import UNITS
from campaigns.admin.words import _
from messaging.gateways import signs
from messaging.models import Gateway


@dataclass(frozen=True)
class Heard:
    """How a telephone does; `clock` is empty when it is right."""

    last: str
    clock: str
    is_well: bool


def heard(row: Gateway, now: datetime) -> Heard:
    """When a telephone was last heard, and by how much its clock is wrong."""
    clock = ""
    if row.clock_off is not None and signs.is_wrong(row.clock_off):
        by = span(abs(row.clock_off))
        clock = _("avance de %(span)s", span=by) if row.clock_off > 0 else _("retarde de %(span)s", span=by)
    since, is_silent = signs.silence(row, now), signs.is_silent(row, now)
    if since is None:
        return Heard(_("jamais entendu"), clock, False)
    by = span(int(since.total_seconds()))
    last = _("silencieux depuis %(span)s", span=by) if is_silent else _("entendu il y a %(span)s", span=by)
    return Heard(last, clock, not is_silent and not clock)


def span(seconds: int) -> str:
    """A span of time by its largest unit: « 3 min », « 2 h », « 4 j »."""
    minutes = seconds // 60
    if minutes < 1:
        return _("moins d'une minute")
    size, form = next(pair for pair in UNITS if minutes >= pair[0])
    return _(form, n=minutes // size)
