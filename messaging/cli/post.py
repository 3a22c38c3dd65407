"""One pass of the sender or of settling, the webhooks' addresses, and the upgrade."""

from __future__ import annotations

import click
import sqlalchemy as sa

from messaging import addresses, resolving, sender
from messaging.cli.frame import command_errors, emit, json_option, moment, now_option, opened
from messaging.errors import SettingError
from messaging.models import Gateway

AGAIN = "#rc=5&rp=all"


@click.command()
@json_option
@command_errors
def webhooks(as_json: bool) -> None:
    """Print the addresses to enter at each provider."""
    with opened() as here:
        public = here.settings.public_url
        with here.db.read() as session:
            names = session.scalars(sa.select(Gateway.name).where(Gateway.adapter != "simulator")).all()
        if names and not public:
            raise SettingError("JEKULU_PUBLIC_URL is not set: write the public address of this installation into it.")
        # The fragment asks Twilio to bring an SMS again when we could not store it; others ignore it.
        rows = [{"gateway": name, "inbound": addresses.inbound_url(public, name, here.keys) + AGAIN} for name in names]
    emit({"webhooks": rows}, as_json, "\n".join(f"{row['gateway']}: {row['inbound']}" for row in rows) or "no gateway")


@click.command()
@now_option
@json_option
@command_errors
def send(now: str | None, as_json: bool) -> None:
    """One pass of the sender."""
    with opened() as here:
        emit(sender.send_due(here, moment(here, now)), as_json)


@click.command()
@now_option
@json_option
@command_errors
def resolve(now: str | None, as_json: bool) -> None:
    """One pass over the attempts whose outcome is not known."""
    with opened() as here:
        emit(resolving.resolve(here, moment(here, now)), as_json)


@click.command()
@json_option
@command_errors
def upgrade(as_json: bool) -> None:
    """Bring the tables up to date; starting does so too."""
    with opened():
        emit({"upgraded": True}, as_json, "The tables are up to date.")
