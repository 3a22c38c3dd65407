"""Commands about programmes."""

from __future__ import annotations

import click

from messaging import programmes
from messaging.cli.frame import command_errors, emit, json_option, opened
from messaging.clock import utc_now


@click.group()
def programme() -> None:
    """Programmes."""


@programme.command("new")
@click.argument("code")
@click.option("--name", help="Its name, in French.")
@click.option("--name-en", help="Its name, in English.")
@click.option("--service-name", default="Jekulu", help="The neutral name that an SMS may carry.")
@click.option(
    "--language", "codes", multiple=True, default=("fr", "bm"), help="Its languages; the first is the last resort."
)
@json_option
@command_errors
def programme_new(
    code: str, name: str | None, name_en: str | None, service_name: str, codes: tuple[str, ...], as_json: bool
) -> None:
    """Start an empty programme of one's own."""
    with opened() as here, here.db.write() as session:
        row = programmes.new_programme(
            session, code, utc_now(), name_fr=name, name_en=name_en, service_name=service_name, languages=codes
        )
        emit({"programme": row.code}, as_json, f"Programme {row.code} is ready. Next: jekulu import places FILE")
