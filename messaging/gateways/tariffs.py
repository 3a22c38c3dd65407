"""What staff say of a gateway: whom it serves, prices, rate, what an answer costs; reads and stores their words."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from messaging.errors import DataError
from messaging.models import Gateway, Tariff
from messaging.models.post import Kind

MICROS = 1_000_000
START = re.compile(r"\+?[1-9]\d{0,4}")  # country code and two digits: more of a number is not stored in the clear
LONGEST_SENDER = 40
FASTEST = 10_000.0  # segments a second
KNOWN_COSTS = ("free", "unknown")
ANY = "any"  # takes a limit away again
RECEIVES = {"yes": True, "no": False, ANY: None}
SLOTS = ("1", "2", "3")
DEVICE = re.compile(r"[A-Za-z0-9_-]{1,40}")


def named(session: Session, name: str) -> Gateway:
    """The gateway of a name.

    Raises:
        DataError: there is none.
    """
    row = session.scalar(sa.select(Gateway).where(Gateway.name == name))
    if row is None:
        known = ", ".join(session.scalars(sa.select(Gateway.name).order_by(Gateway.name)))
        raise DataError(f"There is no gateway « {name} ». Known: {known}.")
    return row


def change(
    session: Session,
    row: Gateway,
    *,
    sender: str | None = None,
    price: str | None = None,
    operators: Iterable[str] = (),
    rate: str | None = None,
    answer_cost: str | None = None,
    prefixes: Iterable[str] = (),
    kinds: Iterable[str] = (),
    receives: str | None = None,
    position: int | None = None,
    device: str | None = None,
    sims: Iterable[str] = (),
) -> None:
    """Change what is given, all of it or nothing.

    Raises:
        DataError: a value cannot be read.
    """
    tariffs = [parse_tariff(words) for words in operators]
    starts, cards, carried = tuple(prefixes), tuple(sims), tuple(kinds)
    if starts:
        row.prefixes = parse_prefixes(starts)
    if carried:
        row.kinds = parse_kinds(carried)
    if receives is not None:
        row.receives = parse_receives(receives)
    if position is not None:
        row.position = position
    if cards:
        row.sims = parse_sims(cards)
    if device is not None:
        row.device = parse_device(device)
    if sender is not None:
        row.sender = parse_sender(sender)
    if price is not None:
        row.price_micros = _micros(price, price)
    if rate is not None:
        row.rate = parse_rate(rate)
    if answer_cost is not None:
        row.answer_cost = parse_answer_cost(answer_cost)
    for start, micros in tariffs:
        known = session.get(Tariff, (row.id, start))
        if known is not None:
            session.delete(known)
            session.flush()
        if micros is not None:
            session.add(Tariff(gateway_id=row.id, prefix=start, price_micros=micros))


def parse_tariff(words: str) -> tuple[str, int | None]:
    """Read `+2236=8,5` as start of numbers and price in millionths of XOF; `+2236=` as no price of its own.

    Raises:
        DataError: it cannot be read.
    """
    start, is_given, price = words.partition("=")
    start = start.replace(" ", "")
    if not is_given or not START.fullmatch(start):
        raise DataError(
            f"« {words} » is no price of an operator. Write it like +2236=8,5: country code and one or two digits."
        )
    return "+" + start.removeprefix("+"), _micros(price, words) if price.strip() else None


def parse_rate(words: str) -> float:
    """Read `0.5` (segments a second) or `6/min`.

    Raises:
        DataError: it cannot be read, or is not more than nothing.
    """
    number, _, per = words.partition("/")
    try:
        rate = float(number.replace(",", ".")) / {"": 1, "s": 1, "min": 60}[per.strip()]
    except (ValueError, KeyError):
        rate = 0.0
    if not 0 < rate <= FASTEST:
        raise DataError(f"« {words} » is no rate. Write segments a second (10) or a minute (6/min), more than 0.")
    return rate


def parse_answer_cost(words: str) -> str:
    """Read `free`, `unknown` or a price in XOF, as it is stored.

    Raises:
        DataError: it is none of them.
    """
    said = words.strip().lower()
    if said in KNOWN_COSTS:
        return said
    return f"{(Decimal(_micros(said, words)) / MICROS).normalize():f}"


def parse_price(words: str) -> int:
    """Read a price in XOF, in millionths.

    Raises:
        DataError: it is none.
    """
    return _micros(words, words)


def parse_sender(words: str) -> str:
    """Check the number or name that a gateway writes from.

    Raises:
        DataError: it is longer than any gateway takes.
    """
    if len(words) > LONGEST_SENDER:
        raise DataError(f"The sender has {len(words)} signs. Write a number or a name of {LONGEST_SENDER} at most.")
    return words


def parse_prefixes(starts: Iterable[str]) -> list[str]:
    """Read the starts of the numbers that a gateway serves; the one word `any` is all numbers.

    Raises:
        DataError: one is no start of a number.
    """
    plain = [start.replace(" ", "") for start in starts]
    if plain == [ANY]:
        return []
    for start in plain:
        if not START.fullmatch(start):
            raise DataError(f"« {start} » is no start of numbers. Write it like +2237, or {ANY} for all numbers.")
    return ["+" + start.removeprefix("+") for start in plain]


def parse_kinds(kinds: Iterable[str]) -> list[str]:
    """Read the kinds of messages that a gateway carries; the one word `any` is all of them.

    Raises:
        DataError: one is no kind.
    """
    plain = [kind.strip().lower() for kind in kinds]
    if plain == [ANY]:
        return []
    known = [kind.value for kind in Kind]
    for kind in plain:
        if kind not in known:
            raise DataError(f"« {kind} » is no kind of message. Write {', '.join(known)}, or {ANY} for all.")
    return [kind for kind in known if kind in plain]


def parse_receives(words: str) -> bool | None:
    """Read whether SMS come in by a gateway: `yes`, `no`, or `any` for what its adapter and sender let expect.

    Raises:
        DataError: it is none of them.
    """
    try:
        return RECEIVES[words.strip().lower()]
    except KeyError:
        raise DataError(f"« {words} » does not say whether SMS come in. Write yes, no or {ANY}.") from None


def parse_sims(slots: Iterable[str]) -> list[int] | None:
    """Read the cards of a telephone by their slots; the one word `any` leaves the choice to the telephone.

    Raises:
        DataError: one is no slot.
    """
    plain = [slot.strip() for slot in slots]
    if plain == [ANY]:
        return None
    if not all(slot in SLOTS for slot in plain) or len(set(plain)) < len(plain):
        raise DataError(f"« {', '.join(plain)} » are no cards. Write each slot once: 1, 2 or 3; or {ANY}.")
    return sorted(int(slot) for slot in plain)


def parse_device(words: str) -> str | None:
    """Read the id of a telephone as its app shows it; `any`: there is only one.

    Raises:
        DataError: it is none.
    """
    if words.strip() == ANY:
        return None
    if not DEVICE.fullmatch(words.strip()):
        raise DataError(f"« {words} » is no id of a telephone. Copy it from the app, or write {ANY}.")
    return words.strip()


def _micros(price: str, words: str) -> int:
    try:
        micros = round(float(price.strip().replace(",", ".")) * MICROS)
    except (ValueError, OverflowError):
        micros = -1
    if not 0 <= micros <= 100_000 * MICROS:
        raise DataError(f"« {words} » is no price in XOF. Write it like 10 or 8,5.")
    return micros
