"""How every command opens the installation, prints its result and fails.

Every command takes `--json`, deciding ones take `--now`. Exit 0 done, 1 problems in the data, 2 wrong use.
"""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any, ParamSpec, TypeVar

import click
import sqlalchemy as sa

from messaging import settings
from messaging.clock import parse_time, utc_now
from messaging.errors import DataError, JekuluError, SettingError
from messaging.gateways import is_loopback
from messaging.installation import Installation, open_installation
from messaging.logs import set_up
from messaging.models import Gateway

P = ParamSpec("P")
R = TypeVar("R")

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
now_option = click.option("--now", metavar="TIME", help="Decide as if it were this time (test carriers only).")


def command_errors(function: Callable[P, R]) -> Callable[P, R]:
    """Show what a person can mend as one sentence: exit 1 for the data, 2 for wrong use."""

    @functools.wraps(function)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except JekuluError as error:
            click.echo(f"jekulu: {error}", err=True)
            sys.exit(2 if isinstance(error, SettingError) else 1)
        except sa.exc.DBAPIError as error:  # its own words may hold what was being stored
            click.echo(
                f"jekulu: The database could not do it ({type(error.orig).__name__}): it is down, full, locked or "
                "damaged. Run: jekulu doctor",
                err=True,
            )
            sys.exit(2)
        except OSError as error:
            click.echo(f"jekulu: {error.filename or ''}: {error.strerror}", err=True)
            sys.exit(2)

    return guarded


@contextmanager
def opened() -> Iterator[Installation]:
    """The installation that the environment names, closed at the end."""
    set_up("WARNING")
    here = open_installation(settings.load())
    try:
        yield here
    finally:
        here.close()


def emit(values: Mapping[str, Any] | list[Any], as_json: bool, words: str | None = None) -> None:
    """Print a result: as one JSON line, in the given words, or as lines of name and value."""
    if as_json:
        click.echo(json.dumps(values, ensure_ascii=False, default=str))
    elif words is not None:
        click.echo(words)
    else:
        for row in values if isinstance(values, list) else [values]:
            click.echo("  ".join(f"{name} {value}" for name, value in row.items()) or "-")


def moment(here: Installation, text: str | None) -> datetime:
    """The real time, or the asked one where no real gateway could act on it.

    Raises:
        DataError: a gateway's base address is not on this machine: a false clock must not send at night.
    """
    if text is None:
        return utc_now()
    with here.db.read() as session:
        adapters = set(session.scalars(sa.select(Gateway.adapter)))
    for adapter, address in here.settings.base_addresses.items():
        if adapter in adapters and not is_loopback(address):
            raise DataError(
                f"--now is refused: the gateway {adapter} is real, and a false clock must not send at night."
            )
    return parse_time(text)
