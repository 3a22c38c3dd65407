"""The XLSForms of attendance and enrolment, for phones with Collect (KoBo, ODK): our own codes, French labels.

What is sent comes back through the importer. Each choice is named by the code that we store, so that nothing is
translated on the way; no name of a person is required, and under 18 only the club is offered.

Source: the page on evaluation, section 6.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
import xlsxwriter
from sqlalchemy.orm import Session

from campaigns.conversation.slots import KEYWORDS
from campaigns.models import ClubSessionStatus, Heard
from messaging.imports.protection import UNDER_18
from messaging.models import Language, Programme
from messaging.models.people import ContentLevel, LifeStage, Ownership, Purpose, Route, Sex, Way

FRENCH = "Français (fr)"
VERSION = "1"
CLUB, DIGITS = "regex(., '^[0-9]{4}$')", "Quatre chiffres"
NUMBER, HEADS = ". > 0 and . < 1000", ". >= 0 and . <= 999"
MOBILE = "regex(., '^(5[0-3]|[679][0-9]|8[2-59])[0-9]{6}$')"
SUM = "${women} + ${men} + coalesce(${girls}, 0) + coalesce(${boys}, 0)"
FORMS = {"attendance": "Présence au club", "enrolment": "Inscription"}
SURVEY = (
    "type", "name", f"label::{FRENCH}", "required", "constraint", f"constraint_message::{FRENCH}", "relevant",
    "default", "appearance",
)  # fmt: skip
KEYS = ("type", "name", "label", "required", "constraint", "message", "relevant", "default", "appearance")

Question = Mapping[str, str]
Choices = Mapping[str, Mapping[str, str]]  # by list: label of each code

LISTENING, PRESENT, VISIT = KEYWORDS["listening"], KEYWORDS["attendance"], KEYWORDS["visit"]
OF_ATTENDANCE: Choices = {
    "kind": {PRESENT: "Séance", LISTENING: "Écoute radio", VISIT: "Visite"},
    "status": {ClubSessionStatus.HELD: "tenue", ClubSessionStatus.CANCELLED: "annulée"},
    "signal": {Heard.WELL: "bien", Heard.PARTLY: "en partie", Heard.NO_SIGNAL: "pas captée"},
}
OF_ENROLMENT: Choices = {
    "given_by_way": {Way.ORAL: "lu devant témoin", Way.PAPER: "signé"},
    "purpose": {
        Purpose.MESSAGES: "recevoir des messages", Purpose.EVALUATION: "quiz pour l'évaluation",
        Purpose.VOICE: "appels", Purpose.SHARING: "données sans nom pour l'évaluateur",
        Purpose.LIFE_STAGE: "noter la situation de famille",
    },
    "sex": {Sex.F: "femme", Sex.M: "homme", Sex.UNKNOWN: "non dit"},
    "age_band": {
        UNDER_18: "moins de 18, club seulement", "18-24": "18 à 24", "25-49": "25 à 49", "50plus": "50 et plus",
    },
    "life_stage": {
        LifeStage.PREGNANT: "enceinte", LifeStage.LACTATING: "allaitante",
        LifeStage.CAREGIVER: "enfant de 0 à 23 mois", LifeStage.NONE: "aucune",
    },
    "literacy": {"self": "lit seule", "helped": "quelqu'un lit", "nobody": "personne"},
    "route": {Route.PHONE: "téléphone", Route.GROUP: "club seulement"},
    "ownership": {
        Ownership.OWN: "elle-même / lui-même", Ownership.SPOUSE: "conjoint", Ownership.HOUSEHOLD: "ménage",
        Ownership.NEIGHBOUR: "voisin", Ownership.CLUB: "club", Ownership.FACILITATOR: "animateur",
    },
    "content_level": {ContentLevel.ANYONE: "oui, tous", ContentLevel.PERSON: "non, personne d'autre"},
    "safe_time": {"morning": "matin", "afternoon": "après-midi", "evening": "soir"},
}  # fmt: skip


def write(session: Session, programme: Programme, name: str) -> bytes:
    """One of `FORMS` as an XLSX file; languages are those of the programme."""
    if name == "attendance":
        return _workbook(name, attendance(), OF_ATTENDANCE)
    rows = {row.code: row.name_fr for row in session.scalars(sa.select(Language))}
    languages = {code: rows[code] for code in programme.languages if code in rows}
    return _workbook(name, enrolment(languages), {**OF_ENROLMENT, "lang": languages})


def attendance() -> list[Question]:
    """The questions on a club session: the fields of an SMS, with the checks that an SMS gets."""
    listened, held = f"${{kind}} = '{LISTENING}'", f"${{status}} = '{ClubSessionStatus.HELD}'"
    return [
        _ask("start", "start"),
        _ask("select_one kind", "kind", "Genre de rapport", True, default=PRESENT),
        _ask("text", "club_code", "Code du club (4 chiffres)", True, CLUB, DIGITS, appearance="numbers"),
        _ask("date", "held_on", "Date de la séance", True, ". <= today()", "Pas de date future"),
        _ask("select_one status", "status", "La séance", True, default=ClubSessionStatus.HELD),
        _ask("integer", "session_no", "Numéro de la séance", constraint=NUMBER,
             relevant=f"${{kind}} != '{LISTENING}' and {held}"),
        _ask("integer", "episode_no", "Numéro de l'émission", constraint=NUMBER, relevant=listened),
        _ask("select_one signal", "signal", "Émission captée", relevant=listened),
        _ask("begin_group", "counts", "Présents", relevant=held, appearance="field-list"),
        _ask("integer", "women", "F femmes", True, HEADS),
        _ask("integer", "men", "H hommes", True, HEADS),
        _ask("integer", "girls", "JF jeunes filles", constraint=HEADS),
        _ask("integer", "boys", "JG jeunes garçons", constraint=HEADS),
        _ask("integer", "pregnant", "FE femmes enceintes", constraint=_among("lactating"), message="Pas plus que F"),
        _ask("integer", "lactating", "FA femmes allaitantes", constraint=_among("pregnant"), message="Pas plus que F"),
        _ask("integer", "total", "T total", True, f". = {SUM}", "Le total ne correspond pas"),
        _ask("end_group"),
        _ask("text", "note", "Note ou question du club"),
    ]  # fmt: skip


def enrolment(languages: Iterable[str]) -> list[Question]:
    """The questions on a person who joins; life stage only when she agreed to have it noted."""
    phone, shared = f"${{route}} = '{Route.PHONE}'", f"${{ownership}} != '{Ownership.OWN}'"
    stage = f"${{sex}} = '{Sex.F}' and selected(${{purposes}}, '{Purpose.LIFE_STAGE}')"
    of_age = f"${{age_band}} != '{UNDER_18}' or . = '{Route.GROUP}'"
    asked = [
        _ask("text", "household_id", "Numéro de la carte du ménage", constraint="regex(., '^[A-Z0-9-]{4,12}$')"),
        _ask("text", "club_code", "Code du club", True, CLUB, DIGITS, appearance="numbers"),
        _ask("select_one given_by_way", "given_by_way", "Le texte de consentement a été", True),
        _ask("text", "consent_version", "Version du texte lu", True),
        _ask("select_multiple purpose", "purposes", "La personne accepte"),
        _ask("text", "witness", "Initiale du témoin", True, relevant=f"${{given_by_way}} = '{Way.ORAL}'"),
        _ask("select_one sex", "sex", "Sexe", True),
        _ask("select_one age_band", "age_band", "Âge", True),
        _ask("select_one life_stage", "life_stage", "Situation", relevant=stage),
        _ask("integer", "child_birth_month", "Mois de naissance de l'enfant (AAAAMM)",
             constraint="regex(string(.), '^20[0-9]{2}(0[1-9]|1[0-2])$')",
             relevant=f"${{life_stage}} = '{LifeStage.CAREGIVER}'"),
        _ask("select_one lang", "lang", "Langue", True),
        _ask("text", "variety", "Variété demandée", relevant="${lang} = 'dts'"),
        _ask("select_one literacy", "literacy", "Qui lit les messages"),
        _ask("select_one route", "route", "Messages par", True, of_age, "Moins de 18 ans: club seulement"),
        _ask("text", "phone", "Numéro (8 chiffres)", True, MOBILE, "Numéro malien à 8 chiffres", phone, "", "numbers"),
        _ask("select_one ownership", "ownership", "Le téléphone est à", True, relevant=phone),
        _ask("select_one content_level", "content_level", "D'autres peuvent lire", True, relevant=phone),
        _ask("select_multiple safe_time", "safe_time", "Heures sûres", relevant=phone),
        _ask("text", "given_name", "Prénom ou initiale (facultatif)", constraint="string-length(.) <= 20",
             relevant=f"{phone} and {shared}"),
    ]  # fmt: skip
    return [one for one in asked if one["name"] != "variety" or "dts" in languages]


def _ask(
    kind: str, name: str = "", label: str = "", required: bool = False, constraint: str = "", message: str = "",
    relevant: str = "", default: str = "", appearance: str = "",
) -> Question:  # fmt: skip
    said = (kind, name, label, "yes" if required else "", constraint, message, relevant, default, appearance)
    return dict(zip(KEYS, said, strict=True))


def _among(other: str) -> str:
    """The pregnant and the nursing are among the women."""
    return f". >= 0 and . + coalesce(${{{other}}}, 0) <= ${{women}}"


def _workbook(name: str, questions: Sequence[Question], choices: Choices) -> bytes:
    """The three sheets of an XLSForm."""
    listed = [(list_name, code, label) for list_name, labels in choices.items() for code, label in labels.items()]
    title = (FORMS[name], f"jekulu_{name}", VERSION, FRENCH)
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}) as book:
        _sheet(book, "survey", SURVEY, [[one[key] for key in KEYS] for one in questions])
        _sheet(book, "choices", ("list_name", "name", f"label::{FRENCH}"), listed)
        _sheet(book, "settings", ("form_title", "form_id", "version", "default_language"), [title])
    return out.getvalue()


def _sheet(book: Any, name: str, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    sheet, bold = book.add_worksheet(name), book.add_format({"bold": True})
    sheet.write_row(0, 0, header, bold)
    sheet.freeze_panes(1, 0)
    for column, title in enumerate(header):
        sheet.set_column(column, column, max(14, len(title) + 2))
    for line, row in enumerate(rows, 1):
        for column, cell in enumerate(row):
            if cell:
                sheet.write_string(line, column, str(cell))
