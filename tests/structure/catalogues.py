"""The catalogues of replies: `python -m tests.structure.catalogues bm dts` starts or merges those of these languages.

A new one is a copy of `locales/sms.pot` with the Plural-Forms of the language's own row; a known one gets the keys of
today; without a code all known ones are merged. With polib alone: pybabel knows no Dogon code and drops its plurals.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import polib

from campaigns.conversation import grammar
from messaging import languages

ROOT = Path(__file__).parent.parent.parent
WIDTH = 120

# The longest value that each brace of a reply is filled with; a list at its shortest, for it is cut until all fits.
# `test_catalogues.py` holds it to the code.
CODES = ["1041", "1055", "2035", "3115", "4010", "4029", "4038", "4047"]
COUNTS = "E999 S999 F999 H999 JF999 JG999 T3996 FE999 FA999"
DAY = "12/03/2025"
LONGEST = {
    "addends": "999+999+999+999",
    "again": f"ECOUTE 1041 {DAY} etc",
    "age": "25-49",
    "before": "F999 H999",
    "case": "1234567890",
    "club": "x" * 20,
    "clubs": ", ".join([*CODES, "etc"]),
    "code": "1041",
    "communes": "x" * 20 + ", etc",
    "cost": "prix de votre reseau",
    "counts": COUNTS,
    "day": DAY,
    "days": "14",
    "e": "999",
    "f": "999",
    "filled": "Q3 1=12 2=5",
    "given": "1041",
    "hour": "20h30",
    "keyword": "PEPINIERE",
    "lang": "x" * 20,
    "lines": f"ECOUTE 1041 {DAY} {COUNTS}; etc",
    "max": "1000000",
    "min": "-100000",
    "mm": "999,99",
    "n": "999",
    "names": "1 " + "x" * 20 + ", etc",
    "number": "999999999",
    "options": "1, 2, 3, 4, 5, 6, 7, 8 ou 9",
    "own": "1041",
    "pairs": " ".join(f"{option}=999" for option in range(1, 10)),
    "parts": "F999 H999 JF999 JG999",
    "people": "99",
    "plants": "moringa 999999999, etc",
    "present": "3996",
    "prices": "arachide 999999999, etc",
    "questions": "Q1, etc",
    "ref": f"1041 {DAY}",
    "reports": f"ECOUTE 1041 {DAY} etc",
    "service": "x" * 40,
    "sex": "F",
    "suggest": " ou ".join([*CODES, "etc"]),
    "station": "x" * 20,
    "sum": "8991",
    "t": "3996",
    "taken": "999",
    "today": DAY,
    "v": "999",
    "village": "x" * 20,
    "when": "dimanche 09/08",
}
OF_NOTICES = frozenset({"hour", "station", "when"})  # braces of SMS that answer none: their values come from tables
KEY = re.compile(r"[a-z]+\.[a-z_]+\??")


def template(folder: Path) -> polib.POFile:
    """The template of the replies: every key, no words."""
    return polib.pofile(str(folder / "sms.pot"), encoding="utf-8", wrapwidth=WIDTH)


def place(folder: Path, code: str) -> Path:
    """Where the replies of a language lie."""
    return folder / code / "LC_MESSAGES" / "sms.po"


def write(code: str, folder: Path | None = None) -> polib.POFile:
    """Start or merge the replies of a language and write them.

    Raises:
        ValueError: the language table has no such code.
    """
    home = folder or languages.folder()
    row = next((row for row in languages.shipped() if row["code"] == code), None)
    if row is None:
        known = ", ".join(row["code"] for row in languages.shipped())
        raise ValueError(f"no language {code}: add it to messaging/languages.toml first. Known: {known}")
    path = place(home, code)
    catalogue = polib.pofile(str(path), encoding="utf-8", wrapwidth=WIDTH) if path.is_file() else template(home)
    catalogue.merge(template(home))
    for entry in catalogue.obsolete_entries():
        catalogue.remove(entry)
    catalogue.metadata |= {"Language": code, "Plural-Forms": row["plural_forms"]}
    path.parent.mkdir(parents=True, exist_ok=True)
    catalogue.fpath = str(path)  # a started one was read from the template and would be saved there again
    catalogue.save()
    return catalogue


def written() -> list[str]:
    """The languages that have replies."""
    return sorted(path.parent.parent.name for path in languages.folder().glob("*/LC_MESSAGES/sms.po"))


def keys_in_code() -> set[str]:
    """Every reply key that the code names; those of help end in a role, those of reports in the code of an error."""
    keys = {entry.msgid for entry in template(languages.folder())}
    groups, said = {key.partition(".")[0] for key in keys}, set(_strings())
    whole = {text for text in said if text.partition(".")[0] in groups and KEY.fullmatch(text)}
    reports = {f"att.{text}" for text in said} & keys
    return whole | reports | {f"help.{role}" for role in (*grammar.HELP_BY_ROLE.values(), "who_we_are")}


def _strings() -> Iterator[str]:
    """The words in the code of what people are written to; pages name addresses and templates the same way."""
    found = [path for path in (ROOT / "campaigns").rglob("*.py") if "admin" not in path.parts]
    for path in [*sorted(found), *(ROOT / "messaging" / name for name in ("notices.py", "quarantine.py"))]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " not in node.value:
                yield node.value


if __name__ == "__main__":
    for wanted in sys.argv[1:] or written():
        write(wanted)
