"""The sheet of a club for a month: its meetings in order, what is read at each, its radio hours, its own card line.

Who cannot read is reached by it, so it is made before the month begins and holds all that leading a session takes. It
names no person, no agency and no amount, and prints only what is approved.

Source: the page on the domain, sections 4 and 6; the page on safeguarding, sections 5 and 6.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from math import ceil

from campaigns.clubs.readings import Passage, Reading
from messaging.models.people import ClubKind
from messaging.models.place import RiskLevel

MOST = 5  # texts of campaigns at one meeting: more are not listened to
TOPICS = {ClubKind.IYCF: "iycf", ClubKind.SAVINGS: "finance"}  # what a group is about, whatever its meeting says


@dataclass(frozen=True)
class Type:
    """A size of the type that is read aloud, in points; heights are in millimetres."""

    points: int

    @property
    def name(self) -> str:
        """As the style sheet calls it."""
        return str(self.points)

    def height(self, words: str) -> float:
        """How high some words stand, on lines of 188 mm."""
        return ceil(len(words) * self.points / ALOUD) * self.points * LINE + GAP


TYPES = tuple(Type(points) for points in (14, 13, 12, 11))
# The largest type in which everything has its place: on one side as long as that is well legible, else on two.
TRIES = (*((1, size) for size in TYPES[:3]), *((2, size) for size in TYPES))
QUESTION = TYPES[2]
# Measured in print: letters times points of a line, the height of a line by its points, the space behind a passage,
# and a line of the plain type with its letters.
ALOUD, LINE, GAP, PLAIN, LETTERS = 1000, 0.466, 0.9, 4.6, 106
PAGE, HEAD, FOOT, MEETING, LABEL, AIR = 277.0, 66.0, 47.0, 18.0, 5.0, 9.0


class State(enum.StrEnum):
    """How far a sheet is, the worst last."""

    READY = "ready"  # all that is read is approved in the club's language
    TOLD = "told"  # some is approved in French only, and is told from it
    LACKING = "lacking"  # something falls due of which nothing is approved
    NO_DATE = "no_date"  # no meeting is planned, and the club has no rule


@dataclass(frozen=True)
class Hour:
    """One broadcast that the club can hear; `at` is local."""

    at: datetime
    station: str
    number: int
    title: str
    is_repeat: bool


@dataclass(frozen=True)
class Option:
    """One answer of a show of hands."""

    digit: str
    words: Passage


@dataclass(frozen=True)
class Talk:
    """What an episode gives to a meeting."""

    episode_id: int
    number: int
    topic: str
    title: str
    aloud: Passage
    guide: Passage
    question: Passage
    options: tuple[Option, ...] = ()


@dataclass(frozen=True)
class Meeting:
    """One meeting with what is done at it."""

    day: date
    at: time | None = None
    talk: Talk | None = None
    lesson: int | None = None  # its number in the curriculum
    title: str = ""  # of the lesson
    topic: str | None = None
    readings: tuple[Reading, ...] = ()
    again: int | None = None  # the meeting of this sheet at which the same episode was heard before
    has_aloud: bool = True  # False: it does not fit here, and stands on the guide of the episode
    has_guide: bool = True

    @property
    def is_empty(self) -> bool:
        """Whether nothing is there to be read at it."""
        return self.talk is None and not self.readings

    @property
    def passages(self) -> Iterator[Passage]:
        """All that is read aloud at it."""
        if self.talk is not None and self.again is None:
            yield from (one for one in (self.talk.aloud, self.talk.question) if not one.is_missing)
        yield from (one.passage for one in self.readings)


@dataclass(frozen=True)
class Sheet:
    """All that stands on the sheet of one club for one month."""

    club_id: int
    code: str
    kind: ClubKind
    language: str
    village: str
    commune_id: int | None
    commune: str
    level: RiskLevel
    month: date  # its first day
    meetings: tuple[Meeting, ...] = ()
    hours: tuple[Hour, ...] = ()
    number: str = ""  # to send reports to; empty: to be written by hand
    listens: bool = False
    left_out: tuple[str, ...] = ()  # steps for which there is no room
    lacking: tuple[str, ...] = ()  # steps and episodes without an approved text
    type: str = "14"

    @property
    def state(self) -> State:
        """How far it is."""
        if not self.meetings:
            return State.NO_DATE
        if self.lacking:
            return State.LACKING
        return State.TOLD if any(one.is_told for meeting in self.meetings for one in meeting.passages) else State.READY

    @property
    def has_drafts(self) -> bool:
        """Whether something on it is a draft, as a demonstration prints it."""
        return any(one.drafts for meeting in self.meetings for one in meeting.passages)

    @property
    def names_village(self) -> bool:
        """In a red commune the code alone stands for the club."""
        return self.level is not RiskLevel.RED

    @property
    def episodes(self) -> dict[tuple[int, str], list[Hour]]:
        """The broadcasts by number and title of the episode."""
        found: dict[tuple[int, str], list[Hour]] = {}
        for hour in self.hours:
            found.setdefault((hour.number, hour.title), []).append(hour)
        return found


def card(sheet: Sheet, meeting: Meeting) -> str:
    """The line that is sent after a meeting, with dots for the counts: `ECOUTE 1041 E12 F.. H.. T..`."""
    counts = "F.. H.. T.."
    if meeting.talk is not None:
        return f"ECOUTE {sheet.code} E{meeting.talk.number} {counts}"
    number = f" S{meeting.lesson}" if meeting.lesson else ""
    return f"PRES {sheet.code}{number} {counts}"


def hands(sheet: Sheet, talk: Talk) -> str:
    """The line for a show of hands: `MAINS 1041 Q12 1=.. 2=..`; its question has the number of the episode."""
    counts = " ".join(f"{option.digit}=.." for option in talk.options)
    return f"MAINS {sheet.code} Q{talk.number} {counts}"


def arranged(
    kind: ClubKind, meetings: Sequence[Meeting], readings: Iterable[Reading]
) -> tuple[list[Meeting], list[str]]:
    """Give each reading a meeting: the first from its day on with a place left, else the last one before; pure.

    Each meeting has its share of the month's texts, those of its own topic before others. What finds no place is given
    back by the name of its step.
    """
    places: list[list[Reading]] = [[] for _meeting in meetings]
    rest = list(readings)
    share = min(MOST, ceil(len(rest) / max(len(meetings), 1)))
    for place, meeting in enumerate(meetings):
        topic = TOPICS.get(kind) or meeting.topic
        due = sorted((one for one in rest if one.day <= meeting.day), key=lambda one: (one.topic != topic, one.day))
        places[place] += due[:share]
        rest = [one for one in rest if one not in due[:share]]
    for place in reversed(range(len(places))):
        free = MOST - len(places[place])
        places[place] += rest[:free]
        rest = rest[free:]
    filled = [replace(one, readings=tuple(found)) for one, found in zip(meetings, places, strict=True)]
    return filled, [one.step for one in rest]


def numbered(meetings: Iterable[Meeting]) -> list[Meeting]:
    """The meetings, each that hears an episode anew with the number of the first that did; pure."""
    first: dict[int, int] = {}
    found = []
    for number, one in enumerate(meetings, 1):
        again = first.setdefault(one.talk.episode_id, number) if one.talk is not None else number
        found.append(replace(one, again=again) if again != number else one)
    return found


def fitted(sheet: Sheet) -> Sheet:
    """The sheet as it fits on one side of A4, or on two, in the largest type that leaves nothing out; pure."""
    for sides, size in TRIES:
        if _sides(sheet, [_height(size, one) for one in sheet.meetings]) <= sides:
            return replace(sheet, type=size.name)
    return _cut(TYPES[-1], sheet)


def _cut(size: Type, sheet: Sheet) -> Sheet:
    """As much of a sheet as fits in a type: what is read of the episodes, a text a meeting, the guides, more texts."""
    kept, out = [_bare(one) for one in sheet.meetings], list(sheet.left_out)
    heights = [_height(size, one) for one in kept]
    for rank in ("aloud", 0, "guide", *range(1, MOST)):
        for place, whole in enumerate(sheet.meetings):
            grown, before = _grown(kept[place], whole, rank), heights[place]
            if grown is kept[place]:
                continue
            heights[place] = _height(size, grown)
            if _sides(sheet, heights) <= TRIES[-1][0]:
                kept[place] = grown
                continue
            heights[place] = before
            out += [whole.readings[rank].step] if isinstance(rank, int) else []
    return replace(sheet, meetings=tuple(kept), left_out=tuple(out), type=size.name)


def _bare(meeting: Meeting) -> Meeting:
    """A meeting before anything is put into it that may not fit."""
    talk = None if meeting.again else meeting.talk
    return replace(
        meeting, readings=(), has_aloud=talk is None or talk.aloud.is_missing,
        has_guide=talk is None or talk.guide.is_missing,
    )  # fmt: skip


def _grown(kept: Meeting, whole: Meeting, rank: str | int) -> Meeting:
    """A meeting with one part more; itself when it has no such part."""
    if isinstance(rank, int):
        more = whole.readings[rank : rank + 1]
        return replace(kept, readings=(*kept.readings, *more)) if more else kept
    if kept.has_aloud if rank == "aloud" else kept.has_guide:
        return kept
    return replace(kept, has_aloud=True) if rank == "aloud" else replace(kept, has_guide=True)


def _sides(sheet: Sheet, meetings: Sequence[float]) -> int:
    """How many sides the parts of a sheet take, none of them broken."""
    rows = sum(_plain(len(title) + 30 + 26 * len(hours)) for (_, title), hours in sheet.episodes.items())
    sides, used = 1, HEAD + (AIR + rows if sheet.listens else 0)
    for part in (*meetings, FOOT + (PLAIN if sheet.listens else 0)):
        if used + part > PAGE:
            sides, used = sides + ceil(part / PAGE), 0.0
        used += part % PAGE
    return sides


def _height(size: Type, meeting: Meeting) -> float:
    """How high a meeting stands with what is put into it."""
    found = MEETING + sum(_spoken(size, one.passage) for one in meeting.readings)
    found += LABEL if meeting.readings or meeting.is_empty else 0
    talk = meeting.talk
    if talk is None or meeting.again:
        return found + (PLAIN if talk else 0)
    found += _spoken(size, talk.aloud) if meeting.has_aloud else PLAIN
    found += _plain(len(_main(talk.guide)) + 15) if meeting.has_guide and not talk.guide.is_missing else 0
    return found + _asked(talk)


def _asked(talk: Talk) -> float:
    """The height of the question and the boxes of its answers."""
    if talk.question.is_missing:
        return 0
    shown = sum(len(one.words.own) + len(one.words.french) + 16 for one in talk.options)
    said = talk.question.own + talk.question.french + "x" * 24
    return QUESTION.height(said) + (_plain(shown + 30) + 2 if talk.options else 0)


def _spoken(size: Type, passage: Passage) -> float:
    """The height of a passage, with the French beside it."""
    if passage.is_missing:
        return 0
    beside = _plain(len(passage.french)) if passage.own and passage.french else 0
    return size.height(_main(passage) + "x" * 12 * len(passage.drafts)) + beside


def _main(passage: Passage) -> str:
    return passage.own or passage.french


def _plain(letters: int) -> float:
    """The height of so many letters in the plain type."""
    return ceil(letters / LETTERS) * PLAIN
