"""Commands about gateways: add, list, change, pause, resume."""

from __future__ import annotations

import click
import sqlalchemy as sa

from messaging import audit, routing
from messaging.cli.frame import command_errors, emit, json_option, opened
from messaging.clock import utc_now
from messaging.errors import DataError
from messaging.gateways import pausing, signs, tariffs
from messaging.models import Gateway

USUAL_RATES = {"twilio": "1", "android": "6/min", "kannel": "10"}
PREFIX = click.option(
    "--prefix", "prefixes", multiple=True, metavar="START", help="It serves numbers that start so, +2237; any: all."
)
KIND = click.option(
    "--kind", "kinds", multiple=True, metavar="KIND", help="It carries campaign, service, reply or alert; any: all."
)
RECEIVES = click.option(
    "--receives", metavar="yes|no|any", help="Whether SMS come in by it; any: as its adapter and sender let expect."
)
POSITION = click.option("--position", type=int, help="The lower is asked first; the next stands in for it.")
DEVICE = click.option("--device", metavar="ID", help="Id of the telephone, where one account has several; any.")
SIM = click.option("--sim", "sims", multiple=True, metavar="SLOT", help="Card of the telephone: 1, 2 or 3; any.")


@click.group()
def gateway() -> None:
    """Ways out and in."""


@gateway.command("add")
@click.argument("name")
@click.option("--adapter", type=click.Choice([*USUAL_RATES]), required=True)
@click.option("--sender", default="", help="The number or name it writes from; a telephone writes from its own.")
@click.option("--price", default="0", help="Price of one segment in XOF.")
@click.option("--rate", help="Segments a second, or a minute: 6/min. Not given: 1, of a telephone 6/min, of Kannel 10.")
@click.option("--answer-cost", default="unknown", help="What an SMS to us costs its sender: free, XOF, unknown.")
@PREFIX
@KIND
@RECEIVES
@POSITION
@DEVICE
@SIM
@json_option
@command_errors
def gateway_add(
    name: str, adapter: str, sender: str, price: str, rate: str | None, answer_cost: str,
    prefixes: tuple[str, ...], kinds: tuple[str, ...], receives: str | None, position: int | None,
    device: str | None, sims: tuple[str, ...], as_json: bool,
) -> None:  # fmt: skip
    """Add a gateway; its secrets come from the environment alone."""
    with opened() as here, here.db.write() as session:
        if session.scalar(sa.select(Gateway.id).where(Gateway.name == name)):
            raise DataError(f"There is a gateway « {name} » already.")
        if not name.replace("-", "").isalnum() or not name.isascii():
            raise DataError(f"« {name} » cannot stand in an address. Use letters, digits and hyphens.")
        row = Gateway(
            name=name, adapter=adapter, sender=tariffs.parse_sender(sender), price_micros=tariffs.parse_price(price),
            rate=tariffs.parse_rate(rate or USUAL_RATES[adapter]),
            answer_cost=tariffs.parse_answer_cost(answer_cost), prefixes=[], kinds=[],
        )  # fmt: skip
        tariffs.change(
            session, row, prefixes=prefixes, kinds=kinds, receives=receives, position=position, device=device, sims=sims
        )
        session.add(row)
        session.flush()
        here.adapters.get(row)
    emit({"gateway": name}, as_json, f"Gateway {name} is ready. Next: jekulu webhooks")


@gateway.command("list")
@json_option
@command_errors
def gateway_list(as_json: bool) -> None:
    """List the gateways with price, rate, what an answer costs, and a telephone's last sign of life."""
    with opened() as here, here.db.read() as session:
        rows = session.scalars(sa.select(Gateway).order_by(Gateway.position, Gateway.id))
        emit([{**_shown(row), **_heard(row)} for row in rows], as_json)


@gateway.command("set")
@click.argument("name")
@click.option("--sender", help="The number or name it writes from.")
@click.option("--price", help="Price of one segment in XOF.")
@click.option(
    "--price-to",
    "operators",
    multiple=True,
    metavar="START=XOF",
    help="Another price to the numbers that start so, such as +2236=8,5; START= takes it away again.",
)
@click.option("--rate", help="Segments a second, or a minute: 6/min.")
@click.option("--answer-cost", help="What an SMS to us costs its sender: free, a price in XOF, unknown.")
@PREFIX
@KIND
@RECEIVES
@POSITION
@DEVICE
@SIM
@json_option
@command_errors
def gateway_set(
    name: str, sender: str | None, price: str | None, operators: tuple[str, ...], rate: str | None,
    answer_cost: str | None, prefixes: tuple[str, ...], kinds: tuple[str, ...], receives: str | None,
    position: int | None, device: str | None, sims: tuple[str, ...], as_json: bool,
) -> None:  # fmt: skip
    """Change what a gateway costs, how fast it is and whom it serves."""
    with opened() as here, here.db.write() as session:
        row = tariffs.named(session, name)
        before = _shown(row)
        tariffs.change(
            session, row, sender=sender, price=price, operators=operators, rate=rate, answer_cost=answer_cost,
            prefixes=prefixes, kinds=kinds, receives=receives, position=position, device=device, sims=sims,
        )  # fmt: skip
        session.flush()
        session.refresh(row)
        after = _shown(row)
        audit.note(session, audit.COMMAND, "changed", "gateway", row.id, utc_now(), before=before, after=after)
    emit(after, as_json)


def _shown(row: Gateway) -> dict[str, object]:
    return {
        "gateway": row.name, "adapter": row.adapter, "sender": row.sender, "price": row.price_micros / 1_000_000,
        "prices": {one.prefix: one.price_micros / 1_000_000 for one in row.tariffs}, "rate": row.rate,
        "answer_cost": row.answer_cost, "prefixes": row.prefixes, "kinds": row.kinds, "receives": routing.receives(row),
        "position": row.position, "paused": row.paused_at is not None,
        **({"device": row.device, "sims": row.sims} if signs.is_telephone(row) else {}),
    }  # fmt: skip


def _heard(row: Gateway) -> dict[str, object]:
    """The last sign of life of a telephone, and by how many seconds its clock is ahead."""
    return {"seen": row.seen_at, "clock_off": row.clock_off} if signs.is_telephone(row) else {}


@gateway.command("pause")
@click.argument("name")
@json_option
@command_errors
def gateway_pause(name: str, as_json: bool) -> None:
    """Let a gateway rest: its messages are kept."""
    _set_pause(name, True, as_json)


@gateway.command("resume")
@click.argument("name")
@json_option
@command_errors
def gateway_resume(name: str, as_json: bool) -> None:
    """Let a paused gateway go on, after its trouble is mended."""
    _set_pause(name, False, as_json)


def _set_pause(name: str, pause: bool, as_json: bool) -> None:
    with opened() as here, here.db.write() as session:
        row = tariffs.named(session, name)
        if pause:
            pausing.pause(session, row, "by hand", utc_now())
        else:
            pausing.resume(session, row, utc_now())
    emit({"gateway": name, "paused": pause}, as_json)
