"""Commands about the accounts of the staff."""

from __future__ import annotations

import click

from messaging import staff
from messaging.cli.frame import command_errors, emit, json_option, opened
from messaging.clock import utc_now


@click.group("staff")
def people() -> None:
    """Accounts of the staff."""


@people.command("add")
@click.argument("email")
@click.option("--role", "roles", multiple=True, required=True, help="editor, translator:bm, approver, officer, …")
@click.option("--programme", "codes", multiple=True, help="Only this programme; may be given several times.")
@click.option("--name", default="", help="Name shown on the pages.")
@json_option
@command_errors
def staff_add(email: str, roles: tuple[str, ...], codes: tuple[str, ...], name: str, as_json: bool) -> None:
    """Make an account; the password is shown once."""
    with opened() as here, here.db.write() as session:
        wanted = [staff.parse_role(role) for role in roles]
        access = staff.add(session, email, wanted, utc_now(), name=name, programmes=codes)
    _show(access, as_json)


@people.command("reset")
@click.argument("email")
@json_option
@command_errors
def staff_reset(email: str, as_json: bool) -> None:
    """Give an account a new password."""
    with opened() as here, here.db.write() as session:
        access = staff.reset(session, email, utc_now())
    _show(access, as_json)


def _show(access: staff.Access, as_json: bool) -> None:
    emit(
        {"email": access.email, "password": access.password, "second_factor": access.second_factor},
        as_json,
        f"{access.email}\npassword (shown once): {access.password}",
    )
