"""Commands about the accounts of the staff."""

from __future__ import annotations

import click

from messaging import staff, totp
from messaging.cli.frame import command_errors, emit, json_option, opened
from messaging.clock import utc_now


@click.group("staff")
def people() -> None:
    """Accounts of the staff."""


@people.command("add")
@click.argument("email")
@click.option("--role", "roles", multiple=True, required=True, help="editor, translator:bm, approver, officer, …")
@click.option("--programme", "programmes", multiple=True, help="Only this programme; may be given several times.")
@click.option("--place", "places", multiple=True, help="Only the place of this code, and what lies in it; the same.")
@click.option("--name", default="", help="Name shown on the pages.")
@click.option("--organisation", default="", help="Organisation that the person works for.")
@json_option
@command_errors
def staff_add(
    email: str,
    roles: tuple[str, ...],
    programmes: tuple[str, ...],
    places: tuple[str, ...],
    name: str,
    organisation: str,
    as_json: bool,
) -> None:
    """Make an account; password and second factor are shown once."""
    wanted = [staff.parse_role(role) for role in roles]
    with opened() as here, here.db.write() as session:
        access = staff.add(
            session, email, wanted, utc_now(), name=name, organisation=organisation, programmes=programmes,
            places=staff.place_ids(session, places),
        )  # fmt: skip
    _show(access, as_json)


@people.command("reset")
@click.argument("email")
@json_option
@command_errors
def staff_reset(email: str, as_json: bool) -> None:
    """Give an account a new password and second factor; a closed or locked one opens again."""
    with opened() as here, here.db.write() as session:
        access = staff.reset(session, email, utc_now())
    _show(access, as_json)


def _show(access: staff.Access, as_json: bool) -> None:
    lines = [access.email, f"password (shown once): {access.password}"]
    if access.second_factor:
        lines += [
            f"second factor (shown once): {access.second_factor}",
            f"  {totp.address(access.second_factor, access.email)}",
            "  Type the letters and digits into an authenticator application (key, by time, six digits),",
            "  or copy the address into it. Sign-in asks for the six digits that it shows.",
        ]
    values = {"email": access.email, "password": access.password, "second_factor": access.second_factor}
    emit(values, as_json, "\n".join(lines))
