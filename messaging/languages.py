"""Languages as our own table, gettext with a real fallback chain, and replies by key; knows no campaign text.

Babel knows no Dogon code and pybabel breaks their plural forms, so catalogues are compiled in memory with polib and
chained with the standard gettext. Two domains: `sms` (msgid is the reply's key) and `admin` (msgid is the French text).
"""

from __future__ import annotations

import gettext
import io
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import polib
import sqlalchemy as sa
from sqlalchemy.orm import Session

from messaging import profile
from messaging.models import Chain, Language
from messaging.shipped import shipped as shipped

HERE = Path(__file__).parent
LAST = "fr"  # the language every reply is complete in


def seed(session: Session) -> None:
    """Add the languages of `languages.toml` that are not there; what staff changed stays."""
    known = set(session.scalars(sa.select(Language.code)))
    for row in shipped():
        if row["code"] not in known:
            session.add(Language(**row))


def is_dogon(session: Session, code: str) -> bool:
    """True for a code whose row says that it is a Dogon language."""
    return session.scalar(sa.select(Language.family).where(Language.code == code)) == "dogon"


def profile_of(session: Session, code: str) -> str:
    """The letter profile of a language by its row; a language without a row is spelt as French is."""
    return session.scalar(sa.select(Language.profile).where(Language.code == code)) or "french"


def chain(session: Session, programme_id: int, wanted: str, own: Sequence[str] | None = None) -> list[str]:
    """The languages to try, in order: the wanted one, then the member's own chain or else the programme's.

    An empty chain means this language or nothing; a code is never tried because of its family.
    """
    if own is None:
        row = session.get(Chain, (programme_id, wanted))
        own = row.falls_to if row else []
    return [wanted, *(code for code in own if code != wanted)]


def folder() -> Path:
    """Where the catalogues lie: beside the package in a checkout and in an installed wheel alike."""
    return HERE.parent / "locales"


@cache
def catalogue(domain: str, code: str, drafts: bool = False) -> gettext.GNUTranslations | None:
    """One compiled catalogue, or None when there is none; drafts (`fuzzy` entries) only when asked for."""
    path = folder() / code / "LC_MESSAGES" / f"{domain}.po"
    if not path.is_file():
        return None
    entries = polib.pofile(str(path), encoding="utf-8")
    if drafts:
        for entry in entries:
            entry.flags = [flag for flag in entry.flags if flag != "fuzzy"]
    return gettext.GNUTranslations(io.BytesIO(entries.to_binary()))


def translations(domain: str, codes: Sequence[str], drafts: bool = False) -> gettext.NullTranslations:
    """The chain of catalogues for these codes: each missing entry goes to the next one, at last to the msgid."""
    found = [one for code in codes if (one := catalogue(domain, code, drafts)) is not None]
    first: gettext.NullTranslations = gettext.NullTranslations()
    for one in reversed(found):
        copy = _copy(one)
        copy.add_fallback(first)
        first = copy
    return first


def reply(key: str, codes: Sequence[str], drafts: bool = False, **values: object) -> tuple[str, str]:
    """The words of a reply, in SMS letters, and the language they are in.

    Args:
        key: the reply's key, such as `stop.done`.
        codes: the languages to try, the best first; French is always tried last.
        drafts: take unreviewed entries too (the simulator only).
        values: what stands in the braces; a reply with an empty value is a fault of the caller.

    Raises:
        KeyError: no catalogue holds the key.
    """
    words, code = line(key, codes, drafts)
    return words.format(**values), code


def line(key: str, codes: Sequence[str], drafts: bool = False) -> tuple[str, str]:
    """A reply with its braces still open, in SMS letters, and the language it is in; the arguments of `reply`."""
    for code in [*codes, LAST]:
        found = catalogue("sms", code, drafts)
        words = found.gettext(key) if found else key
        if words != key:
            return _sms(words, code), code
    raise KeyError(key)


@cache
def _sms(words: str, code: str) -> str:
    """A reply in SMS letters; the catalogue holds it in official ones."""
    letters = next((row["profile"] for row in shipped() if row["code"] == code), "french")
    return profile.spell(words, letters).sms


def _copy(one: gettext.GNUTranslations) -> gettext.GNUTranslations:
    fresh = gettext.GNUTranslations()
    fresh.__dict__.update(one.__dict__)
    fresh._fallback = None  # type: ignore[attr-defined]
    return fresh
