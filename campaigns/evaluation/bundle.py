"""The donor pack as one ZIP: the page, the tables behind it as CSV with HXL tags, a workbook, and what is in it."""

from __future__ import annotations

import zipfile
from pathlib import Path

from campaigns.evaluation import export
from campaigns.evaluation.counting import Ask
from campaigns.evaluation.tables import TABLES
from campaigns.evaluation.tables.feedback import FEEDBACK
from campaigns.evaluation.tables.indicators import INDICATORS
from campaigns.evaluation.tables.message_rows import MESSAGE_ROWS
from campaigns.evaluation.tables.table import DEMONSTRATION, Table

KEPT_BACK = (MESSAGE_ROWS, FEEDBACK)  # single messages and cases are no donor's
NAME = "donor_pack"
PAGE, DATA, NOTE = "index.html", "data", "LISEZMOI_README.txt"


def name(ask: Ask) -> str:
    """What the file is called."""
    return export.file_name(ask, NAME, "zip")


def write(ask: Ask, page: str, path: Path) -> dict[str, int]:
    """Write the ZIP; gives the rows of each table in it.

    Args:
        ask: the programme and period, in a reading session.
        page: the page, a whole HTML document.
        path: of the file to write; half of one may stay behind when it breaks off.
    """
    rows: dict[str, int] = {}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as box:
        box.writestr(PAGE, page)
        for table, form in _files():
            parcel = export.parcel(ask, table, form)
            with box.open(f"{DATA}/{parcel.name}", "w") as file:
                for piece in parcel:
                    file.write(piece)
            rows[parcel.name] = parcel.rows
        box.writestr(NOTE, _note(ask, rows))
    return rows


def _files() -> list[tuple[Table, str]]:
    return [*((table, "hxl") for table in TABLES.values() if table not in KEPT_BACK), (INDICATORS, "xlsx")]


def _note(ask: Ask, rows: dict[str, int]) -> str:
    days = f"{ask.period.since} – {ask.period.last}"
    mark = f"{DEMONSTRATION} : personnes et chiffres inventés / invented people and figures\n\n"
    return (
        f"{mark if ask.programme.demonstration else ''}{ask.programme.name_fr} / {ask.programme.name_en}\n{days}\n\n"
        f"{PAGE}\n"
        "  La page : à ouvrir dans un navigateur, à imprimer en PDF.\n"
        "  The page: open it in a browser, print it as a PDF.\n"
        f"{DATA}/\n"
        "  Les tables, en CSV avec la ligne HXL ; le classeur porte son lexique.\n"
        "  The tables, as CSV with the HXL row; the workbook holds its codebook.\n"
        + "".join(f"  {file}: {count} lignes / rows\n" for file, count in rows.items())
    )
