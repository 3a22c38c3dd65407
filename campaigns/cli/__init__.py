"""The commands of campaigns; they read like sentences."""

from __future__ import annotations

import click


def register(main: click.Group) -> None:
    """Add the commands of this package; imported here, so that the reader can be had without them."""
    from campaigns.cli.campaign import campaign, load
    from campaigns.cli.cost import cost
    from campaigns.cli.grid import grid
    from campaigns.cli.passes import converse, plan, simulate
    from campaigns.cli.read import read
    from campaigns.cli.texts import texts

    campaign.add_command(cost)
    for command in (load, campaign, texts, plan, converse, read, simulate, grid):
        main.add_command(command)
