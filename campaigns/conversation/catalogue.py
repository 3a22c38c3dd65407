"""The reports of single values, one row each: keyword, who may send it, what about, which items, unit, limits.

A new report is a new row here, with its reply in the catalogues of replies. Pure data; the reader is
`grammar/values.py`. Source: the page on incoming SMS, sections 4.3 and 8.6.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Form = Literal["number", "amount", "items", "words", "airing", "receipt"]
Subject = Literal["club", "place", "market", "station", "distribution"]
REPORTERS = ("facilitator", "advisor")


@dataclass(frozen=True)
class Row:
    """One kind of report."""

    kind: str  # the intent of its reading
    keywords: tuple[str, ...]
    subject: Subject  # a club is written in the SMS; a market, a station, a distribution come from the context
    form: Form  # how its body is written
    field: str  # where the value stands in the reading
    unit: str
    reply: str
    roles: tuple[str, ...] = ()  # who may report; empty: whoever the subject is known of
    unit_field: str | None = None  # where the reading says the unit
    items: tuple[str, ...] = ()
    unit_words: tuple[str, ...] = ()  # how people write the unit
    most: float = 999  # more cannot be, and is not read
    doubtful: float | None = None  # more than this is asked before it counts
    mistyped: bool = False  # whether a keyword within one edit is taken


CROPS = ("mais", "mil", "sorgho", "arachide", "niebe", "sesame", "riz")
MONEY = ("f", "fcfa", "cfa", "xof", "franc", "francs")

ROWS = (
    Row("price", ("prix",), "market", "items", "prices", "XOF/kg", "price.ok", REPORTERS, unit_field="unit",
        items=CROPS, unit_words=(*MONEY, "kg", "kilo", "kilogramme"), most=9_999_999, doubtful=5_000),
    Row("rainfall", ("pluie",), "place", "number", "mm", "mm", "rain.ok", REPORTERS,
        unit_words=("mm", "millimetre", "millimetres")),
    Row("fund_balance", ("caisse",), "club", "amount", "amount", "XOF", "fund.ok", REPORTERS, unit_field="currency",
        unit_words=MONEY, most=99_999_999, mistyped=True),
    Row("nursery", ("pepiniere",), "club", "items", "plants", "plants", "nursery.ok", REPORTERS,
        items=("moringa", "baobab"), unit_words=("plant", "plants", "pied", "pieds"), most=99_999, mistyped=True),
    Row("pest", ("ravageur",), "place", "words", "crop", "", "pest.ok", REPORTERS,
        items=(*CROPS, "coton", "fonio", "haricot", "tomate", "oignon", "gombo", "carotte", "amarante", "patate",
               "pasteque", "moringa", "baobab", "mangue", "manguier"), mistyped=True),
    Row("radio_log", ("rad", "radio"), "station", "airing", "episode", "", "radio.ok", ("radio",)),
    Row("distribution_ack", ("recu", "pas recu"), "distribution", "receipt", "quantity", "", "dist.thanks"),
)  # fmt: skip
