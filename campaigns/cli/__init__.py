"""The commands of campaigns; they read like sentences."""

from __future__ import annotations

import click

from campaigns.cli.campaign import campaign, load
from campaigns.cli.cost import cost
from campaigns.cli.passes import converse, plan, read, simulate
from campaigns.cli.texts import texts


def register(main: click.Group) -> None:
    """Add the commands of this package."""
    campaign.add_command(cost)
    for command in (load, campaign, texts, plan, converse, read, simulate):
        main.add_command(command)
