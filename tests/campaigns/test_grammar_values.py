"""Reports of single values: what is read, what is asked, and what stays free text for staff."""

from __future__ import annotations

from typing import Any

import pytest

from campaigns.conversation.catalogue import ROWS
from tests.campaigns.in_short import TODAY, reading, repairs

CLUB = {"clubs": ["1041"]}
TWO = {"clubs": ["1041", "1055"]}
MARKET = {"clubs": ["1041"], "market": "KITA"}
STATION = {"station": "R01"}
GIVEN = {"distribution": "D3"}
FREE = ("feedback ok", None, {"category": "unclassified"}, "fb.ack")


def price(**prices: int) -> dict[str, Any]:
    return {"market": "KITA", "prices": prices, "unit": "XOF/kg", "date": TODAY}


PRICES = [
    ("one", "PRIX MAIS 125", price(mais=125)),
    ("accents, unit, two crops", "prix maïs 125f/kg arachide 400 F", price(mais=125, arachide=400)),
    ("glued", "PRIX MAIS125 MIL200", price(mais=125, mil=200)),
    ("signs", "PRIX: mais=125; mil=200.", price(mais=125, mil=200)),
    ("number first", "PRIX 125 F mais, 200 mil", price(mais=125, mil=200)),
    ("words between", "Bonjour, PRIX du mais a 125 FCFA le kg svp", price(mais=125)),
    ("plural", "PRIX arachides 400", price(arachide=400)),
    ("yesterday", "PRIX MAIS 125 hier", {**price(mais=125), "date": "2026-03-11"}),
    ("a date", "PRIX le 10/03 MAIS 125", {**price(mais=125), "date": "2026-03-10"}),
    ("the limit", "PRIX RIZ 5000", price(riz=5000)),
    ("said twice the same", "PRIX MAIS 125 MAIS 125", price(mais=125)),
]


@pytest.mark.parametrize(("text", "fields"), [row[1:] for row in PRICES], ids=[row[0] for row in PRICES])
def test_price(text: str, fields: dict[str, Any]) -> None:
    assert reading(text, "advisor", **MARKET) == ("price ok", None, fields, "price.ok")


def test_a_letter_for_a_digit_is_put_right() -> None:
    assert reading("PRIX MIL l2O", "advisor", **MARKET)[2] == price(mil=120)
    assert repairs("PRIX MIL l2O", "advisor", **MARKET) == ["l>1", "O>0"]


@pytest.mark.parametrize("text", ["PRIX MAIS 5001", "PRIX mil 200 mais 12 500", "PRIX MAIS 12.500"])
def test_a_price_beyond_belief_is_asked(text: str) -> None:
    intent, error, fields, reply = reading(text, "advisor", **MARKET)
    assert (intent, error, reply) == ("price confirm", "implausible", "price.confirm")
    assert fields["unit"] == "XOF/kg"


def test_a_price_without_a_known_market_says_none() -> None:
    assert "market" not in reading("PRIX MAIS 125", "facilitator", **CLUB)[2]


UNREAD_PRICES = [
    ("no number", "PRIX MAIS"), ("no crop", "PRIX 125"), ("unknown crop", "PRIX TOMATE 300"),
    ("known and unknown crop", "PRIX MAIS 125 TOMATE 300"), ("a sack", "PRIX MAIS 4500 le sac"),
    ("decimal", "PRIX MAIS 125,5"), ("two values", "PRIX MAIS 125 MAIS 130"),
    ("a crop without a number", "PRIX MAIS 125 MIL"), ("a phone number", "PRIX MAIS 70061482"),
    ("tomorrow", "PRIX MAIS 125 13/03"), ("no such day", "PRIX MAIS 125 31/02"),
]  # fmt: skip


@pytest.mark.parametrize("text", [row[1] for row in UNREAD_PRICES], ids=[row[0] for row in UNREAD_PRICES])
def test_a_price_that_cannot_be_read_whole_is_free_text(text: str) -> None:
    assert reading(text, "advisor", **MARKET) == FREE


