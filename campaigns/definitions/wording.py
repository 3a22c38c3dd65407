"""Patterns that no SMS may hold: forbidden words, doses, recipes, addresses, wrong dates; knows no step.

Each function takes one text and gives (key of a sentence, values) for what it finds, in the order of the rules.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from messaging import fold

Hit = tuple[str, dict[str, Any]]

NUMBER = r"(?:\d+(?:[.,/]\d+)?|deux|trois|quatre|cinq|six|sept|huit|neuf|dix|demie?|two|three|four|five|half)"
DOSE = re.compile(
    rf"\b{NUMBER}[ -]*(?:petites? |grandes? )?"
    r"(mg|ml|g|gr|grammes?|gouttes?|cuillere?e?s?|comprimes?|cachets?|sachets?|drops?|spoons?|tablets?|packets?)\b"
)
# Amounts of food may be said by these facts, in these measures.
FOOD_AMOUNTS = frozenset({"CF3", "CF5", "CF6"})
FOOD_MEASURES = re.compile(r"ml|cuiller|spoon")

RECIPE = (re.compile(r"\b(?:sel|salt)\b"), re.compile(r"\b(?:sucre|sugar)\b"))
TIMES = re.compile(r"\b\d+ ?(?:fois|x|times)\b(?! (?:par|dans|en|chaque|a|au|ou|each|every|in)\b)[^.!?]*")
COMPARED = re.compile(r"\b(?:plus|autant|more|oranges?|carottes?|carrots?|lait|milk|epinards?|spinach|bananes?)\b")

ADDRESS = re.compile(r"https?:\S*|\bwww\.\S+|\b[a-z0-9-]+\.(?:com|org|net|ml|fr|info|int|io|app|me)\b", re.IGNORECASE)
GIVE = r"(?:envoyez|donnez|dites|payez|versez|transferez|deposez|send|pay|give)"
MONEY_ASKED = re.compile(
    rf"\b{GIVE}\b[^.!?:]{{0,40}}\b(?:argent|frais|credit|orange money|moov money|wave|money|fee)\b"
)
PERSONAL = "noms?|prenoms?|numero|pin|carte|date de naissance|name|number"
PERSONAL_ASKED = re.compile(
    rf"\b{GIVE}\b[^.!?:]{{0,40}}\b(?:(?:votre|vos|your) (?:{PERSONAL})|code secret|mot de passe|password)\b"
)

MONTHS = (
    "janvier|fevrier|mars|avril|mai|juin|juillet|aout|septembre|octobre|novembre|decembre|"
    "january|february|march|april|june|july|august|september|october|november|december"
)
FORMS = (
    ("R12.grouping", re.compile(r"(?<![\d/,.])\d{1,3}(?:[ .,]\d{3})+(?!\d)")),
    ("R12.decimal", re.compile(r"(?<![\d./])\d+\.\d{1,2}(?![\d.])")),
    ("R12.time", re.compile(r"\b\d{1,2}:\d{2}\b|\b\d{1,2} ?h\b(?! ?\d)|\b\d{1,2} h ?\d{2}\b|(?<!\d)\dh\d{2}\b")),
    ("R12.date", re.compile(rf"\b\d{{4}}-\d\d-\d\d\b|\b\d{{1,2}}(?:er)? (?i:{MONTHS})\b|\b\d/\d\d\b|\b\d\d/\d\b")),
    ("R12.percent", re.compile(r"\d[ \u00a0]+%")),
    ("R12.fraction", re.compile(r"(?<![\d/])\d/\d(?![\d/])(?! ?-?(?:de |d')?[A-Za-z]{3})|½|¼|¾")),
    ("R12.money", re.compile(r"\d ?€|€ ?\d|\$ ?\d|\b[Ff] ?[Cc][Ff][Aa]\b(?<!FCFA)")),
)  # fmt: skip
AMOUNT = re.compile(r"\b\d[\d ]*(?:f cfa|fcfa|cfa|xof|francs?|euros?|f(?!\.))\b")


@dataclass(frozen=True, slots=True)
class Group:
    """One group of words that no SMS holds, with the reason staff read."""

    pattern: re.Pattern[str]
    fr: str
    en: str
    rule: str
    outside_market: bool


@cache
def groups() -> tuple[Group, ...]:
    """The shipped groups of `words.toml`."""
    rows = tomllib.loads((Path(__file__).parent / "words.toml").read_text(encoding="utf-8")).values()
    return tuple(
        Group(_any_of(row["words"].split(";")), row["fr"], row["en"], row.get("rule", "word"), "outside_market" in row)
        for row in rows
    )


def words(text: str, own: Iterable[str] = (), *, market: bool = False, pregnancy: bool = False) -> Iterator[Hit]:
    """Words that no SMS holds; `own` adds the programme's names of agencies and donors.

    A text of a market campaign may say a price, one of a personal step on pregnancy the word itself.

    Source: the safeguarding page, what is never in an SMS.
    """
    plain = _plain(text)
    for group in groups():
        if (group.outside_market and market) or (group.rule == "R16.word" and pregnancy):
            continue
        for found in group.pattern.finditer(plain):
            yield group.rule, {"given": found[0], "reason_fr": group.fr, "reason_en": group.en}
    yield from _own(plain, tuple(own))
    if not market:
        yield from (("amount", {"given": found[0]}) for found in AMOUNT.finditer(plain))


def doses(text: str, facts: Iterable[str]) -> Iterator[Hit]:
    """R09: a number followed by a measure of medicine; amounts of food are free to steps that cite their facts."""
    food = not FOOD_AMOUNTS.isdisjoint(facts)
    for found in DOSE.finditer(_plain(text)):
        if not (food and FOOD_MEASURES.match(found[1])):
            yield "R09", {"given": found[0]}


def recipes(text: str) -> Iterator[Hit]:
    """R10: salt with sugar, and comparisons of foods in figures."""
    plain = _plain(text)
    if all(word.search(plain) for word in RECIPE):
        yield "R10.recipe", {}
    for found in TIMES.finditer(plain):
        if COMPARED.search(found[0]):
            yield "R10.comparison", {"given": found[0].strip()}


def requests(text: str) -> Iterator[Hit]:
    """R11: web addresses, and requests for money or personal data."""
    for found in ADDRESS.finditer(text):
        yield "R11.address", {"given": found[0]}
    plain = _plain(text)
    for key, pattern in (("R11.money", MONEY_ASKED), ("R11.personal", PERSONAL_ASKED)):
        for found in pattern.finditer(plain):
            yield key, {"given": found[0]}


def forms(text: str) -> Iterator[Hit]:
    """R12: numbers, hours, dates, percents and money that are not written as an SMS writes them.

    Source: the language page, dates, numbers, money in an SMS.
    """
    # A small h is an hour, a capital H counts men: capitals stay.
    plain = fold.plain(text, lower=False)
    for key, pattern in FORMS:
        # Folding turns ½ into other characters and a no-break space into a blank: such signs are sought as typed.
        for found in (*pattern.finditer(plain), *(() if text.isascii() else pattern.finditer(text))):
            yield key, {"given": found[0].strip()}
            break


def _plain(text: str) -> str:
    """Folded, and without apostrophes and hyphens, so that `d'argent` and `Croix-Rouge` are two words each."""
    return fold.plain(text).replace("'", " ").replace("-", " ")


def _any_of(entries: Iterable[str]) -> re.Pattern[str]:
    parts = [_one(" ".join(_plain(entry).split())) for entry in entries if entry.strip()]
    return re.compile(rf"\b(?:{'|'.join(parts)})\b")


def _one(entry: str) -> str:
    ending = r"\w*" if entry.endswith("*") else ""
    return r"\s+".join(map(re.escape, entry.rstrip("*").split())) + ending


@cache
def _own_pattern(own: tuple[str, ...]) -> re.Pattern[str] | None:
    names = [name for name in own if name.strip()]
    return _any_of(names) if names else None


def _own(plain: str, own: tuple[str, ...]) -> Iterator[Hit]:
    pattern = _own_pattern(own)
    for found in pattern.finditer(plain) if pattern else ():
        yield (
            "word",
            {"given": found[0], "reason_fr": "nom d'agence ou de bailleur", "reason_en": "name of an agency or donor"},
        )
