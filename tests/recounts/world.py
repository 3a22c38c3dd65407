"""A programme in a period, with the words that all indicators share, as the head of `indicators.toml` says them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from tests.recounts.cells import Cut, Figures
from tests.recounts.raw import Raw, Row

LOWEST = ("village", "fraction", "quartier")
CONTENT = ("campaign", "alert")
ARRIVED = ("delivered", "read")
LOST = ("failed", "expired", "cancelled")
COUNTS = ("confirmed", "verified")


class World:
    """The rows of one programme and the days from `since` until before `until`, as they look at the moment `now`."""

    def __init__(
        self, raw: Raw, programme: str, since: date, until: date, now: datetime, mapped_on: date | None = None
    ) -> None:
        """`now` is UTC without a zone, as all moments here; the map is that of the last day, or of another."""
        self.raw = raw
        self.programme = next(row for row in raw["programme"] if row.code == programme)
        self.since, self.until, self.now = since, until, now
        self.zone = ZoneInfo(self.programme.zone)
        self.starts, self.ends = self.midnight(since), self.midnight(until)
        self.last = until - timedelta(days=1)
        self.mapped_on = mapped_on or self.last
        self.today = self.day_of(now)

    def own(self, table: str) -> list[Row]:
        """The rows of a table that are the programme's."""
        return [row for row in self.raw[table] if row.programme_id == self.programme.id]

    def by_id(self, table: str) -> dict[int, Row]:
        """The rows of a table by their id."""
        return {row.id: row for row in self.raw[table]}

    def cut(self, by: Sequence[str]) -> Cut:
        """A way to cut in this period."""
        return Cut(by, self.months)

    # --- time

    def midnight(self, day: date) -> datetime:
        """The moment at which a local day begins."""
        return datetime.combine(day, time(), self.zone).astimezone(UTC).replace(tzinfo=None)

    def day_of(self, moment: datetime) -> date:
        """The local day of a moment."""
        return moment.replace(tzinfo=UTC).astimezone(self.zone).date()

    def within(self, moment: datetime | None) -> bool:
        """Whether a moment lies in the period."""
        return moment is not None and self.starts <= moment < self.ends

    def within_day(self, day: date | None) -> bool:
        """Whether a day lies in the period."""
        return day is not None and self.since <= day < self.until

    def month(self, moment: datetime) -> str:
        """The local month of a moment."""
        return month_of(self.day_of(moment))

    @cached_property
    def months(self) -> list[str]:
        """The months of the period."""
        return list(self.by_month)

    @cached_property
    def by_month(self) -> dict[str, World]:
        """Each month as a period of its own, on the map of the whole."""
        days: dict[str, list[date]] = defaultdict(list)
        for one in range((self.until - self.since).days):
            day = self.since + timedelta(days=one)
            days[month_of(day)].append(day)
        following = timedelta(days=1)
        return {
            month: World(self.raw, self.programme.code, own[0], own[-1] + following, self.now, self.mapped_on)
            for month, own in days.items()
        }

    # --- places

    @cached_property
    def _parents(self) -> dict[int, list[int]]:
        found: dict[int, list[int]] = defaultdict(list)
        for row in self.raw["place_parent"]:
            if stands_on(row, self.mapped_on):
                found[row.place_id].append(row.parent_id)
        return found

    @cached_property
    def _communes(self) -> dict[int | None, int | None]:
        places = self.by_id("place")
        found: dict[int | None, int | None] = {}
        for row in places.values():
            if row.level in LOWEST and stands_on(row, self.mapped_on):
                found[row.id] = next((above for above in self._climb(row.id) if places[above].level == "commune"), None)
        return found

    def _climb(self, place: int) -> Iterator[int]:
        above = self._parents.get(place, [])
        while above:
            yield from above
            above = [higher for one in above for higher in self._parents.get(one, [])]

    def commune(self, village: int | None) -> int | None:
        """The commune of a village on the last day of the period."""
        return self._communes.get(village)

    # --- people

    @cached_property
    def members(self) -> dict[int, Row]:
        """The active members by id."""
        return {row.id: row for row in self.own("member") if row.status == "active" and row.created_at < self.ends}

    @cached_property
    def households(self) -> dict[int, Row]:
        """The active households by id; they have no day but that of their selection."""
        return {
            row.id: row
            for row in self.own("household")
            if row.status == "active" and (row.selected_on is None or row.selected_on < self.until)
        }

    @cached_property
    def phones_of(self) -> dict[int, set[int]]:
        """The own phones of active members of route phone."""
        found: dict[int, set[int]] = defaultdict(set)
        for row in self.raw["member_phone"]:
            if row.member_id in self.members and self.members[row.member_id].route == "phone":
                found[row.member_id].add(row.phone_id)
        return found

    def of_member(self, member: int, **more: Any) -> dict[str, Any]:
        """Where a member stands."""
        row = self.members[member]
        return {"area": self.commune(row.village_id), "sex": row.sex, "language": row.language, **more}

    def of_household(self, household: int, **more: Any) -> dict[str, Any]:
        """Where a household stands."""
        row = self.households[household]
        return {"area": self.commune(row.village_id), "head": row.sex_of_head, "hea": row.hea_band, **more}

    # --- messages

    @cached_property
    def campaign_of(self) -> dict[int, Row]:
        """The campaign of each step."""
        campaigns = self.by_id("campaign")
        return {row.id: campaigns[row.campaign_id] for row in self.raw["step"]}

    @cached_property
    def ours(self) -> list[Row]:
        """The messages of campaigns, no trials."""
        return [row for row in self.own("message") if row.step_id != 0 and row.trial_of is None]

    @cached_property
    def sent(self) -> list[Row]:
        """Those handed over within the period."""
        return [row for row in self.ours if self.within(row.handed_over_at)]

    @cached_property
    def content(self) -> list[Row]:
        """Those sent to members with something to know."""
        return [row for row in self.sent if row.kind in CONTENT and row.member_id is not None]

    @cached_property
    def _answered(self) -> set[int]:
        return {row.message_id for row in self.raw["answer"]}

    def is_delivered(self, message: Row) -> bool:
        """By a receipt or by an answer."""
        return message.delivery in ARRIVED or message.id in self._answered

    def is_lost(self, message: Row) -> bool:
        """A receipt says so, and no answer contradicts it."""
        return not self.is_delivered(message) and message.delivery in LOST

    def has_no_receipt(self, message: Row) -> bool:
        """Neither."""
        return not self.is_delivered(message) and message.delivery not in LOST

    def of_message(self, message: Row) -> dict[str, Any]:
        """Where a message stands."""
        head = self.campaign_of[message.step_id].definition
        return {
            "area": self.commune(message.village_id), "language": message.language, "pillar": head.get("pillar"),
            "agency": head.get("agency"),
        }  # fmt: skip

    # --- clubs

    @cached_property
    def clubs(self) -> dict[int, Row]:
        """The clubs by id."""
        return {row.id: row for row in self.own("club")}

    @cached_property
    def open_clubs(self) -> list[Row]:
        """The clubs open on the last day."""
        return [
            row
            for row in self.clubs.values()
            if (row.created_on is None or row.created_on <= self.last)
            and (row.closed_on is None or row.closed_on > self.last)
        ]

    def area_of_club(self, club: int) -> int | None:
        """The commune of a club."""
        return self.commune(self.clubs[club].village_id)

    @cached_property
    def sessions(self) -> list[Row]:
        """All sessions of the programme."""
        return self.own("club_session")

    @cached_property
    def held(self) -> list[Row]:
        """Those held within the period."""
        return [row for row in self.sessions if row.status == "held" and self.within_day(row.held_on)]

    @cached_property
    def report_of(self) -> dict[int, Row]:
        """The one report that counts, by session."""
        return {row.club_session_id: row for row in self.raw["attendance"] if row.state in COUNTS}

    @cached_property
    def reports(self) -> list[tuple[Row, Row]]:
        """The sessions held with their report."""
        return [(row, self.report_of[row.id]) for row in self.held if row.id in self.report_of]

    def of_session(self, session: Row, day: date) -> dict[str, Any]:
        """Where a session stands, in the month of a day."""
        club = self.clubs.get(session.club_id)
        village, kind = (club.village_id, club.kind) if club else (session.place_id, None)
        return {"area": self.commune(village), "month": month_of(day), "kind": kind}

    # --- radio

    @cached_property
    def took_place(self) -> list[Row]:
        """The airings planned within the period that took place."""
        stations = {row.id for row in self.own("station")}
        return [
            row
            for row in self.raw["airing"]
            if row.station_id in stations
            and self.within(row.planned_at)
            and row.status != "not_aired"
            and row.planned_at + timedelta(minutes=row.minutes) < self.now
        ]


def month_of(day: date) -> str:
    """The month of a day, such as 2026-03."""
    return f"{day:%Y-%m}"


def stands_on(row: Row, day: date) -> bool:
    """Whether a dated row of the map holds on a day, both ends included."""
    return (row.valid_from is None or row.valid_from <= day) and (row.valid_to is None or day <= row.valid_to)


def monthly(count: Callable[[World, Sequence[str]], Figures], world: World, by: Sequence[str]) -> Figures:
    """Where months are cut by, each is a period of its own."""
    if "month" not in by:
        return count(world, by)
    place = list(by).index("month")
    others = [name for name in by if name != "month"]
    return {
        (*cell[:place], month, *cell[place:]): figure
        for month, within in world.by_month.items()
        for cell, figure in count(within, others).items()
    }
