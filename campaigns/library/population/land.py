"""Regions, cercles and communes with their old codes and dated parents, and invented villages in them; knows nobody."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from campaigns.library.population.making import Making, Village
from messaging.batches import insert, insert_with_ids
from messaging.models import Place, PlaceCode, PlaceParent, ProgrammeVillage
from messaging.models.place import Level
from messaging.places import folded
from messaging.profile import sms_value

PLACE: sa.Table = Place.__table__  # type: ignore[assignment]
CODE: sa.Table = PlaceCode.__table__  # type: ignore[assignment]
PARENT: sa.Table = PlaceParent.__table__  # type: ignore[assignment]
TICK: sa.Table = ProgrammeVillage.__table__  # type: ignore[assignment]
OWN_SCHEME = "demonstration"
OLD_SCHEME = "ocha-2017"
FIRST_MARKET = date(2014, 4, 9)


def make_land(making: Making) -> None:
    """Make what is not there of the places above the villages, and the villages themselves."""
    plan = making.plan
    for row in plan["place"]:
        _above(making, row)
    within = {"level": "commune", "parents": [{"code": plan["cercle"]}]}
    communes = {f"{OLD_SCHEME}:{code}": name for code, name in plan["communes"].items()}
    _villages(making, [_above(making, {"code": code, "name": name, **within}) for code, name in communes.items()])


def find(making: Making, word: str) -> int | None:
    """The id of the place that a `scheme:code` stands for, or None."""
    scheme, code = word.split(":")
    query = sa.select(PlaceCode.place_id).where(PlaceCode.scheme == scheme, PlaceCode.code == code)
    return making.session.scalar(query)


def _above(making: Making, row: dict[str, Any]) -> int:
    """The id of a region, cercle or commune; made with its parents when its code is not known."""
    session = making.session
    known = find(making, row["code"])
    if known is not None:
        return known
    place = _place(row["name"], Level(row["level"])) | {"valid_from": row.get("valid_from")}
    (ident,) = insert_with_ids(session, PLACE, [place])
    scheme, code = row["code"].split(":")
    insert(session, CODE, [{"place_id": ident, "scheme": scheme, "code": code}])
    parents = (
        {
            "place_id": ident,
            "parent_id": find(making, parent["code"]),
            "valid_from": parent.get("from"),
            "valid_to": parent.get("to"),
        }
        for parent in row.get("parents", ())
    )
    insert(session, PARENT, parents)
    return ident


def _villages(making: Making, communes: list[int]) -> None:
    languages = [code for code, villages in making.plan["spoken"].items() for _ in range(villages)]
    making.dice.shuffle(languages)
    first, per_commune = ord(making.plan["first_letter"]), making.plan["villages_per_commune"]
    letters = [chr(first + place) for place in range(len(communes))]
    labels = [f"{letter}{number:02}" for letter in letters for number in range(1, per_commune + 1)]
    rows = [_village(making, label, place, languages[place]) for place, label in enumerate(labels)]
    ids = insert_with_ids(making.session, PLACE, rows)
    making.villages = [
        Village(ident, label, place // per_commune, languages[place])
        for place, (ident, label) in enumerate(zip(ids, labels, strict=True))
    ]
    insert(making.session, CODE, ({"place_id": v.id, "scheme": OWN_SCHEME, "code": v.label} for v in making.villages))
    insert(making.session, PARENT, ({"place_id": v.id, "parent_id": communes[v.commune]} for v in making.villages))
    insert(making.session, TICK, ({"programme_id": making.programme.id, "place_id": v.id} for v in making.villages))


def _village(making: Making, label: str, place: int, language: str) -> dict[str, Any]:
    days = making.plan["market_days"]
    return {
        **_place(f"Village d'exemple {label}", Level.VILLAGE),
        "sms_name": f"Village {label}",
        "languages": list(dict.fromkeys((language, making.plan["also"][0]))),
        "market_days": days,
        "market_anchor": FIRST_MARKET + timedelta(days=place % days),  # neighbours hold it on different days
    }


def _place(name: str, level: Level) -> dict[str, Any]:
    return {
        "name": name,
        "level": level,
        "folded": folded(name),
        "sms_name": sms_value(name),
        "languages": [],
    }