RAIN = [
    ("PLUIE 25", 25, TODAY), ("pluie 12,5mm hier", 12.5, "2026-03-11"), ("PLUIE 12.5", 12.5, TODAY),
    ("PLUIE: 0", 0, TODAY), ("pluie 25 millimètres", 25, TODAY), ("PLUIE 2O mm", 20, TODAY), ("PLUIE25", 25, TODAY),
    ("pluie aucune", 0, TODAY), ("Pluie mardi 7 mm merci", 7, "2026-03-10"), ("PLUIE 25 10/03", 25, "2026-03-10"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "mm", "day"), RAIN, ids=[row[0] for row in RAIN])
def test_rain(text: str, mm: float, day: str) -> None:
    assert reading(text, "facilitator", **CLUB) == ("rainfall ok", None, {"mm": mm, "date": day}, "rain.ok")


@pytest.mark.parametrize(
    "text", ["PLUIE", "PLUIE 25 30", "PLUIE beaucoup", "PLUIE 2500", "PLUIE 25 14/03", "PLUIE F12"]
)
def test_rain_that_cannot_be_read_is_free_text(text: str) -> None:
    assert reading(text, "facilitator", **CLUB) == FREE


FUND = [
    ("blank between thousands", "CAISSE 1041 25 000 F", 25000, TODAY),
    ("point between thousands", "CAISSE 1041 25.000", 25000, TODAY),
    ("millions", "caisse 1041 1 250 000 FCFA", 1250000, TODAY),
    ("no code, one club", "CAISSE 25000", 25000, TODAY),
    ("four digits that are no code", "CAISSE 2500 F", 2500, TODAY),
    ("all points", "CAISSE.1041.500.", 500, TODAY),
    ("code behind", "CAISSE 25 000 F club 1041", 25000, TODAY),
    ("glued", "CAISSE1041 25000F", 25000, TODAY),
    ("look-alikes", "CAISSE lO41 25 OOO F", None, TODAY),
    ("a day", "CAISSE 1041 hier 750 F", 750, "2026-03-11"),
    ("nothing left", "CAISSE 1041 0", 0, TODAY),
]


@pytest.mark.parametrize(("text", "amount", "day"), [row[1:] for row in FUND], ids=[row[0] for row in FUND])
def test_fund(text: str, amount: int | None, day: str) -> None:
    if amount is None:  # a value made of letters alone is never taken, and there is nothing here to ask with
        assert reading(text, "facilitator", **CLUB) == FREE
        return
    fields = {"club": "1041", "amount": amount, "currency": "XOF", "date": day}
    assert reading(text, "facilitator", **CLUB) == ("fund_balance ok", None, fields, "fund.ok")


UNREAD_FUND = [
    ("no amount", "CAISSE 1041"), ("a mistyped code alone", "CAISSE 1401"),
    ("the code of another club alone", "CAISSE 1055"), ("the code of another club", "CAISSE 1055 25 000"),
    ("a mistyped code", "CAISSE 1401 25 000"), ("two sums", "CAISSE 1041 25 000 F 300 F"),
    ("decimals", "CAISSE 1041 25,50"), ("a missing sum", "CAISSE 1041 manque 500 F"),
]  # fmt: skip


@pytest.mark.parametrize("text", [row[1] for row in UNREAD_FUND], ids=[row[0] for row in UNREAD_FUND])
def test_a_fund_that_is_not_clear_is_free_text(text: str) -> None:
    assert reading(text, "facilitator", **CLUB) == FREE


def test_the_club_must_be_known() -> None:
    assert reading("CAISSE 25000", "facilitator", **TWO) == FREE
    assert reading("CAISSE 1055 25000", "facilitator", **TWO)[2]["club"] == "1055"


