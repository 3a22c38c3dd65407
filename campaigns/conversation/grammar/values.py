"""Reports of a single value, each a row of the catalogue: prices, rain, funds, nurseries, pests, …; pure.

What cannot be read whole, or comes from somebody who may not report it, is free text: nothing is taken in part.
Source: the page on incoming SMS, sections 4.3 and 8.6.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from campaigns.conversation.catalogue import ROWS, Form, Row
from campaigns.conversation.grammar import airings, dates, edits, leading, notes, receipts, tail
from campaigns.conversation.grammar.reading import Reading, Result
from campaigns.conversation.grammar.sms import Sms
from messaging import codes

# The keywords that are known when one letter is wrong; the first five are read elsewhere.
MISTYPED = ("pres", "presence", "seance", "ecoute", "visite", "caisse", "pepiniere", "ravageur")
NONE = frozenset({"aucun", "aucune"})
_FIRST = re.compile(r"([^\W\d_]{3,})([^\W_]*)")
_BROKEN = re.compile(r"([^\W\d_]+)[\s,;:.\-/#*+()_&\"!?\[\]]([^\W\d_]+)")
_GROUPED = re.compile(r"\d{1,3}(?:[ .]\d{3})+|\d{1,6}")
_WORD = re.compile(r"[^\W\d_]+")
_DECIMAL = re.compile(r"\d{1,6}(?:[.,]\d{1,3})?")

Found = Mapping[str, Any]


def leads(sms: Sms) -> bool:
    """Whether the keyword of such a report leads, from somebody whose role may send it."""
    return any(row.roles and sms.role in row.roles and _rest(sms, row) is not None for row in ROWS)


def read_value(sms: Sms) -> Result | None:
    """Read such a report; None when none leads, the sender may not report it, or it cannot be read."""
    for row in ROWS:
        may = sms.role in row.roles if row.roles else bool(sms.context.get(row.subject))
        rest = _rest(sms, row) if may else None
        if rest is not None:
            return READERS[row.form](sms, row, *rest)
    return None


def _rest(sms: Sms, row: Row) -> tuple[str, tuple[str, ...]] | None:
    """What follows the keyword, and whether the keyword itself was put right."""
    rest = leading.after(sms, row.keywords)
    if rest is not None:
        return rest, ()
    rest = _after_mistyped(sms, row.keywords[0]) if row.mistyped and sms.is_reporter else None
    return None if rest is None else (rest, ("keyword_fuzzy",))


def _after_mistyped(sms: Sms, keyword: str) -> str | None:
    """What follows a keyword with one wrong letter or one separator in it, when the text holds a digit."""
    first, broken = _FIRST.match(sms.body), _BROKEN.match(sms.body)
    if not any(char.isdigit() for char in sms.plain):
        return None
    if first and edits.nearest(first[1], MISTYPED, 1) == keyword and re.fullmatch(r"(?:\d{4})?", first[2]):
        return leading.separated(sms.cased_body[first.end(1) :])
    if broken and broken[1] + broken[2] == keyword:
        return leading.separated(sms.cased_body[broken.end() :])
    return None


def _plain(sms: Sms, row: Row, rest: str, repairs: tuple[str, ...], read: Callable[[str], Any]) -> Result | None:
    """Read a body of subject, day and value; `read` gives the value of what is left, or None."""
    known = {*row.items, *(f"{item}s" for item in row.items), *row.unit_words, *tail.FILLERS}
    text, mended = tail.plain(rest, known)
    dated = tail.dated(text, sms.today)
    placed = tail.placed(dated[0], sms) if dated and row.subject == "club" else dated
    value = read(placed[0]) if placed else None
    if dated is None or placed is None or value is None:
        return None
    fields: dict[str, Any] = {}
    if row.subject == "club":
        fields["club"] = placed[1]
    elif sms.context.get(row.subject):
        fields[row.subject] = sms.context[row.subject]
    fields[row.field] = value
    if row.unit_field:
        fields[row.unit_field] = row.unit
    fields["date"] = dated[1].isoformat()
    if row.doubtful is not None and _most(value) > row.doubtful:
        return Result((Reading(row.kind, "confirm", fields, "implausible", repairs + mended),), CONFIRMS[row.kind])
    return Result((Reading(row.kind, "ok", fields, repairs=repairs + mended),), row.reply)


def _number(sms: Sms, row: Row, rest: str, repairs: tuple[str, ...]) -> Result | None:
    """One number, decimals allowed: `PLUIE 12,5mm`."""

    def read(text: str) -> float | None:
        given = ["0" if token in NONE else token for token in tail.tokens(text, row.unit_words)]
        if len(given) != 1 or not _DECIMAL.fullmatch(given[0]):
            return None
        value = float(given[0].replace(",", "."))
        return value if value <= row.most else None

    return _plain(sms, row, rest, repairs, read)


def _amount(sms: Sms, row: Row, rest: str, repairs: tuple[str, ...]) -> Result | None:
    """One sum, with blanks or points between its thousands: `CAISSE 1041 25 000 F`."""

    def read(text: str) -> int | None:
        tokens = tail.tokens(text)
        if len(tokens) == 1 and _may_be_code(tokens[0], sms.clubs):
            return None  # no sum, but a mistyped code, or that of another club
        return _whole(tokens, row)

    return _plain(sms, row, rest, repairs, read)


def _items(sms: Sms, row: Row, rest: str, repairs: tuple[str, ...]) -> Result | None:
    """Things and how many, or what each costs: `moringa 120 baobab 80`, `125 F mais`."""
    names = {**{f"{item}s": item for item in row.items}, **{item: item for item in row.items}}

    def read(text: str) -> dict[str, int] | None:
        found: dict[str, int] = {}
        for name, given in _parts(tail.tokens(text), names, row.unit_words):
            value = _whole(given, row)
            if value is None or found.setdefault(names[name], value) != value:
                return None
        return found or None

    return _plain(sms, row, rest, repairs, read)


def _parts(tokens: Sequence[str], names: Mapping[str, str], units: Sequence[str]) -> list[tuple[str, list[str]]]:
    """Each name with what stands behind it, or before it when a number comes first; empty when something is left."""
    first = next((token for token in tokens if token not in units), "")
    turned = first not in names
    tokens = tokens[tokens.index(first) :] if first else ()
    parts: list[tuple[str, list[str]]] = []
    for token in reversed(tokens) if turned else tokens:
        if token in names:
            parts.append((token, []))
        elif parts:
            parts[-1][1].insert(0 if turned else len(parts[-1][1]), token)
        else:
            return []
    return parts


def _words(sms: Sms, row: Row, rest: str, repairs: tuple[str, ...]) -> Result | None:
    """A crop and what is seen on it, as typed: `mil chenilles`, `chenilles sur le mil`; a day stands before."""
    found = dates.at(rest.lower(), 0, sms.today)
    day = found.day if found else sms.today
    body = leading.separated(rest[found.end :] if found else rest)
    spoken = [*_WORD.finditer(body)]
    names = {**{f"{item}s": item for item in row.items}, **{item: item for item in row.items}}
    named = [word for word in spoken if word[0].lower() in names]
    if day is None or day > sms.today or not named or len(spoken) < 2:
        return None
    leads = all(word[0].lower() in tail.FILLERS for word in spoken[: spoken.index(named[0])])
    text, redacted = notes.kept(sms.typed(leading.separated(body[named[0].end() :]) if leads else body))
    if not text:
        return None
    fields = {row.field: names[named[0][0].lower()], "text": text, "date": day.isoformat()}
    repairs += ("phone_redacted",) if redacted else ()
    return Result((Reading(row.kind, "ok", fields, repairs=repairs),), row.reply)


def _whole(tokens: Sequence[str], row: Row) -> int | None:
    """The whole number that these groups of digits make, with the unit at either end: `25`, `000`, `f` is 25000."""
    given = [token for token in tokens if token not in row.unit_words]
    joined = " ".join(given)
    if not _GROUPED.fullmatch(joined) or joined not in " ".join(tokens):
        return None
    value = int(joined.replace(" ", "").replace(".", ""))
    return value if value <= row.most else None


def _may_be_code(digits: str, own: Sequence[str]) -> bool:
    return len(digits) == 4 and (digits in own or codes.is_valid(digits) or bool(codes.suggest(digits, own)))


def _most(value: float | Mapping[str, int]) -> float:
    return max(value.values()) if isinstance(value, Mapping) else value


CONFIRMS = {"price": "price.confirm"}
READERS: Mapping[Form, Callable[[Sms, Row, str, tuple[str, ...]], Result | None]] = {
    "number": _number,
    "amount": _amount,
    "items": _items,
    "words": _words,
    "airing": airings.read_airing,
    "receipt": receipts.read_receipt,
}
