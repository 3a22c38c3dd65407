"""The commands of the post: programmes, accounts, gateways, texts, sending, settling; they read like sentences."""

from __future__ import annotations

import click

from messaging.cli import doctor
from messaging.cli.backup import backup, restore, restored, upgrade
from messaging.cli.gateway import gateway
from messaging.cli.imports import import_files
from messaging.cli.people import people
from messaging.cli.post import send, webhooks
from messaging.cli.programme import programme
from messaging.cli.resolve import resolve
from messaging.cli.text import text

SAFETY = (backup, restore, restored, upgrade)


def register(main: click.Group) -> None:
    """Add the commands of this package."""
    for command in (programme, import_files, people, gateway, webhooks, send, resolve, text, doctor.examine, *SAFETY):
        main.add_command(command)
