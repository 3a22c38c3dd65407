"""No group of persons under five: what is blanked of whom, so that no column a neighbour knows leads to one; pure.

A person's own columns are blanked in the order of `BLANKED`: wealth first, then age, then the commune. Of persons who
are still too few nothing is given. So it is with those who answered one quiz: neighbours saw it arrive. Weeks are kept
where others of the group answered in the same ones.

Source: the page on evaluation, section 7.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Set
from dataclasses import dataclass, field, replace
from typing import Generic, TypeVar

LEAST = 5
BLANKED = ("hea_band", "age_band", "commune")  # in this order
Who = TypeVar("Who", bound=Hashable)
Quiz = tuple[str, str]  # its code, the wave
Week = tuple[Quiz, str]  # in which she answered it; an empty one is blanked already
Said = tuple[frozenset[Week], frozenset[Quiz]]  # the weeks that are shown of a person, the quizzes of the others


@dataclass(frozen=True)
class Traits:
    """What a neighbour knows of a person; empty: not known, or blanked. The sex is never blanked."""

    commune: str
    sex: str
    age_band: str
    hea_band: str


@dataclass(frozen=True)
class Groups(Generic[Who]):
    """The persons as they may be shown, how many lost which column, and what is left out: persons, or one quiz."""

    traits: Mapping[Who, Traits]
    blanked: Mapping[str, int]
    left_out: frozenset[Who] = field(default_factory=frozenset)
    untold: frozenset[tuple[Who, Quiz]] = field(default_factory=frozenset)

    def tells(self, who: Who, quiz: Quiz) -> bool:
        """Whether the answers of a person to a quiz may be shown."""
        return who in self.traits and (who, quiz) not in self.untold


def group(persons: Mapping[Who, Traits], took: Mapping[Who, Set[Quiz]], least: int = LEAST) -> Groups[Who]:
    """Blank columns until every combination of the four stands for `least` persons or more, also of any one quiz.

    Who is still one of too few without any column loses her answers to the quiz that the fewest took, and it is tried
    again: she is left out when none is left.

    Args:
        persons: everybody who answered.
        took: the quizzes that each of them answered.
        least: how many hide one another.
    """
    often = Counter(quiz for one in took.values() for quiz in one)
    told = {who: set(one) for who, one in took.items()}
    while few := _few(shown := _coarse(persons, told, least), told, least):
        worst: dict[Who, Quiz] = {}
        for who, quiz in few:
            worst[who] = min(worst.get(who, quiz), quiz, key=lambda one: (often[one], one))
        for who, quiz in worst.items():
            told[who].remove(quiz)
    blanked = {
        column: sum(getattr(said, column) != getattr(persons[who], column) for who, said in shown.items())
        for column in BLANKED
    }
    untold = frozenset((who, quiz) for who in shown for quiz in took[who] if quiz not in told[who])
    return Groups(shown, blanked, frozenset(persons.keys() - shown.keys()), untold)


def _coarse(persons: Mapping[Who, Traits], told: Mapping[Who, Set[Quiz]], least: int) -> dict[Who, Traits]:
    """Everybody with a quiz, without the columns that would leave her one of too few."""
    shown = {who: said for who, said in persons.items() if told[who]}
    for column in BLANKED:
        # Who is blanked is missing where she was, which may leave others too few: again, until nobody is.
        while few := {who for who, _quiz in _few(shown, told, least) if getattr(shown[who], column)}:
            shown |= {who: replace(shown[who], **{column: ""}) for who in few}
    return shown


def weeks(
    traits: Mapping[Who, Traits], answered: Mapping[Who, Set[Week]], least: int = LEAST
) -> dict[Who, frozenset[Week]]:
    """The weeks of each person that may be shown; the others are blanked in her rows.

    Every set of weeks that is left stands for `least` persons of one group of `traits`, and so do, of each quiz, the
    blanked ones: who knows of a week that is not shown finds no fewer.
    """
    members: dict[Traits, dict[Who, Set[Week]]] = {}
    for who, said in traits.items():
        members.setdefault(said, {})[who] = answered[who]
    kept: dict[Who, frozenset[Week]] = {}
    for of_it in members.values():
        kept |= _shared(of_it, least)
    return kept


def _few(shown: Mapping[Who, Traits], took: Mapping[Who, Set[Quiz]], least: int) -> set[tuple[Who, Quiz]]:
    """Who is alone, or nearly, with her columns among those who answered one quiz; a group under `least` is in it."""
    sizes: dict[Traits, Counter[Quiz]] = {}
    for who, said in shown.items():
        sizes.setdefault(said, Counter()).update(took[who])
    short = {said: {quiz for quiz, number in of_it.items() if number < least} for said, of_it in sizes.items()}
    return {(who, quiz) for who, said in shown.items() for quiz in short[said] & took[who]}


def _shared(answered: Mapping[Who, Set[Week]], least: int) -> dict[Who, frozenset[Week]]:
    """Within one group: rare weeks go, then all weeks of whom they leave alone, with as many others as hide those."""
    often = Counter(one for said in answered.values() for one in said)
    common = {(quiz, week) for (quiz, week), number in often.items() if week and number >= least}
    shown: dict[Who, Said] = {
        who: (frozenset(said & common), frozenset(quiz for quiz, _week in said - common))
        for who, said in answered.items()
    }
    sizes = Counter(shown.values())
    gone = {said for said, size in sizes.items() if size < least or not said[0]}
    left = sorted(sizes.keys() - gone, key=lambda said: (sizes[said], *map(sorted, said)))
    while (short := _short(gone, sizes, least)) and (
        more := next((said for said in left if short & _quizzes(said)), None)
    ):
        gone.add(more)
        left.remove(more)
    return {who: frozenset() if said in gone else said[0] for who, said in shown.items()}


def _short(gone: Set[Said], sizes: Mapping[Said, int], least: int) -> set[Quiz]:
    """The quizzes that too few of those without a week answered."""
    hidden: Counter[Quiz] = Counter()
    for said in gone:
        hidden.update(dict.fromkeys(_quizzes(said), sizes[said]))
    return {quiz for quiz, number in hidden.items() if number < least}


def _quizzes(said: Said) -> Set[Quiz]:
    return said[1] | {quiz for quiz, _week in said[0]}
