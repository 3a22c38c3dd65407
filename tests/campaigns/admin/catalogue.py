"""The catalogue of the staff's pages: gathers their words and keeps `locales/` in step.

`python -m tests.campaigns.admin.catalogue` writes `locales/admin.pot` and merges it into `fr` and `en`; French is
filled by itself, because the msgid is the French text.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polib
from babel.messages.extract import extract

from messaging import languages

ADMIN = Path(__file__).parents[3] / "campaigns" / "admin"
KEYWORDS = {"_": None, "N_": None, "_n": (1, 2), "gettext": None, "ngettext": (1, 2)}
WAYS = {
    ".py": ("python", {}),
    ".html": ("jinja2", {"trim_blocks": "true", "lstrip_blocks": "true", "newstyle_gettext": "true"}),
}
PLURALS = {"fr": "nplurals=2; plural=(n > 1);", "en": "nplurals=2; plural=(n != 1);"}


def gather() -> polib.POFile:
    """Every word of the pages, once, with the files it stands in, in the order of the words."""
    found: dict[str, polib.POEntry] = {}
    for name, message in _messages():
        one, *rest = message if isinstance(message, tuple) else (message,)
        many = rest[0] if rest else ""
        entry = found.setdefault(one, polib.POEntry(msgid=one))
        if many:
            entry.msgid_plural, entry.msgstr_plural = many, {0: "", 1: ""}
        if (name, "") not in entry.occurrences:
            entry.occurrences.append((name, ""))
        if "%(" in one and "python-format" not in entry.flags:
            entry.flags.append("python-format")
    catalogue = polib.POFile(wrapwidth=120)
    catalogue.metadata = {"Content-Type": "text/plain; charset=utf-8", "Content-Transfer-Encoding": "8bit"}
    catalogue.extend(found[one] for one in sorted(found))
    return catalogue


def path(language: str) -> Path:
    """Where the catalogue of a language lies."""
    return languages.folder() / language / "LC_MESSAGES" / "admin.po"


def merged(language: str, template: polib.POFile) -> polib.POFile:
    """The catalogue of a language with today's words; what is gone is dropped, French fills itself."""
    place = path(language)
    catalogue = (
        polib.pofile(str(place), encoding="utf-8", wrapwidth=120) if place.is_file() else polib.POFile(wrapwidth=120)
    )
    catalogue.metadata = {"Language": language, "Plural-Forms": PLURALS[language], **template.metadata}
    catalogue.merge(template)
    for entry in list(catalogue):
        if entry.obsolete:
            catalogue.remove(entry)
        elif language == "fr":
            _fill(entry)
    catalogue.sort(key=lambda entry: entry.msgid)
    return catalogue


def write() -> None:
    """Write the template and both catalogues."""
    template = gather()
    template.save(str(languages.folder() / "admin.pot"))
    for language in PLURALS:
        path(language).parent.mkdir(parents=True, exist_ok=True)
        merged(language, template).save(str(path(language)))


def _messages() -> Iterator[tuple[str, str | tuple[str, ...]]]:
    for file in sorted(ADMIN.rglob("*")):
        if file.suffix not in WAYS:
            continue
        way, options = WAYS[file.suffix]
        with file.open("rb") as opened:
            for _line, message, _comments, _context in extract(way, opened, keywords=KEYWORDS, options=options):
                if message:
                    yield file.relative_to(ADMIN.parents[1]).as_posix(), message


def _fill(entry: polib.POEntry) -> None:
    if entry.msgid_plural:
        entry.msgstr_plural = {0: entry.msgid, 1: entry.msgid_plural}
    else:
        entry.msgstr = entry.msgid


if __name__ == "__main__":
    write()
