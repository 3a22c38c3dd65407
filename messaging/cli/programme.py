"""Commands about programmes."""

from __future__ import annotations

import click

from messaging import programmes, rhythm
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
@click.option(
    "--town", type=click.Choice(rhythm.towns()), help="Its open hours keep clear of prayers there; else in all of them."
)
@click.option("--demonstration", is_flag=True, help="For practice with invented people: the simulator carries it.")
@json_option
@command_errors
def programme_new(
    code: str, name: str | None, name_en: str | None, service_name: str, codes: tuple[str, ...], town: str | None,
    demonstration: bool, as_json: bool,
) -> None:  # fmt: skip
    """Start an empty programme of one's own."""
    with opened() as here, here.db.write() as session:
        row = programmes.new_programme(
            session,
            code,
            utc_now(),
            name_fr=name,
            name_en=name_en,
            service_name=service_name,
            languages=codes,
            demonstration=demonstration,
            town=town,
        )
        emit({"programme": row.code}, as_json, f"Programme {row.code} is ready. Next: jekulu import places FILE")


@programme.command("set")
@click.argument("code")
@click.option("--budget", "budgets", multiple=True, metavar="MONTH=XOF", help="2026-12=500000; 2026-12= takes it away.")
@click.option(
    "--fallback",
    "chains",
    multiple=True,
    metavar="LANG=LANG,LANG",
    help="What people of a language get where it has no approved text: dds=ffm,bm,fr; dds= this language or nothing.",
)
@click.option("--language", "languages", multiple=True, help="A further language of the programme.")
@click.option("--open-hours", metavar="SPANS", help="Open hours of campaigns, local: '08:00-11:30 20:30-21:00'.")
@click.option("--always-open/--keep-hours", default=None, help="Whether the open hours count at all.")
@click.option(
    "--cap",
    "caps",
    multiple=True,
    metavar="KIND=DAY,WEEK,MONTH",
    help="Messages a phone may get, of all programmes together: campaign=1,3,16; service=2,6, sets none for the month.",
)
@json_option
@command_errors
def programme_set(
    code: str, budgets: tuple[str, ...], chains: tuple[str, ...], languages: tuple[str, ...], open_hours: str | None,
    always_open: bool | None, caps: tuple[str, ...], as_json: bool,
) -> None:  # fmt: skip
    """Change the rules of a programme: budget, fallback of languages, open hours, caps."""
    with opened() as here, here.db.write() as session:
        row = programmes.by_code(session, code)
        after = programmes.change(
            session, row, utc_now(), budgets=budgets, chains=chains, languages=languages, open_hours=open_hours,
            always_open=always_open, caps=caps,
        )  # fmt: skip
    emit({"programme": code, **after}, as_json)
