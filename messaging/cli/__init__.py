"""The commands of the post: programmes, accounts, gateways, texts, sending, settling; they read like sentences."""

from __future__ import annotations

import click

from messaging.cli.gateway import gateway
from messaging.cli.imports import import_files
from messaging.cli.people import people
from messaging.cli.post import resolve, send, upgrade, webhooks
from messaging.cli.programme import programme
from messaging.cli.text import text


def register(main: click.Group) -> None:
    """Add the commands of this package."""
    for command in (programme, import_files, people, gateway, webhooks, send, resolve, text, upgrade):
        main.add_command(command)
