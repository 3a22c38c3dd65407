"""The closed list of slots a text may hold, the longest value of each and where it comes from; fills none itself."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Source = Literal["recipient", "airing", "report", "airing or report", "gateway"]
ANSWER_COST = "answer_cost"
PATTERN = re.compile(r"\{([^{}]*)\}")
BRACE = re.compile(r"[{}]")


@dataclass(frozen=True, slots=True)
class Slot:
    """One slot: its longest value in characters (GSM-7), its source, and for a report its kind and item."""

    name: str
    longest: int
    source: Source
    fr: str
    en: str
    kind: str = ""
    item: str = ""


# The crops of the keyword PRIX; a price has five digits at most, a range has two prices.
CROPS = {
    "arachide": "groundnut",
    "mais": "maize",
    "mil": "millet",
    "niebe": "cowpea",
    "riz": "rice",
    "sesame": "sesame",
    "sorgho": "sorghum",
}
PRICES = tuple(
    Slot(f"price_{crop}", 7, "report", f"prix du kilo: {crop}", f"price of a kilo: {name}", "price", crop)
    for crop, name in CROPS.items()
)
SLOTS: dict[str, Slot] = {
    slot.name: slot
    for slot in (
        Slot("club", 4, "recipient", "code du club", "code of the club"),
        Slot("club_name", 24, "recipient", "nom SMS du club", "SMS name of the club"),
        Slot("place", 20, "recipient", "nom SMS du village", "SMS name of the village"),
        Slot("series", 24, "airing", "nom de la série", "name of the series"),
        Slot("episode", 3, "airing", "numéro de l'émission", "number of the episode"),
        Slot("title", 30, "airing", "titre de l'émission, dans la langue", "title of the episode, in the language"),
        Slot("station", 20, "airing", "nom SMS de la radio", "SMS name of the station"),
        Slot("hour", 5, "airing", "heure locale de la diffusion, 20h30", "local hour of the airing, 20h30"),
        Slot("date", 5, "airing or report", "jour de la diffusion ou du relevé, 09/08", "day of the airing or report"),
        Slot("rain", 5, "report", "pluie en mm", "rain in mm", "rainfall"),
        Slot(ANSWER_COST, 8, "gateway", "ce que coûte un SMS de réponse", "what an SMS of answer costs"),
        *PRICES,
    )
}


def names(text: str) -> list[str]:
    """The names between braces, in the order of the text, known or not; blanks around a name stay."""
    return PATTERN.findall(text)


def has_loose_brace(text: str) -> bool:
    """Whether a brace stands alone: such a text was meant to hold a slot, or to show a brace no phone shows well."""
    return BRACE.search(PATTERN.sub("", text)) is not None


def stretched(text: str, value: str | None = None) -> str:
    """The text with each known slot replaced by a value, or by as many x as its longest has: for counting only."""

    def fill(found: re.Match[str]) -> str:
        slot = SLOTS.get(found[1])
        return found[0] if slot is None else "x" * slot.longest if value is None else value

    return PATTERN.sub(fill, text)


def without(text: str) -> str:
    """The text with each slot replaced by a blank: for rules about the words that an editor wrote."""
    return PATTERN.sub(" ", text)
