"""The catalogues of replies: `python -m tests.structure.catalogues bm dts` starts or merges those of these languages.

A new one is a copy of `locales/sms.pot` with the Plural-Forms of the language's own row; a known one gets the keys of
today; without a code all known ones are merged. With polib alone: pybabel knows no Dogon code and drops its plurals.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import polib

from campaigns.conversation import grammar
from messaging import languages

ROOT = Path(__file__).parent.parent.parent
WIDTH = 120

# The longest value that each brace of a reply is filled with; `test_catalogues.py` holds it to the code.
LONGEST = {
    "service": "x" * 40,
    "code": "1041",
    "case": "1234567890",
    "days": "14",
    "cost": "prix de votre reseau",
    "options": "1, 2, 3, 4, 5, 6, 7, 8 ou 9",
    "min": "-100000",
    "max": "1000000",
}
# Keys of the reader's page that it does not give yet: JOIN is not read so far.
AWAITED = {"join.consent"}


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
    """Every reply key that the conversation or a quarantine names; the keys of help are put together from roles."""
    groups = {key.partition(".")[0] for key in (entry.msgid for entry in template(languages.folder()))}
    named = {text for text in _strings() if text.partition(".")[0] in groups and text.partition(".")[2]}
    return named | {f"help.{role}" for role in (*grammar.HELP_BY_ROLE.values(), "who_we_are")}


def _strings() -> Iterator[str]:
    for path in (*sorted((ROOT / "campaigns" / "conversation").rglob("*.py")), ROOT / "messaging" / "quarantine.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " not in node.value:
                yield node.value


if __name__ == "__main__":
    for wanted in sys.argv[1:] or written():
        write(wanted)
