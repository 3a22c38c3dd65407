"""The commands of campaigns; they read like sentences."""

from __future__ import annotations

import click


def register(main: click.Group) -> None:
    """Add the commands of this package; imported here, so that the reader can be had without them."""
    from campaigns.cli.campaign import campaign, load
    from campaigns.cli.cost import cost
    from campaigns.cli.dhis2 import dhis2
    from campaigns.cli.evaluator import evaluator
    from campaigns.cli.export import export
    from campaigns.cli.forms import forms
    from campaigns.cli.grid import grid
    from campaigns.cli.indicators import indicators
    from campaigns.cli.pack import pack
    from campaigns.cli.passes import converse, plan, simulate
    from campaigns.cli.read import read
    from campaigns.cli.texts import texts
    from campaigns.evaluation import intake
    from messaging.cli.imports import import_command, import_files

    for kind in intake.KINDS:
        import_files.add_command(import_command(kind))
    campaign.add_command(cost)
    own = (
        load, campaign, texts, plan, converse, read, simulate, grid, indicators, forms, evaluator, export, dhis2, pack,
    )  # fmt: skip
    for command in own:
        main.add_command(command)