NURSERY = [
    ("PEPINIERE 1041 moringa 120 baobab 80", {"moringa": 120, "baobab": 80}),
    ("pépinière 120 plants de moringa et 80 baobabs", {"moringa": 120, "baobab": 80}),
    ("PEPINIERE 1041 moringa:1200", {"moringa": 1200}),
    ("PEPINIERE 1041 baobab 1 200", {"baobab": 1200}),
]


@pytest.mark.parametrize(("text", "plants"), NURSERY, ids=[row[0] for row in NURSERY])
def test_nursery(text: str, plants: dict[str, int]) -> None:
    fields = {"club": "1041", "plants": plants, "date": TODAY}
    assert reading(text, "facilitator", **CLUB) == ("nursery ok", None, fields, "nursery.ok")


@pytest.mark.parametrize("text", ["PEPINIERE 1041 M120", "PEPINIERE 1041 120 80", "PEPINIERE 1055 moringa 12"])
def test_a_nursery_that_is_not_clear_is_free_text(text: str) -> None:
    assert reading(text, "facilitator", **CLUB) == FREE


PESTS = [
    ("RAVAGEUR mil chenilles", "mil", "chenilles"),
    ("RAVAGEUR: le mil, Chenilles légionnaires partout !", "mil", "Chenilles légionnaires partout !"),
    ("RAVAGEUR criquets sur le sorgho", "sorgho", "criquets sur le sorgho"),
    ("RAVAGEUR les chenilles attaquent le maïs", "mais", "les chenilles attaquent le maïs"),
    ("RAVAGEUR mil chenilles 70061482.", "mil", "chenilles [numéro]"),
]


@pytest.mark.parametrize(("text", "crop", "words"), PESTS, ids=[row[0] for row in PESTS])
def test_pest(text: str, crop: str, words: str) -> None:
    fields = {"crop": crop, "text": words, "date": TODAY}
    assert reading(text, "facilitator", **CLUB) == ("pest ok", None, fields, "pest.ok")


def test_a_day_before_the_pest_is_its_day() -> None:
    assert reading("RAVAGEUR hier mil chenilles", "advisor", **CLUB)[2]["date"] == "2026-03-11"


@pytest.mark.parametrize("text", ["RAVAGEUR", "RAVAGEUR mil", "RAVAGEUR criquets"])
def test_a_pest_without_crop_or_words_is_free_text(text: str) -> None:
    assert reading(text, "facilitator", **CLUB) == FREE


def airing(**more: Any) -> dict[str, Any]:
    return {"station": "R01", "episode": 12, "aired": True, "date": TODAY, **more}


AIRINGS = [
    ("RAD E12 OK", airing()), ("RADIO épisode 12 ok merci", airing()), ("RAD E12 20H30", airing(time="20:30")),
    ("RAD EP12 hier 20h OK", airing(date="2026-03-11", time="20:00")), ("RAD El2 OK", airing()),
    ("RAD emission 12, OK à 7:05", airing(time="07:05")), ("RAD E12 oui bien passé", airing()), ("RAD E12", airing()),
]  # fmt: skip


@pytest.mark.parametrize(("text", "fields"), AIRINGS, ids=[row[0] for row in AIRINGS])
def test_airing(text: str, fields: dict[str, Any]) -> None:
    assert reading(text, "radio", **STATION) == ("radio_log ok", None, fields, "radio.ok")


NOT_AIRED = [
    ("RAD E12 NON panne", airing(aired=False, note="panne")),
    ("RAD E12 NON", airing(aired=False)),
    ("Rad e12 10/03 non, Coupure d'électricité.", airing(aired=False, date="2026-03-10", note="Coupure d'électricité")),
    ("RAD E12 NON appeler 70 06 14 82 ou 70061482", airing(aired=False, note="appeler 70 06 14 82 ou [numéro]")),
]


@pytest.mark.parametrize(("text", "fields"), NOT_AIRED, ids=[row[0] for row in NOT_AIRED])
def test_not_aired(text: str, fields: dict[str, Any]) -> None:
    assert reading(text, "radio", **STATION) == ("radio_log ok", None, fields, "radio.not_aired")


