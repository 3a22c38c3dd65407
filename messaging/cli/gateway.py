"""Commands about gateways."""

from __future__ import annotations

import click
import sqlalchemy as sa

from messaging import audit
from messaging.cli.frame import command_errors, emit, json_option, opened
from messaging.clock import utc_now
from messaging.errors import DataError
from messaging.models import Gateway


@click.group()
def gateway() -> None:
    """Ways out and in."""


@gateway.command("add")
@click.argument("name")
@click.option("--adapter", type=click.Choice(["twilio"]), required=True)
@click.option("--sender", required=True, help="The number or name it writes from.")
@click.option("--price", type=float, default=0.0, help="Price of one segment in XOF.")
@click.option("--rate", type=float, default=1.0, help="Segments a second.")
@click.option("--answer-cost", default="unknown", help="What an SMS to us costs its sender: free, XOF, unknown.")
@json_option
@command_errors
def gateway_add(
    name: str, adapter: str, sender: str, price: float, rate: float, answer_cost: str, as_json: bool
) -> None:
    """Add a gateway; its secrets come from the environment alone."""
    with opened() as here, here.db.write() as session:
        if session.scalar(sa.select(Gateway.id).where(Gateway.name == name)):
            raise DataError(f"There is a gateway « {name} » already.")
        if not name.replace("-", "").isalnum() or not name.isascii():
            raise DataError(f"« {name} » cannot stand in an address. Use letters, digits and hyphens.")
        row = Gateway(
            name=name, adapter=adapter, sender=sender, price_micros=round(price * 1_000_000), rate=rate,
            answer_cost=answer_cost, prefixes=[], kinds=[],
        )  # fmt: skip
        session.add(row)
        session.flush()
        here.adapters.get(row)
    emit({"gateway": name}, as_json, f"Gateway {name} is ready. Next: jekulu webhooks")


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
        row = session.scalar(sa.select(Gateway).where(Gateway.name == name))
        if row is None:
            raise DataError(f"There is no gateway « {name} ».")
        row.paused_at, row.paused_reason = (utc_now(), "by hand") if pause else (None, None)
        audit.note(session, audit.COMMAND, "paused" if pause else "resumed", "gateway", row.id, utc_now())
    emit({"gateway": name, "paused": pause}, as_json)
