"""One pass of the sender, and the webhooks' addresses."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import click
import sqlalchemy as sa

from messaging import addresses, sender
from messaging.cli.frame import command_errors, emit, json_option, moment, now_option, opened
from messaging.errors import DataError, SettingError
from messaging.gateways import android, kannel, signs
from messaging.gateways.line import LostError
from messaging.installation import Installation
from messaging.models import Gateway

AGAIN = "#rc=5&rp=all"


@click.command()
@click.option("--register", "enter", is_flag=True, help="Enter them at the telephones too, by their API.")
@json_option
@command_errors
def webhooks(enter: bool, as_json: bool) -> None:
    """Print the addresses to enter at each provider."""
    with opened() as here:
        if enter:
            _register(here)
        with here.db.read() as session:
            rows = session.scalars(
                sa.select(Gateway).where(Gateway.adapter != "simulator").order_by(Gateway.name)
            ).all()
        if rows and not here.settings.public_url:
            raise SettingError("JEKULU_PUBLIC_URL is not set: write the public address of this installation into it.")
        found = [_addresses(here, row) for row in rows]
        api = here.settings.android_api or "$JEKULU_ANDROID_API"
    emit({"webhooks": found}, as_json, "\n".join(_words(one, api, enter) for one in found) or "no gateway")


def _addresses(here: Installation, row: Gateway) -> dict[str, Any]:
    public, keys = here.settings.public_url, here.keys
    if signs.is_telephone(row):
        url = addresses.events_url(public, row.name, keys)
        return {"gateway": row.name, "events": url, "hooks": android.hooks(url, row.name, row.device)}
    if row.adapter == "kannel":
        url = addresses.inbound_url(public, row.name, keys)
        return {"gateway": row.name, "configuration": kannel_lines(url, here.settings.kannel_user or "jekulu")}
    # The fragment asks Twilio to bring an SMS again when we could not store it; others ignore it.
    return {"gateway": row.name, "inbound": addresses.inbound_url(public, row.name, keys) + AGAIN}


def kannel_lines(url: str, user: str) -> list[str]:
    """What stands in Kannel's configuration for a gateway: where inbound SMS go, and who may send.

    The names are those of `docs/kannel/kannel.conf`; the password is written nowhere but into the two places.
    """
    return [
        "group = sms-service",
        f'post-url = "{url}?id=%I&from=%q&time=%T&smsc=%i"',
        "group = sendsms-user",
        f"username = {user}",
        "password = (JEKULU_KANNEL_PASSWORD)",
        f"max-messages = {kannel.MOST_SEGMENTS}",
    ]


def _words(found: Mapping[str, Any], api: str, is_entered: bool) -> str:
    """One line a gateway; of Kannel what its configuration needs; of a telephone a command for each event."""
    if "configuration" in found:
        return "\n  ".join([f"{found['gateway']}: in /etc/kannel/kannel.conf", *found["configuration"]])
    if "inbound" in found:
        return f"{found['gateway']}: {found['inbound']}"
    if is_entered:
        return f"{found['gateway']}: {found['events']}  entered for {', '.join(h['event'] for h in found['hooks'])}"
    user = '"$JEKULU_ANDROID_USER:$JEKULU_ANDROID_PASSWORD"'
    post = f"curl -fsS -u {user} -H 'Content-Type: application/json'"
    lines = [f"  {post} {api}/webhooks -d '{json.dumps(hook)}'" for hook in found["hooks"]]
    return "\n".join([f"{found['gateway']}: {found['events']}", *lines])


def _register(here: Installation) -> None:
    with here.db.read() as session:
        rows = session.scalars(sa.select(Gateway).where(Gateway.adapter.in_(signs.TELEPHONES))).all()
    for row in rows:
        adapter = here.adapters.get(row)
        assert isinstance(adapter, android.Android)
        try:
            adapter.register(_addresses(here, row)["hooks"])
        except android.RefusalError as refusal:
            raise DataError(f"Gateway « {row.name} »: the API refused the webhooks ({refusal}).") from None
        except LostError as lost:
            raise DataError(
                f"Gateway « {row.name} »: no answer from {here.settings.android_api} ({lost.code}). "
                "Is the telephone on, its app online, the tunnel open?"
            ) from None


@click.command()
@now_option
@json_option
@command_errors
def send(now: str | None, as_json: bool) -> None:
    """One pass of the sender."""
    with opened() as here:
        emit(sender.send_due(here, moment(here, now)), as_json)
