"""A small register of invented places, clubs and people, as files, for the tests of imports."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import date

import sqlalchemy as sa
import xlsxwriter

from messaging import imports, sheets
from messaging.database import Database
from messaging.imports import Result
from messaging.models import Programme
from messaging.programmes import new_programme

CODE = "essai"


def csv(text: str) -> bytes:
    """A CSV file as one writes it in a test: one row a line, `;` between the cells, blanks around them ignored."""
    rows = [line.split(";") for line in text.strip().splitlines()]
    return "\n".join(";".join(cell.strip() for cell in row) for row in rows).encode()


def xlsx(rows: Sequence[Sequence[object]]) -> bytes:
    """A real workbook; numbers and days are stored as a person types them."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        sheet, day = book.add_worksheet(), book.add_format({"num_format": "dd/mm/yyyy"})
        for line, row in enumerate(rows):
            for column, cell in enumerate(row):
                sheet.write(line, column, cell, day if isinstance(cell, date) else None)
    return out.getvalue()


def make_programme(db: Database, now, code: str = CODE) -> None:
    """An empty programme."""
    with db.write() as session:
        new_programme(session, code, now)


def take(db: Database, kind: str, data: bytes | str, now, *, code: str = CODE, dry_run: bool = False) -> Result:
    """Import a file as the command does."""
    raw = csv(data) if isinstance(data, str) else data
    with db.write() as session:
        programme = session.scalars(sa.select(Programme).where(Programme.code == code)).one()
        return imports.take(session, kind, programme, raw, now, dry_run=dry_run)


def problems(result: Result) -> list[tuple[int, str]]:
    """Line and column of every problem."""
    return [(problem.line, problem.column) for problem in result.problems]


def count(db: Database, model: type) -> int:
    """How many rows a table holds."""
    with db.read() as session:
        return session.scalar(sa.select(sa.func.count()).select_from(model)) or 0


def read(data: bytes) -> list[tuple[str, ...]]:
    """The cells of a file."""
    return [row.cells for row in sheets.read(data)]


PLACES = """
Code        ; Nomenclature ; Nom officiel     ; Niveau  ; Code du parent ; Langues ; Village du programme
MLI005      ; ocha-2017    ; Mopti            ; région  ;                ;         ;
MLI005002   ; ocha-2017    ; Bandiagara       ; cercle  ; MLI005         ;         ;
MLI00500207 ; ocha-2017    ; Doucombo         ; commune ; MLI005002      ;         ;
V001        ;              ; Village inventé 1; village ; ocha-2017:MLI00500207 ; dds bm ; oui
V002        ;              ; Village inventé 2; village ; ocha-2017:MLI00500207 ; bm     ; oui
"""
STATIONS = """
Nom            ; Code du lieu ; Langues ; Téléphones
Radio Inventée ; MLI005002    ; bm, dds ; 76 00 00 01
"""
CLUBS_HEADER = (
    "Code du club; Type; Nom; Code du village; Stations; Téléphones des animateurs; Sexes des animateurs;"
    " Jour de réunion\n"
)
CLUBS = (
    CLUBS_HEADER
    + """
1041; Club d'écoute; Club un; V001; radio inventee; 76 00 00 02 / 76 00 00 03; femme / homme; mardi
1055; CEAP; Club 2; V002; ; 0022376000002; ; lundi
"""
)
HOUSEHOLDS = """
Code du ménage ; Code du village ; Groupe HEA ; Sexe du chef de ménage ; Personnes
M1             ; V001            ; TP         ; F                      ; 6
M2             ; V002            ; pauvre     ; homme                  ; 7
"""
MEMBERS_HEADER = (
    "Code du membre; Code du ménage; Sexe; Tranche d'âge; Langue; Téléphone; À qui est le téléphone; Codes des clubs;"
    " Accords donnés; Version du texte d'accord; Langue de l'accord; Date de l'accord; Accord par; Recueilli par;"
    " Initiale du témoin\n"
)
CONSENT = "messages; v1; bm; 2026-03-01; oral; animatrice; K"
MEMBERS = (
    MEMBERS_HEADER
    + f"""
P1; M1; femme; 25-49; dds; 76 00 00 11; conjoint    ; 1041; {CONSENT}
P2; M1; homme; 50+  ; bm ; 76000011   ; lui-même    ; 1041; {CONSENT}
P3; M2; femme; 18-24; fr ;            ;             ; 1055; ; ; ; ; ; ;
"""
)


def whole(db: Database, now) -> None:
    """The whole register, imported."""
    make_programme(db, now)
    for kind, text in (("places", PLACES), ("stations", STATIONS), ("clubs", CLUBS), ("households", HOUSEHOLDS)):
        result = take(db, kind, text, now)
        assert not result.problems, result.problems
