"""The rows of both files, with the names and HXL tags of their columns and what each of these is; pure."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from campaigns.evaluation.evaluator import anonymity, clusters
from campaigns.evaluation.evaluator.anonymity import Groups, Quiz, Traits, Week
from campaigns.evaluation.evaluator.answers import Answered, Answers, Question
from campaigns.scores import DONT_KNOW, WAVES

IDENTIFIER, QUASI, STUDIED = "pseudonym", "quasi_identifier", "studied"
NAME, TRAITS, QUIZ, WAVE, WEEK = 0, slice(1, 5), 5, 6, 10  # where they stand in a row of persons
K = TypeVar("K", bound=Hashable)
Row = tuple[str, ...]
Naming = Callable[[int], str]  # of a member or a club: its pseudonym


@dataclass(frozen=True)
class Column:
    """One column: its HXL tag, what it is to somebody who wants to find a person, and what stands in it."""

    name: str
    tag: str
    role: str
    fr: str
    en: str


PERSONS = (
    Column("pseudonym", "#respondee+id", IDENTIFIER, "personne, sous un nom d'emprunt de cette finalité",
           "person, under a pseudonym of this purpose"),
    Column("commune_code", "#adm3+code", QUASI, "commune, par son code; vide: inconnue ou effacée",
           "commune, by its code; empty: not known or blanked"),
    Column("sex", "#respondee+gender", QUASI, "f femme, m homme, unknown non dit", "f woman, m man, unknown not said"),
    Column("age_band", "#respondee+age+type", QUASI, "tranche d'âge; vide: inconnue ou effacée",
           "age band; empty: not known or blanked"),
    Column("hea_band", "#respondee+wealth+type", QUASI, "catégorie de ménage; vide: inconnue ou effacée",
           "wealth group of the household; empty: not known or blanked"),
    Column("quiz", "#activity+quiz+code", STUDIED, "quiz", "quiz"),
    Column("wave", "#meta+wave", STUDIED, "vague: pre, mid, post, practice", "wave: pre, mid, post, practice"),
    Column("question", "#indicator+code", STUDIED, "question, la même dans chaque vague",
           "question, the same in every wave"),
    Column("answer", "#indicator+answer+text", STUDIED,
           "numéros des options, un nombre, ou DK « je ne sais pas »; vide: illisible",
           "numbers of options, a number, or DK « I do not know »; empty: not readable"),
    Column("correct", "#indicator+correct+bool", STUDIED, "true juste, false faux; vide: je ne sais pas",
           "true right, false wrong; empty: does not know"),
    Column("answered_week_start", "#date+week_start", QUASI, "lundi de la semaine de la réponse; vide: effacée",
           "Monday of the week of the answer; empty: blanked"),
)  # fmt: skip
CLUSTERS = (
    Column("group_pseudonym", "#beneficiary+group+id", IDENTIFIER, "club, sous un nom d'emprunt de cette finalité",
           "club, under a pseudonym of this purpose"),
    Column("quiz", "#activity+quiz+code", STUDIED, "quiz", "quiz"),
    Column("wave", "#meta+wave", STUDIED, "vague", "wave"),
    Column("arm", "#meta+arm", QUASI, "groupe de comparaison; vide: aucun", "arm of a comparison; empty: none"),
    Column("question", "#indicator+code", STUDIED, "question", "question"),
    Column("sex", "#respondee+gender", QUASI, "f femmes, m hommes, unknown non dit",
           "f women, m men, unknown not said"),
    Column("answered", "#output+answered+num", STUDIED, "réponses, sans « je ne sais pas »; vide: effacé",
           "answers, without « I do not know »; empty: blanked"),
    Column("correct", "#output+correct+num", STUDIED, "réponses justes; vide: effacé", "right answers; empty: blanked"),
    Column("dont_know", "#output+dont_know+num", STUDIED, "« je ne sais pas »; vide: effacé",
           "« I do not know »; empty: blanked"),
)  # fmt: skip


@dataclass(frozen=True)
class Tables:
    """Both files without header, what was blanked in them, and the persons that are in."""

    persons: Sequence[Row]
    clusters: Sequence[Row]
    groups: Groups[str]  # by pseudonym
    inside: frozenset[int]  # members in the file of persons
    untold: int  # rows of persons that are left out, though she is in
    weeks_blanked: int  # rows of persons
    cells_blanked: int  # counts of clusters


@dataclass(frozen=True)
class Shown:
    """The file of persons as it may be shown."""

    rows: Sequence[Row]
    groups: Groups[str]
    untold: int
    weeks_blanked: int


def make(answers: Answers, name_person: Naming, name_club: Naming) -> Tables:
    """Blank what must be, give pseudonyms, and sort by them: the order says nothing and joins nothing.

    What is left out of one file is in neither, else the difference of both would tell of it.
    """
    names = {member: name_person(member) for member in answers.persons}
    raw = sorted(_person(one, names[one.member], answers.persons[one.member].traits) for one in answers.given)
    shown = blank([row for _order, row in raw])
    told = [one for one in answers.given if shown.groups.tells(names[one.member], one.question.key[:2])]
    cells = clusters.count(_given(one, answers) for one in told)
    counts = sorted(
        _cluster(name_club(club), answers.arms.get(club, ""), Question(*question), sex, cell)
        for (club, question, sex), cell in cells.items()
    )
    return Tables(
        shown.rows, [row for _order, row in counts], shown.groups,
        frozenset(member for member, name in names.items() if name in shown.groups.traits), shown.untold,
        shown.weeks_blanked, sum(cell.blanked for cell in cells.values()),
    )  # fmt: skip


def blank(rows: Sequence[Row]) -> Shown:
    """Blank, and leave out, of rows of persons what would lead to one of them; again it finds nothing more to do."""
    traits = {row[NAME]: Traits(*row[TRAITS]) for row in rows}
    groups = anonymity.group(traits, _gathered(rows, _quiz))
    told = [row for row in rows if groups.tells(row[NAME], _quiz(row))]
    weeks = anonymity.weeks(groups.traits, _gathered(told, _week))
    shown = [_blanked(row, groups.traits[row[NAME]], _week(row) in weeks[row[NAME]]) for row in told]
    untold = sum(row[NAME] in groups.traits for row in rows) - len(told)
    return Shown(shown, groups, untold, sum(before[WEEK] != row[WEEK] for before, row in zip(told, shown, strict=True)))


def _gathered(rows: Iterable[Row], what: Callable[[Row], K]) -> dict[str, set[K]]:
    found: dict[str, set[K]] = {}
    for row in rows:
        found.setdefault(row[NAME], set()).add(what(row))
    return found


def _quiz(row: Row) -> Quiz:
    return row[QUIZ], row[WAVE]


def _week(row: Row) -> Week:
    return _quiz(row), row[WEEK]


def _blanked(row: Row, said: Traits, has_week: bool) -> Row:
    week = row[WEEK] if has_week else ""
    return (row[NAME], said.commune, said.sex, said.age_band, said.hea_band, *row[TRAITS.stop : WEEK], week)


def _given(one: Answered, answers: Answers) -> clusters.Given:
    person = answers.persons[one.member]
    is_known = one.said != DONT_KNOW
    return clusters.Given(person.club, person.traits.sex, one.question.key, is_known, bool(one.is_correct))


def _person(one: Answered, pseudonym: str, said: Traits) -> tuple[Row, Row]:
    row = (
        pseudonym, said.commune, said.sex, said.age_band, said.hea_band, one.question.quiz, one.question.wave,
        one.question.code, one.said or "", "" if one.is_correct is None else str(one.is_correct).lower(),
        one.week.isoformat(),
    )  # fmt: skip
    return (pseudonym, *_order(one.question)), row


def _cluster(pseudonym: str, arm: str, question: Question, sex: str, cell: clusters.Cell) -> tuple[Row, Row]:
    counts = ("" if one is None else str(one) for one in (cell.answered, cell.correct, cell.dont_know))
    row = (pseudonym, question.quiz, question.wave, arm, question.code, sex, *counts)
    return (pseudonym, *_order(question), sex), row


def _order(question: Question) -> Row:
    """Waves in their own order."""
    return question.quiz, str(WAVES.index(question.wave)), question.code


def totals(answers: Answers, tables: Tables) -> Iterator[Row]:
    """Language and shared phone of the persons in the file, as totals; none that tells of fewer than five."""
    inside = [answers.persons[member] for member in tables.inside]
    for what, values in (
        ("language", [one.language for one in inside]),
        ("shared_phone", [str(one.shares_phone).lower() for one in inside]),
    ):
        counts: Mapping[str, int] = {value: values.count(value) for value in sorted(set(values))}
        gone = clusters.hidden(counts, {value for value, number in counts.items() if number < anonymity.LEAST})
        yield from ((what, value, "" if value in gone else str(number)) for value, number in counts.items())
