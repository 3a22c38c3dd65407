"""The grid counted again by other hands: plain SQL over what came in, and a small reader of its own.

Shares no code with the product's grammar, handlers or grid. It reads what the field of the demonstration writes, by the
rules of the page on incoming SMS (sections 4.4 and 6) and of the page on the domain (section 4, one meeting, one
report); of what it cannot read it says so.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

DAYS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
MONTHS = ("janvier", "fevrier", "mars", "avril", "mai", "juin", "juillet", "aout", "septembre", "octobre", "novembre",
          "decembre")  # fmt: skip
ABOUT = re.compile(r"(?:bonjour )?(pres|ecoute|visite|corr|(?:pr2s|ec2ute|vi2ite))\b")
OTHER = re.compile(
    r"(?:decision|mains|prix|pluie|rad|question|avis|plainte|aide|langue|mes infos|stop|arret|oui|non|\d[\d ,]*$)"
)
Told = tuple[str, int, int]  # a state, women and men
Episode = tuple[str, int]  # a series and a number
DAYLONG = timedelta(hours=24)


@dataclass
class Said:
    """What one SMS says of a meeting."""

    word: str
    code: str | None
    day: date
    episode: int | None = None
    women: int | None = None
    men: int | None = None
    total: int | None = None
    flag: str = ""  # annule, pas capte
    asked: bool = False  # is asked back before it counts
    broken: bool = False  # a number is left over


@dataclass
class Met:
    """What is known of a club and day."""

    words: set[str] = field(default_factory=set)
    counts: tuple[int, int] | None = None
    episode: int | None = None
    flag: str = ""

    @property
    def is_held(self) -> bool:
        """Somebody was counted."""
        return self.counts is not None and not self.flag


def said_in(text: str, today: date) -> Said | None:
    """Read one SMS about a meeting; None when it is about something else."""
    plain = re.sub(r"(?<=\d)o|o(?=\d)", "0", re.sub(r"(?<=\d)o|o(?=\d)", "0", text.lower()))
    hit = ABOUT.match(plain)
    if hit is None:
        return None
    word = hit[1].replace("pr2s", "pres").replace("ec2ute", "ecoute").replace("vi2ite", "visite")
    rest = plain[hit.end() :]
    day, rest = _day(rest, today)
    code = re.search(r"\d{4}(?!\d)", rest)
    said = Said(word, code[0] if code else None, day, asked="2" in hit[1])
    rest = rest.replace(code[0], " ", 1) if code else rest
    if "annule" in rest or "pas capte" in rest:
        said.flag = "annule" if "annule" in rest else "pas capte"
    for name, pattern in (("episode", r"\be(\d+)"), ("women", r"f(\d+|o\b)"), ("men", r"h(\d+|o\b)"),
                          ("total", r"t(\d+|o\b)"), ("women", r"(\d+) femmes"), ("men", r"(\d+) hommes")):  # fmt: skip
        if found := re.search(pattern, rest):
            said.asked |= found[1] == "o"  # a number of letters alone
            setattr(said, name, 0 if found[1] == "o" else int(found[1]))
            rest = rest.replace(found[0], " ", 1)
    if said.women is None and (pair := re.search(r",(\d+),(\d+)", rest)):
        said.women, said.men = int(pair[1]), int(pair[2])
        rest = rest.replace(pair[0], " ", 1)
    if said.women is not None and said.men is not None and (said.total, said.episode) == (None, said.women + said.men):
        said.episode, said.asked = None, True  # a total under a wrong letter
    said.broken = re.search(r"\d", rest) is not None
    return said


def _day(text: str, today: date) -> tuple[date, str]:
    """The day that is written, and the text without it."""
    if hit := re.search(r"\b(\d\d)/(\d\d)(?:/(\d{4}))?", text):
        day = date(int(hit[3] or today.year), int(hit[2]), int(hit[1]))
    elif hit := re.search(rf"\b(\d\d?) ({'|'.join(MONTHS)})\b", text):
        day = date(today.year, MONTHS.index(hit[2]) + 1, int(hit[1]))
    elif hit := re.search(r"\bhier\b", text):
        day = today - timedelta(days=1)
    elif hit := re.search(rf"\b({'|'.join(DAYS)})\b", text):
        day = today - timedelta(days=(today.weekday() - DAYS.index(hit[1])) % 7)
    else:
        return today, text
    return (day if day <= today else day.replace(year=day.year - 1)), text.replace(hit[0], " ", 1)


class Recount:
    """The meetings of a programme's clubs as their SMS tell them."""

    def __init__(self, connection: sa.Connection, programme: str) -> None:
        """Read every SMS of every reporter and host, in the order in which they came."""
        self.sql = connection
        self.given = {"programme": programme}
        self.met: dict[tuple[str, date], Met] = defaultdict(Met)
        self.unread: list[str] = []
        self.clubs = {row.code: row.kind for row in self._rows(
            "SELECT c.code, c.kind FROM club c JOIN programme p ON p.id = c.programme_id WHERE p.code = :programme"
        )}  # fmt: skip
        self.own: dict[int, set[str]] = defaultdict(set)
        for row in self._rows(
            "SELECT f.phone_id, c.code FROM facilitator f JOIN facilitator_club fc ON fc.facilitator_id = f.id "
            "JOIN club c ON c.id = fc.club_id JOIN programme p ON p.id = c.programme_id WHERE p.code = :programme"
        ):
            self.own[row.phone_id].add(row.code)
        pending: dict[int, tuple[Said, datetime]] = {}
        for row in self._rows("SELECT id, phone_id, text, received_at FROM inbound ORDER BY received_at, id"):
            if row.phone_id in self.own:
                self._hear(row.phone_id, row.text.strip(), _moment(row.received_at), pending)

    def _rows(self, statement: str) -> Iterator[Any]:
        bound = self.given if ":programme" in statement else {}
        return iter(self.sql.execute(sa.text(statement), bound).all())

    def _hear(self, phone: int, text: str, at: datetime, pending: dict[int, tuple[Said, datetime]]) -> None:
        kept, since = pending.get(phone, (None, at))
        if kept is not None and at - since > DAYLONG:
            kept = None
        if kept is not None and kept.asked and re.fullmatch(r"(?i)oui+|ok|wi", text):
            pending.pop(phone)
            self._note(kept)
        elif kept is not None and kept.asked and re.fullmatch(r"(?i)non", text):
            pending.pop(phone)
        elif kept is not None and not kept.asked and (hit := re.fullmatch(r"(?i)(?:F(\d+) )?H(\d+)", text)):
            kept.women, kept.men = int(hit[1]) if hit[1] else kept.women, int(hit[2])
            if kept.women is not None and kept.total in (None, kept.women + kept.men):
                pending.pop(phone)
                self._note(kept)
        elif (said := said_in(text, at.date())) is not None:
            self._weigh(phone, said, at, pending)
        elif not OTHER.match(text.lower()):
            self.unread.append(text)

    def _weigh(self, phone: int, said: Said, at: datetime, pending: dict[int, tuple[Said, datetime]]) -> None:
        """Whether what was said counts, is asked back, or is wrong."""
        if said.code not in self.own[phone] or said.broken:
            return
        if said.flag:
            self._note(said)
        elif said.women is None and said.men is None and said.total is None:
            return
        elif said.women is None or said.men is None:
            pending[phone] = (said, at)
        elif said.total not in (None, said.women + said.men):
            return
        elif said.asked or self._contradicts(said):
            pending[phone] = (said, at)
            said.asked = True
        else:
            self._note(said)
            if kept_is_of(pending.get(phone), said):
                pending.pop(phone, None)

    def _contradicts(self, said: Said) -> bool:
        before = self.met.get((str(said.code), said.day))
        is_other = before is not None and before.is_held and before.counts != (said.women, said.men)
        return is_other and said.word != "corr"

    def _note(self, said: Said) -> None:
        one = self.met[str(said.code), said.day]
        one.flag = said.flag
        one.counts = None if said.flag else (said.women or 0, said.men or 0)
        one.words.add(said.word)
        one.episode = said.episode if said.episode is not None else one.episode

    def airings(self) -> list[Airing]:
        """The broadcasts of the programme; what became of each is what its host wrote last."""
        found = [
            Airing(
                row.id, row.station_id, row.series, row.number, _moment(row.planned_at), bool(row.is_repeat), row.status
            )
            for row in self._rows(
                "SELECT a.id, a.station_id, r.code AS series, e.number, a.planned_at, a.is_repeat, a.status "
                "FROM airing a JOIN episode e ON e.id = a.episode_id JOIN series r ON r.id = e.series_id "
                "JOIN station s ON s.id = a.station_id "
                "JOIN programme p ON p.id = s.programme_id WHERE p.code = :programme"
            )
        ]
        for row in self._rows(
            "SELECT i.text, i.received_at, sp.station_id FROM inbound i "
            "JOIN station_phone sp ON sp.phone_id = i.phone_id ORDER BY i.received_at, i.id"
        ):
            hit = re.match(r"RAD E(\d+) (OK|NON)", row.text)
            if hit is None:
                continue
            at = _moment(row.received_at)
            begun = [
                one for one in found if (one.station, one.number) == (row.station_id, int(hit[1])) and one.at <= at
            ]
            if begun:
                max(begun, key=lambda one: one.at).told.append(hit[2] == "OK")
        return sorted(found, key=lambda one: (one.at, one.id))

    def stations(self) -> dict[str, set[int]]:
        """The stations each club listens to, by its code."""
        found: dict[str, set[int]] = defaultdict(set)
        for row in self._rows(
            "SELECT c.code, cs.station_id FROM club c JOIN club_station cs ON cs.club_id = c.id "
            "JOIN programme p ON p.id = c.programme_id WHERE p.code = :programme"
        ):
            found[row.code].add(row.station_id)
        return found

    def heard(self) -> dict[str, dict[Episode, list[Told]]]:
        """What each listeners' club said of each episode, by code and number: state, women, men of each meeting."""
        found: dict[str, dict[Episode, list[Told]]] = {}
        for code, airing, told in self.told():
            found.setdefault(code, defaultdict(list))[airing.series, airing.number].append(told)
        return {code: found.get(code, {}) for code, kind in self.clubs.items() if kind == "listeners_club"}

    def told(self) -> Iterator[tuple[str, Airing, Told]]:
        """What each listeners' club said of each broadcast, meeting by meeting; of a recording the nearest one."""
        every, stations = self.airings(), self.stations()
        for code, kind in self.clubs.items():
            if kind == "listeners_club":
                for airing, told in self._of_club(code, [one for one in every if one.station in stations[code]]):
                    yield code, airing, told

    def _of_club(self, code: str, airings: list[Airing]) -> Iterator[tuple[Airing, Told]]:
        last = date.min
        for (_code, day), met in sorted((key, one) for key, one in self.met.items() if key[0] == code):
            if met.words == {"visite"}:
                continue
            on_air = [one for one in airings if not one.is_off and one.at.date() <= day]
            if met.episode is not None:
                mine = [one for one in on_air if one.number == met.episode]
            else:
                mine = [one for one in on_air if one.at.date() > last]
            among = mine[-1:] or [one for one in airings if one.number == met.episode]  # a recording: the nearest
            airing = min(among, key=lambda one: abs(one.at.date() - day), default=None)
            if met.flag == "pas capte":
                state = "no_signal"
            elif met.flag:
                state = "cancelled"
            else:
                state = "recording" if not mine else "repeat" if mine[-1].is_repeat else "live"
            if airing is not None:
                women, men = met.counts if met.counts and met.is_held else (0, 0)
                yield airing, (state, women, men)
            last = day if met.is_held else last

    def by_week(self) -> dict[str, dict[str, Told]]:
        """What the groups of other kinds held, by code and ISO week: state, women, men."""
        found: dict[str, dict[str, Told]] = defaultdict(dict)
        for (code, day), met in self.met.items():
            if self.clubs[code] == "listeners_club":
                continue
            year, week, _ = day.isocalendar()
            key = f"{year}-W{week:02}"
            state, women, men = found[code].get(key, ("cancelled", 0, 0))
            if met.is_held and met.counts:
                state, women, men = "held", women + met.counts[0], men + met.counts[1]
            found[code][key] = (state, women, men)
        return found


@dataclass
class Airing:
    """One broadcast and what its host said of it, in order."""

    id: int
    station: int
    series: str
    number: int
    at: datetime
    is_repeat: bool
    before: str  # the state it was loaded with
    told: list[bool] = field(default_factory=list)

    @property
    def is_off(self) -> bool:
        """The last word is that it was not aired."""
        return not self.told[-1] if self.told else self.before == "not_aired"


def kept_is_of(kept: tuple[Said, datetime] | None, said: Said) -> bool:
    """Whether what was asked back is settled by a whole report of the same meeting."""
    return kept is not None and (kept[0].code, kept[0].day) == (said.code, said.day)


def _moment(value: Any) -> datetime:
    """A moment of a row, in UTC: SQLite gives text."""
    return (value if isinstance(value, datetime) else datetime.fromisoformat(value)).replace(tzinfo=None)
