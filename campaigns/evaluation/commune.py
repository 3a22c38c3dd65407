"""The month of one commune for its authorities: counts alone, no person, no club, no agency, no word of security.

People under five are not told, nor a sum that would give them back. Source: the pages on the domain (A7, A34) and on
safeguarding, sections 5.3 and 11.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns.clubs import grid
from campaigns.clubs.cells import REPORTED
from campaigns.clubs.decisions import THEMES
from campaigns.evaluation import indicators
from campaigns.evaluation.areas import Area
from campaigns.evaluation.attendance import HOME
from campaigns.evaluation.counting import Within
from campaigns.evaluation.definitions import DEFINITIONS
from campaigns.evaluation.listening import NOT_EXPECTED
from campaigns.evaluation.period import Period
from campaigns.evaluation.suppression import LEAST
from campaigns.evaluation.tables.placed import PLACE
from campaigns.evaluation.tables.table import Cell, Column
from campaigns.models import ClubSession, ClubSessionStatus, Decision, Measure, MeasureKind
from messaging.clock import local
from messaging.models import Club, Programme
from messaging.models.people import Sex

LARGEST = ("RCH-IND-F", "RCH-IND-M", "RCH-IND-JF", "RCH-IND-JG")
CODES = (
    "ATT-SES", "ATT-HELD", "ATT-CAN", "ATT-MEAN", "ATT-W", "ATT-JF", "ATT-JG", "CLB-ACT", "LIS-COV", "LIS-Q",
    "RCH-HH-PH", "RCH-HH-GR", "RCH-IND", *LARGEST,
)  # fmt: skip
SILENT, TAKEN, CALLED_OFF = "CLB-SIL", "DEC-TAKEN", "ATT-CAN-WHY"  # of this sheet alone
WHY = ("rain", "market", "funeral", "other")  # insecurity stands as `other`, and so does what was not said
COLUMNS = (
    *PLACE,
    Column("period_start", "#date+start", "Premier jour", "First day"),
    Column("period_end", "#date+end", "Dernier jour", "Last day", "included"),
    Column("indicator_code", "#indicator+code", "Code", "Code"),
    Column("indicator_name", "#indicator+name", "Indicateur", "Indicator"),
    Column("group", "#indicator+type", "Groupe", "Group", "women, men, girls, boys; a theme; a reason"),
    Column("numerator", "#indicator+numerator+num", "Nombre", "Number", "empty: fewer than 5 people"),
    Column("denominator", "#indicator+denominator+num", "Sur", "Of"),
    Column("unit", "#indicator+unit", "Unité", "Unit"),
)
NAMES = {  # of what only this sheet tells: French, English, unit
    SILENT: ("Clubs sans nouvelle", "Clubs not heard from", "clubs"),
    TAKEN: ("Décisions prises", "Decisions taken", "decisions"),
    CALLED_OFF: ("Séances annulées, par raison", "Sessions cancelled, by reason", "sessions"),
}


@dataclass(frozen=True)
class Heads:
    """Who came, by sex; None: one to four people, or a sum by which they could be computed."""

    women: int | None
    men: int | None
    girls: int | None
    boys: int | None
    total: int | None


@dataclass(frozen=True)
class Homes:
    """Households reached, by phone and by a club alone, and all that are registered; None: it is not told."""

    reached: int | None
    by_phone: int | None
    by_group: int | None
    registered: int | None


@dataclass(frozen=True)
class Theme:
    """Decisions of one theme (empty: none was noted): taken in the month, due in it, of these kept."""

    theme: str
    taken: int
    due: int
    kept: int


@dataclass(frozen=True)
class Sheet:
    """One commune in one month."""

    area: Area
    period: Period
    villages: int  # whose figures these are
    of_villages: int  # of the programme in the commune
    clubs: int
    silent: int  # of which something was expected, and nothing came
    planned: int
    held_as_planned: int
    held: int
    cancelled: int
    reasons: Mapping[str, int]
    largest: Heads  # of the largest session of each club
    came: Heads  # to all sessions
    women_percent: float | None
    reports: int
    episodes: tuple[int, int]  # club and episode: heard, expected
    questions: tuple[int, int]  # answered on air, asked
    homes: Homes
    target: float | None
    themes: Sequence[Theme]

    @property
    def is_part(self) -> bool:
        """Whether some villages of the commune are not in it."""
        return self.villages < self.of_villages

    def rows(self, *, english: bool = False) -> Iterator[Sequence[Cell]]:
        """The same as a table, in the order of `COLUMNS`."""
        place = (self.area.region, self.area.region_code, self.area.cercle, self.area.cercle_code, self.area.commune,
                 self.area.commune_code)  # fmt: skip
        days = (self.period.since.isoformat(), self.period.last.isoformat())
        for code, group, numerator, denominator in self._lines():
            yield (*place, *days, code, _name(code, english), group, numerator, denominator, _unit(code))

    def _lines(self) -> Iterator[tuple[str, str, float | None, float | None]]:
        yield "ATT-SES", "", self.held_as_planned, self.planned
        yield "ATT-HELD", "", self.held, None
        yield "ATT-CAN", "", self.cancelled, None
        yield from ((CALLED_OFF, why, number, None) for why, number in self.reasons.items())
        yield SILENT, "", self.silent, self.clubs
        for code, heads in (("RCH-IND", self.largest), ("ATT-MEAN", self.came)):
            yield from ((code, name, number, None) for name, number in vars(heads).items())
        yield "RCH-HH", "", self.homes.reached, self.homes.registered
        yield "RCH-HH-PH", "", self.homes.by_phone, None
        yield "RCH-HH-GR", "", self.homes.by_group, None
        yield "LIS-COV", "", *self.episodes
        yield "LIS-Q", "", *self.questions
        for one in self.themes:
            yield TAKEN, one.theme, one.taken, None
            yield "DEC-KEPT", one.theme, one.kept, one.due


def gather(
    session: Session, programme: Programme, area: Area, period: Period, now: datetime, within: Within,
    villages: tuple[int, int],
) -> Sheet:  # fmt: skip
    """The sheet of a commune.

    Args:
        session: a reading session.
        programme: whose.
        area: the commune.
        period: the month.
        now: the present moment.
        within: the condition on a column of villages: those of the commune that the account sees.
        villages: how many these are, and how many the programme has in the commune.
    """
    found = _Found(indicators.compute(session, programme, period, now, codes=CODES, within=within))
    sexes = indicators.count(session, programme, period, now, by=("sex",), codes=["ATT-MEAN"], within=within)
    came = {one.cut[0]: int(one.numerator) for one in sexes}
    women, men = came.get("f", 0), came.get("m", 0)
    return Sheet(
        area=area, period=period, villages=villages[0], of_villages=villages[1],
        clubs=found.of("CLB-ACT"), silent=_silent(session, programme, period, now, within),
        planned=found.of("ATT-SES"), held_as_planned=found.number("ATT-SES"), held=found.number("ATT-HELD"),
        cancelled=found.number("ATT-CAN"), reasons=_reasons(session, programme, period, within),
        largest=heads([found.number(code) for code in LARGEST], found.number("RCH-IND")),
        came=heads([women, men, found.number("ATT-JF"), found.number("ATT-JG")], found.number("ATT-MEAN")),
        women_percent=None if few(women) or few(men) else found.figures["ATT-W"].value,
        reports=found.of("ATT-MEAN"), episodes=found.both("LIS-COV"), questions=found.both("LIS-Q"),
        homes=homes(found.number("RCH-HH-PH"), found.number("RCH-HH-GR"), found.of("RCH-HH-PH")),
        target=_target(session, programme, area.id),
        themes=_themes(session, programme, period, now, within),
    )  # fmt: skip


class _Found:
    """Figures by their code, as whole numbers."""

    def __init__(self, figures: Iterable[indicators.Figure]) -> None:
        self.figures = {one.code: one for one in figures}

    def number(self, code: str) -> int:
        return int(self.figures[code].numerator or 0)

    def of(self, code: str) -> int:
        return int(self.figures[code].denominator or 0)

    def both(self, code: str) -> tuple[int, int]:
        return self.number(code), self.of(code)


def homes(by_phone: int, by_group: int, registered: int) -> Homes:
    """Households without what is too small to be told, nor what it could be computed from; pure."""
    reached = by_phone + by_group
    is_few = few(by_phone) or few(by_group) or few(reached)
    return Homes(
        None if few(reached) else reached,
        None if is_few else by_phone,
        None if is_few else by_group,
        None if few(registered) or few(registered - reached) else registered,
    )


def few(number: int) -> bool:
    """Whether a count tells of one to four people; pure."""
    return 0 < number < LEAST


def heads(parts: Sequence[int], total: int) -> Heads:
    """Women, men, girls, boys without what is too small to be told; then the sum goes too, or it would tell; pure."""
    women, men, girls, boys = (None if few(one) else one for one in parts)
    is_hidden = None in (women, men, girls, boys) or few(total)
    return Heads(women, men, girls, boys, None if is_hidden else total)


def _silent(session: Session, programme: Programme, period: Period, now: datetime, within: Within) -> int:
    """Clubs of which an episode or a meeting was expected, and that told of none."""
    today = local(now, programme.zone).date()
    found = grid.gather(session, programme, period.since, period.last, today, within=within(Club.village_id))
    expected = ([one.state for one in row.cells.values() if one.state not in NOT_EXPECTED] for row in found.rows)
    return sum(bool(states) and not set(states) & set(REPORTED) for states in expected)


def _target(session: Session, programme: Programme, commune_id: int) -> float | None:
    """The households to be reached in the commune: the newest target."""
    query = sa.select(Measure.value).where(
        Measure.programme_id == programme.id, Measure.indicator == "RCH-HH", Measure.place_id == commune_id,
        Measure.kind == MeasureKind.TARGET, Measure.sex == Sex.UNKNOWN,
    )  # fmt: skip
    return session.scalar(query.order_by(Measure.day.desc().nulls_last(), Measure.id.desc()).limit(1))


def _reasons(session: Session, programme: Programme, period: Period, within: Within) -> dict[str, int]:
    day = sa.func.coalesce(ClubSession.held_on, ClubSession.planned_on)
    query = (
        sa.select(ClubSession.cancel_reason, sa.func.count())
        .outerjoin(Club, Club.id == ClubSession.club_id)
        .where(
            ClubSession.programme_id == programme.id, ClubSession.status == ClubSessionStatus.CANCELLED,
            period.holds_day(day), within(HOME),
        )
        .group_by(ClubSession.cancel_reason)
    )  # fmt: skip
    found = dict.fromkeys(WHY, 0)
    for reason, number in session.execute(query):
        found[reason if reason in WHY else "other"] += number
    return {why: number for why, number in found.items() if number}


def _themes(session: Session, programme: Programme, period: Period, now: datetime, within: Within) -> list[Theme]:
    query = (
        sa.select(Decision.theme, sa.func.count())
        .join(Club, Club.id == Decision.club_id)
        .where(Decision.programme_id == programme.id, period.holds_day(Decision.day), within(Club.village_id))
        .group_by(Decision.theme)
    )
    taken = dict(session.execute(query).all())
    counts = indicators.count(session, programme, period, now, by=("theme",), codes=["DEC-KEPT"], within=within)
    kept = {one.cut[0]: one for one in counts}
    return [
        Theme(
            theme or "", taken.get(theme, 0), int(kept[theme].denominator or 0) if theme in kept else 0,
            int(kept[theme].numerator) if theme in kept else 0,
        )
        for theme in (*THEMES, None) if theme in taken or theme in kept
    ]  # fmt: skip


def _name(code: str, english: bool) -> str:
    if code in NAMES:
        return NAMES[code][english]
    return DEFINITIONS[code].en if english else DEFINITIONS[code].fr


def _unit(code: str) -> str:
    return NAMES[code][2] if code in NAMES else DEFINITIONS[code].unit
