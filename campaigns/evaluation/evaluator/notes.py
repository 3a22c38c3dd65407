"""What goes with both files: codebook, totals, what was blanked, how good the data are, and how to read it all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns.evaluation import indicators
from campaigns.evaluation.evaluator import keys, tables
from campaigns.evaluation.evaluator.anonymity import LEAST
from campaigns.evaluation.evaluator.answers import Answers
from campaigns.evaluation.evaluator.tables import Row, Tables
from campaigns.evaluation.period import Period
from campaigns.models import Attendance, AttendanceState, ClubSession, ClubSessionStatus, EvaluationPurpose
from messaging.clock import local
from messaging.models import Programme

READINGS = ("DQ-AUTO", "DQ-ASK", "DQ-STAFF")
REPORTED = (AttendanceState.CONFIRMED, AttendanceState.VERIFIED)
SOURCES = (
    ("sms", "comptes rendus par SMS", "reports by SMS"),
    ("form", "comptes rendus par formulaire", "reports by form"),
    ("paper", "comptes rendus sur papier", "reports on paper"),
)
README = """\
{mark_fr}{title}
Programme : {name_fr} ({code}). Pour : {recipient}.
À détruire le {until} au plus tard ; les clés des noms d'emprunt sont détruites ce jour-là, et rien ne mène alors plus \
aux personnes.

{persons_file} : une ligne par réponse d'une personne. {clusters_file} : des nombres par club. Les noms \
d'emprunt des deux fichiers viennent de deux clés différentes : ils ne se joignent pas, ni entre eux, ni avec ceux \
d'une autre finalité.
Les données sont celles du {at}, jour du premier téléchargement pour cette finalité. Qui a retiré son accord \
depuis n'est plus dans le fichier des personnes ; le reste ne change pas. Pour des données plus neuves il faut une \
autre finalité.
Y sont : les dernières réponses données à temps, dont on sait de qui elles sont, des personnes qui ont accepté les \
quiz pour l'évaluation et le partage sans nom. Sans cet accord : {left_out} personne(s), laissées hors des fichiers.
Un vide dans une colonne marquée quasi_identifier du codebook est inconnu ou effacé : chaque combinaison de ces \
colonnes vaut pour {least} personnes au moins, aussi parmi celles qui ont répondu à un même quiz. \
Les nombres de 1 à {most} sont effacés, avec un deuxième qui permettrait de les retrouver. Ce qui fut effacé est \
compté dans suppression.csv ; « <{least} » veut dire de 1 à {most}.
Une personne membre de plusieurs clubs compte dans un seul. Les mains levées d'un club n'y sont pas.
Ne cherchez pas à reconnaître une personne, et ne joignez ces fichiers à aucune autre liste.

---

{mark_en}{title}
Programme: {name_en} ({code}). For: {recipient}.
To be destroyed on {until} at the latest; the keys of the pseudonyms are destroyed on that day, and nothing leads back \
to the people after it.

{persons_file}: one row an answer of a person. {clusters_file}: counts by club. The pseudonyms of the two files come \
from two different keys: they join neither with each other nor with those of another purpose.
The data are those of {at}, the day of the first download for this purpose. Who has withdrawn consent since is \
no longer in the file of persons; the rest does not change. For newer data another purpose is needed.
In them: the last answers given in time, known by whom, of people who agreed to quizzes for evaluation and to sharing \
without a name. Without that consent: {left_out} person(s), left out of the files.
An empty cell in a column marked quasi_identifier in the codebook is not known or blanked: every combination of these \
columns stands for {least} persons or more, also among those who answered one quiz. Counts of 1 to \
{most} are blanked, with a second one that would give them back. What was blanked is counted \
in suppression.csv; "<{least}" means 1 to {most}.
A member of several clubs counts in one. Hands raised in a club are not in it.
Do not try to recognise a person, and join these files with no other list.

---

