"""People enrolled by the form, one line a submission: the same rules and evidence of consent as the members' sheet.

The code of a member is made from the submission's id, and one that is known is left as it is: what the office changed
since is never undone. Without a household a person lives where her club does.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date

import sqlalchemy as sa

from campaigns.evaluation import forms
from campaigns.evaluation.intake.sessions import PASSED_OVER as OF_PROGRAMS
from messaging.batches import rows_in
from messaging.imports import members
from messaging.imports.columns import CODES, CellError, Column, day, several, text
from messaging.imports.consents import EVIDENCE
from messaging.imports.intake import Intake, Line
from messaging.imports.protection import months_later
from messaging.imports.result import quote
from messaging.models import Club
from messaging.models.people import LifeStage

TAKEN_BY = "formulaire"
MONTHS = 9  # a pregnancy is noted no longer
OF_MEMBERS = {column.key: column for column in members.COLUMNS}
IDS = ("_uuid", "KEY", "meta/instanceID")
TIMES = ("start", "_submission_time", "SubmissionDate")  # she agreed when the form was filled in, not when it was sent


def member_code(cell: str) -> str:
    """The code of a member, from the id of a submission in either spelling."""
    found = re.sub(r"[^0-9A-Za-z]", "", cell.removeprefix("uuid:"))
    if len(found) < 8:
        raise CellError(
            f"« {quote(cell)} » n'est pas l'identifiant d'un envoi. Gardez la colonne comme elle est exportée.",
            f"« {quote(cell)} » is no id of a submission. Keep the column as it is exported.",
        )
    return f"E-{found[:16].upper()}"


def day_of(cell: str) -> date:
    """Read the day of a moment as KoBo and ODK write it, with its hour and zone behind."""
    return day(re.sub(r"^(\d{4}-\d\d-\d\d)[T ].*$", r"\1", cell))


def safe_hours(cell: str) -> str:
    """Read the hours that were ticked, in the words that the office uses."""
    labels = forms.OF_ENROLMENT["safe_time"]
    return ", ".join(labels.get(word, word) for word in re.split(CODES, cell) if word)[:60]


def _like(key: str, *also: str, needed: bool = False) -> Column:
    """A column of the members' sheet under the names of the form."""
    one = OF_MEMBERS[key]
    return Column(key, one.fr, one.en, one.read, one.example, needed, one.refers, also)


COLUMNS = (
    Column("code", "Identifiant de l'envoi", "Submission", member_code, "6f1c0a52-71b4-4c55", needed=True, also=IDS),
    Column("given_on", "Date de l'accord", "Consent date", day_of, "2026-03-01", also=TIMES),
    _like("household_id", "Numéro de la carte du ménage"),
    _like("clubs", "club_code", "Code du club", needed=True),
    _like("way", "given_by_way", "Le texte de consentement a été"),
    _like("text_version", "consent_version", "Version du texte lu"),
    Column("purposes", "Accords donnés", "Consent to", several(members.PURPOSE, CODES), "messages",
           also=("La personne accepte",)),
    _like("consent_language"),
    _like("witness"),
    _like("sex"),
    _like("age_band", "Âge"),
    _like("life_stage", "Situation"),
    _like("child_birth_month", "Mois de naissance de l'enfant (AAAAMM)"),
    _like("language", "lang", needed=True),
    _like("variety"),
    _like("literacy"),
    _like("route"),
    _like("phones", "phone", "Numéro (8 chiffres)"),
    _like("owners", "ownership", "Le téléphone est à"),
    _like("content_level", "D'autres peuvent lire"),
    Column("safe_hours", "Heures sûres", "Safe hours", safe_hours, "evening", also=("safe_time",)),
    _like("first_name", "given_name", "Prénom ou initiale (facultatif)"),
    Column("taken_by", "Recueilli par", "Taken by", text(80), also=("username", "SubmitterName", "_submitted_by")),
)  # fmt: skip
# A tick of a question of several answers comes as a column of its own beside the answers together.
TICKS = {f"{name}/{code}" for name, list_name in (("purposes", "purpose"), ("safe_time", "safe_time"))
         for code in forms.OF_ENROLMENT[list_name]}  # fmt: skip
PASSED_OVER = (OF_PROGRAMS | TICKS | {"end", "today"}) - {"username", "SubmitterName", "_submitted_by", *TIMES}


class Enrolments(members.Members):
    """The people of one export."""

    def __init__(self, intake: Intake) -> None:
        clubs = {club for line in intake.lines for club in line.get("clubs", ())}
        query = sa.select(Club.id, Club.village_id)
        villages = {row.id: row.village_id for row in rows_in(intake.session, query, Club.id, clubs)}
        for line in intake.lines:
            _fill(line, villages)
        super().__init__(intake)

    def _take(self, line: Line) -> None:
        if line.get("code") in self.rows.known:
            self.rows.same.add(line.get("code"))
        else:
            super()._take(line)


def _fill(line: Line, villages: Mapping[int, int]) -> None:
    """Say what the form does not ask, for it follows from what it does."""
    line.given.setdefault("taken_by", TAKEN_BY)
    if line.has("language") and "language" not in line.bad:
        line.given["consent_language"] = line.get("language")
    if not line.has("household_id") and line.get("clubs"):
        line.given["village_id"] = villages[line.get("clubs")[0]]
    if line.get("life_stage") in (LifeStage.PREGNANT, LifeStage.LACTATING) and line.get("given_on"):
        line.given["life_stage_until"] = months_later(line.get("given_on"), MONTHS)
    if not line.has("purposes"):  # nothing was ticked: she agreed to nothing, and there is no evidence of anything
        for key in (*EVIDENCE, "witness"):
            line.given.pop(key, None)
