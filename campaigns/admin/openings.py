"""A row of open hours in words: its days, and what it opens, closes and caps."""

from __future__ import annotations

from babel.dates import get_day_names

from campaigns.admin import words
from campaigns.admin.coming import spans
from campaigns.admin.words import N_, _, day
from messaging import rhythm as table
from messaging.errors import DataError
from messaging.hours import parse_spans
from messaging.models import Hours

KINDS = {
    "both": N_("campagnes, appels et rappels"),
    "campaign": N_("campagnes"),
    "service": N_("appels et rappels"),
}


def when(row: Hours) -> str:
    """The days of a row."""
    names = get_day_names("wide", locale=words.code())
    on = _("le %(day)s", day=names[row.weekday]) if row.weekday is not None else _("chaque jour")
    if row.starts is not None and row.starts == row.ends:
        return _("le %(day)s", day=day(row.starts))
    if row.starts is not None and row.ends is not None and row.weekday is None:
        return _("du %(first)s au %(last)s", first=day(row.starts), last=day(row.ends))
    if row.starts is not None and row.ends is not None:
        return _("%(on)s, du %(first)s au %(last)s", on=on, first=day(row.starts), last=day(row.ends))
    if row.starts is not None:
        return _("%(on)s, à partir du %(first)s", on=on, first=day(row.starts))
    return _("%(on)s, jusqu'au %(last)s", on=on, last=day(row.ends)) if row.ends is not None else on


def hours(row: Hours) -> str:
    """What a row opens, closes and caps; a row that cannot be read stands as it is."""
    try:
        opens, closes = parse_spans(row.open_spans), parse_spans(row.closed_spans)
    except DataError:
        return f"{row.open_spans} {row.closed_spans}"
    is_ground = table.said(row).is_fixed
    opened = _("ouvert %(spans)s", spans=spans(opens)) if is_ground else _("seulement %(spans)s", spans=spans(opens))
    found = [opened] if opens else []
    found += [_("fermé %(spans)s", spans=spans(closes))] if closes else []
    found += [_("au plus %(most)s par semaine et téléphone", most=row.weekly_cap)] if row.weekly_cap is not None else []
    return " ; ".join(found) or _("fermé toute la journée")