{hashes}
"""
MARKS = (
    "DÉMONSTRATION : toutes ces personnes sont inventées.\n",
    "DEMONSTRATION: all these people are invented.\n",
)


def told(number: int) -> str:
    """A number of people as it may be said."""
    return f"<{LEAST}" if 0 < number < LEAST else str(number)


def codebook(names: Mapping[str, str], has_p_codes: bool) -> Iterator[Row]:
    """Every column of both files: `quasi_identifier` is what a neighbour could know."""
    yield "file", "column", "role", "fr", "en"
    for file, columns in ((keys.PERSONS, tables.PERSONS), (keys.CLUSTERS, tables.CLUSTERS)):
        for one in columns:
            scheme = " (P-code)" if has_p_codes and one.name == "commune_code" else ""
            yield names[file], one.name, one.role, one.fr + scheme, one.en + scheme


def totals(found: Answers, made: Tables) -> Iterator[Row]:
    """Language and shared phone, which are in neither file."""
    yield "what", "value", "persons"
    yield from tables.totals(found, made)


def suppression(found: Answers, made: Tables) -> Iterator[Row]:
    """How much was blanked or left out, and nothing of whom."""
    yield "file", "what", "unit", "count"
    yield keys.PERSONS, "without_consent", "persons", told(found.without_consent)
    for column, number in made.groups.blanked.items():
        yield keys.PERSONS, f"blanked_{column}", "persons", told(number)
    yield keys.PERSONS, "left_out_too_few", "persons", told(len(made.groups.left_out))
    yield keys.PERSONS, "left_out_quiz_of_too_few", "answers", told(made.untold)
    yield keys.PERSONS, "blanked_answered_week_start", "answers", told(made.weeks_blanked)
    yield keys.PERSONS, "unreadable_answer", "answers", told(found.unreadable)
    yield keys.CLUSTERS, "blanked_counts", "counts", str(made.cells_blanked)


def quality(session: Session, programme: Programme, found: Answers, now: datetime) -> Iterator[Row]:
    """What an evaluator must know of how the data came: answers that are not in, reading, reports that are missing."""
    yield "what_fr", "what_en", "count", "of"
    yield "réponses tardives, hors des fichiers", "late answers, not in the files", told(found.late), ""
    yield (
        "réponses d'un téléphone partagé sans prénom, hors des fichiers",
        "answers of a shared phone without a name, not in the files", told(found.unnamed), "",
    )  # fmt: skip
    today = local(now, programme.zone).date()
    since = min((one.week for one in found.given), default=today)
    period = Period(since, today + timedelta(days=1), programme.zone)
    for one in indicators.compute(session, programme, period, now, codes=READINGS):
        if one.numerator is not None and one.denominator is not None:
            words = (f"SMS : {one.definition.fr.lower()}", f"SMS: {one.definition.en.lower()}")
            yield (*words, str(int(one.numerator)), str(int(one.denominator)))
    missed = sa.select(sa.func.count()).where(
        ClubSession.programme_id == programme.id, ClubSession.status == ClubSessionStatus.MISSED,
        period.holds_day(ClubSession.planned_on),
    )  # fmt: skip
    yield "séances sans compte rendu", "club sessions without a report", str(session.scalar(missed) or 0), ""
    by_source = (
        sa.select(Attendance.source, sa.func.count())
        .join(ClubSession, ClubSession.id == Attendance.club_session_id)
        .where(ClubSession.programme_id == programme.id, Attendance.state.in_(REPORTED))
        .where(period.holds_day(ClubSession.held_on))
        .group_by(Attendance.source)
    )
    counts = dict(session.execute(by_source).all())
    yield from ((fr, en, str(counts.get(source, 0)), str(sum(counts.values()))) for source, fr, en in SOURCES)


def readme(
    programme: Programme,
    purpose: EvaluationPurpose,
    found: Answers,
    names: Mapping[str, str],
    hashes: Mapping[str, str],
    today: date,
) -> str:
    """How to read the files, in French and in English; `names` and `hashes` are theirs, by file."""
    mark_fr, mark_en = MARKS if programme.demonstration else ("", "")
    return README.format(
        mark_fr=mark_fr, mark_en=mark_en, title=purpose.title, recipient=purpose.recipient, code=programme.code,
        name_fr=programme.name_fr, name_en=programme.name_en, until=purpose.until.isoformat(), at=today.isoformat(),
        least=LEAST, most=LEAST - 1, left_out=told(found.without_consent), persons_file=names[keys.PERSONS],
        clusters_file=names[keys.CLUSTERS],
        hashes="\n".join(f"SHA-256 {names[file]}: {value}" for file, value in hashes.items()),
    )  # fmt: skip
