"""How the people of the demonstration's field type what they report: pure, from dice alone.

What is doubled, corrected, late or called off is what happens in the field; the shares are assumptions of the page on
the domain, sections 9.1 (a second SMS for 12 % of the reports) and 9.3 (10 % of them days late), the others proposals.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from random import Random
from typing import NamedTuple

from messaging.models.people import ClubKind

VISITS = 40 / 52  # of what happens at a cooperative is a visit of its adviser
TWICE = 0.12  # of the reports need a second SMS
FORGOTTEN = 0.1  # of these it never comes
LATE = 0.10  # of the reports come days later, with their date
LATEST = 10  # days; an outage of the network lasts as long
DOUBLED = 0.05  # of the reports are sent twice: the same SMS again, or by the other facilitator too
CORRECTED = 0.03  # are put right the next day
BOTH = 0.05  # of listeners' clubs write PRES and ECOUTE about one meeting
UNNUMBERED = 0.3  # of what listeners write names no episode
CALLED_OFF, UNHEARD, DECIDED, HANDS = 0.03, 0.04, 0.10, 0.05
TOPICS = ("on a parle du moringa", "causerie sur l'eau propre", "beaucoup de questions", "la pluie a gene")
DECISIONS = (
    "chaque famille plante deux moringas", "un lave-mains devant chaque cuisine", "on garde un sac de niebe ensemble",
    "les hommes portent l'eau le jour du club",
)  # fmt: skip
WEEKDAYS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
MONTHS = (
    "janvier", "fevrier", "mars", "avril", "mai", "juin", "juillet", "aout", "septembre", "octobre", "novembre",
    "decembre",
)  # fmt: skip
REASONS = ("panne", "reseau", "pas de courant", "groupe en panne", "technicien absent", "panne d'emetteur")
DAY = 24 * 60


@dataclass(frozen=True)
class Meeting:
    """One meeting of a club, as the dice have it."""

    code: str
    women: int
    men: int
    episode: int | None = None  # that was heard; none: nothing was on the air since the last meeting
    day: date = date.min
    late: int = 0  # days until somebody writes

    @property
    def counts(self) -> str:
        """As the card writes them."""
        return f"F{self.women} H{self.men} T{self.women + self.men}"


class Said(NamedTuple):
    """An SMS: minutes after the first one, its words, and whether the other facilitator of the club writes it."""

    after: int
    text: str
    by_other: bool = False


def told(dice: Random, kind: ClubKind, meeting: Meeting) -> tuple[Said, ...]:
    """What is written about one meeting."""
    word = _keyword(dice, kind, meeting)
    named = word == "ECOUTE" and meeting.episode is not None and dice.random() >= UNNUMBERED
    head = f"{word} {meeting.code}" + (f" E{meeting.episode}" if named else "")
    if meeting.late:
        head += f" {dated(dice, meeting.day, meeting.late)}"
    if dice.random() < CALLED_OFF and word != "VISITE":
        return (Said(0, f"{_as_pres(head, meeting)} annule"),)
    if word == "ECOUTE" and dice.random() < UNHEARD:
        return (Said(0, f"{head} pas capte"),)
    return (*_report(dice, word, head, meeting), *_beside(dice, kind, meeting))


def dated(dice: Random, day: date, late: int) -> str:
    """A day as people write it so many days later."""
    ways = [f"{day:%d/%m}", f"le {day:%d/%m}", f"{day.day} {MONTHS[day.month - 1]}", f"{day:%d/%m/%Y}"]
    if late == 1:
        ways += ["hier"] * 4
    elif late <= 6:
        ways += [WEEKDAYS[day.weekday()]] * 2
    return dice.choice(ways)


def aired(dice: Random, number: int, *, is_aired: bool, unsaid: float, corrected: float) -> tuple[Said, ...]:
    """What a host says of a broadcast: nothing, what is true, or first the contrary."""
    if dice.random() < unsaid:
        return ()
    yes, no = f"RAD E{number} OK", f"RAD E{number} NON {dice.choice(REASONS)}"
    true, false = (yes, no) if is_aired else (no, yes)
    if dice.random() < corrected:
        return (Said(0, false), Said(dice.randint(20, 200), true))
    return (Said(0, true),)


def prices(dice: Random) -> str:
    """The prices of a market."""
    maize, groundnut = dice.randrange(140, 230, 5), dice.randrange(350, 500, 5)
    return dice.choice(
        (f"PRIX MAIS {maize}", f"PRIX MAIS {maize} ARACHIDE {groundnut}", f"prix arachide {groundnut}f/kg")
    )


def _keyword(dice: Random, kind: ClubKind, meeting: Meeting) -> str:
    if kind is ClubKind.COOPERATIVE:
        return "VISITE" if dice.random() < VISITS else "PRES"
    return "ECOUTE" if kind is ClubKind.LISTENERS_CLUB and meeting.episode is not None else "PRES"


def _as_pres(head: str, meeting: Meeting) -> str:
    """The same beginning without the episode, as a report of attendance."""
    return head.replace("ECOUTE", "PRES").replace(f" E{meeting.episode}", "")


def _report(dice: Random, word: str, head: str, meeting: Meeting) -> Iterator[Said]:
    """One report with all that comes after it."""
    if not meeting.late and dice.random() < TWICE:
        first, second = _two(dice, head, meeting)
        yield Said(0, first)
        if dice.random() >= FORGOTTEN:
            yield Said(dice.randint(18, 70), second)
        return
    roll = dice.random()
    if roll < CORRECTED:
        yield Said(0, f"{head} F{meeting.women + 3} H{meeting.men}")
        after = dice.randint(DAY, DAY + 90)
        day = dated(dice, meeting.day, meeting.late + 1)
        yield Said(after, f"CORR {meeting.code} {day} {meeting.counts}")
        return
    text = _one(dice, head, meeting)
    if word == "ECOUTE" and roll < CORRECTED + BOTH:
        yield Said(0, f"{_as_pres(head, meeting)} {meeting.counts}")
        yield Said(dice.randint(2, 30), f"{head} {meeting.counts}")
        return
    yield Said(0, text)
    if roll > 1 - DOUBLED:
        is_again = dice.random() < 0.5
        yield Said(dice.randint(3, 240), text if is_again else f"{head} {meeting.counts}", by_other=not is_again)


def _one(dice: Random, head: str, meeting: Meeting) -> str:
    """A report that is understood at once, typed as people type."""
    women, men, line = meeting.women, meeting.men, f"{head} {meeting.counts}"
    short = f"{head} F{women} H{men}"
    ways = (short, line.lower(), f"{head} {women} femmes {men} hommes", f"Bonjour {short} merci",
            f"{line} {dice.choice(TOPICS)}", line.replace(" F", "F").replace(" H", "H"), line.replace("0", "O"),
            f"{head},{women},{men}")  # fmt: skip
    return line if dice.random() < 0.6 else dice.choice(ways[:5] if meeting.late else ways)


def _two(dice: Random, head: str, meeting: Meeting) -> tuple[str, str]:
    """A report that needs a second SMS, and that one."""
    women, men, line = meeting.women, meeting.men, f"{head} {meeting.counts}"
    wrong = line.replace(meeting.code, meeting.code[:2] + meeting.code[:1:-1], 1)
    return dice.choice((
        (f"{head} F{women}", f"H{men}"), (f"{head} T{women + men}", f"F{women} H{men}"), (head, line),
        (f"{head} F{women} H{men} T{women + men + 1}", line), (wrong, line), (f"{line} 44", line),
        (f"{head} F{women + 2} H{men}", f"CORR {meeting.code} {meeting.counts}"),
        (f"{head[:2]}2{line[3:]}", "OUI"),
    ))  # fmt: skip


def _beside(dice: Random, kind: ClubKind, meeting: Meeting) -> Iterator[Said]:
    """What a club sends beside the report of its meeting."""
    if kind is ClubKind.LISTENERS_CLUB and dice.random() < DECIDED:
        yield Said(95, f"DECISION {meeting.code} {dice.choice(DECISIONS)}")
    elif kind is ClubKind.LISTENERS_CLUB and dice.random() < HANDS:
        right = round((meeting.women + meeting.men) * dice.uniform(0.4, 0.9))
        yield Said(100, f"MAINS {meeting.code} Q1 1={right} 2={meeting.women + meeting.men - right}")