@pytest.mark.parametrize(
    "text", ["RAD", "RAD OK", "RAD E12 coupure", "RAD E12 25h00", "RAD E12 OK NON", "RAD E12 5 OK"]
)
def test_an_airing_that_is_not_clear_is_free_text(text: str) -> None:
    assert reading(text, "radio", **STATION) == FREE


RECEIPTS = [
    ("RECU", {"received": True}, "dist.thanks"),
    ("reçu 2 sacs", {"received": True, "quantity": 2}, "dist.thanks"),
    ("recu 5l d'huile", {"received": True, "quantity": 5}, "dist.thanks"),
    ("Bonjour, reçu svp", {"received": True}, "dist.thanks"),
    ("PAS RECU", {"received": False}, "dist.case_opened"),
    ("pas reçu les semences", {"received": False}, "dist.case_opened"),
]


@pytest.mark.parametrize(("text", "fields", "reply"), RECEIPTS, ids=[row[0] for row in RECEIPTS])
def test_receipt(text: str, fields: dict[str, Any], reply: str) -> None:
    assert reading(text, **GIVEN) == ("distribution_ack ok", None, {"distribution": "D3", **fields}, reply)


@pytest.mark.parametrize("text", ["on a reçu 2 sacs", "recu rien", "RECU NON", "RECU 2,5 sacs", "RECUS"])
def test_what_is_no_receipt_is_free_text(text: str) -> None:
    assert reading(text, **GIVEN) == FREE


def test_without_a_distribution_there_is_nothing_to_acknowledge() -> None:
    assert reading("RECU 2 sacs") == reading("PAS RECU") == FREE


MISTYPED = [
    ("one letter lacks", "CAISE 1041 25 000", ["keyword_fuzzy"]),
    ("neighbours swapped", "CIASSE 1041 25 000", ["keyword_fuzzy"]),
    ("broken by a blank", "CAI SSE 1041 25 000", ["keyword_fuzzy"]),
    ("broken by a hyphen", "C-AISSE 1041 25 000", ["keyword_fuzzy"]),
    ("glued to the code", "CAISE1041 25 000", ["keyword_fuzzy"]),
    ("and a letter in the code", "CAISE 1O41 25 000", ["keyword_fuzzy", "O>0"]),
]


@pytest.mark.parametrize(("text", "names"), [row[1:] for row in MISTYPED], ids=[row[0] for row in MISTYPED])
def test_a_mistyped_keyword(text: str, names: list[str]) -> None:
    assert reading(text, "facilitator", **CLUB)[2]["amount"] == 25000
    assert repairs(text, "facilitator", **CLUB) == names


@pytest.mark.parametrize(
    "text", ["CAIE 1041 25 000", "CAISE25 000", "PLUI 25", "PRX MAIS 125", "RAVAGER mil chenilles"]
)
def test_a_keyword_that_is_not_near_enough_is_none(text: str) -> None:
    assert reading(text, "facilitator", **CLUB)[0] == "feedback ok"


SENDERS = [
    ("PRIX MAIS 125", "radio"), ("PLUIE 25", "member"), ("RAD E12 OK", "facilitator"), ("CAISSE 1041 25 000", "member"),
    ("PEPINIERE moringa 12", "radio"), ("RAVAGEUR mil chenilles", "member"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "role"), SENDERS, ids=[f"{role}: {text}" for text, role in SENDERS])
def test_who_may_not_report_it_writes_free_text(text: str, role: Any) -> None:
    assert reading(text, role, **CLUB, **STATION) == FREE


def test_a_stranger_is_told_who_we_are() -> None:
    assert reading("PRIX MAIS 125", "unknown")[1] == "unknown_sender"


def test_each_row_has_a_keyword_of_its_own() -> None:
    keywords = [keyword for row in ROWS for keyword in row.keywords]
    assert len(keywords) == len(set(keywords))
    assert len({row.kind for row in ROWS}) == len(ROWS)
