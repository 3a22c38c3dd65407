"""The commands of campaigns; they read like sentences."""

from __future__ import annotations

import click

from campaigns.cli.campaign import campaign, load
from campaigns.cli.passes import converse, plan, read, simulate


def register(main: click.Group) -> None:
    """Add the commands of this package."""
    for command in (load, campaign, plan, converse, read, simulate):
        main.add_command(command)
