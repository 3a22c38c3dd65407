"""What must not happen after a restore: that what the other machine sent since the backup leaves once more.

The rows say what was so when the backup was made. A message that was due before the restore may have left meanwhile,
and nothing here can tell. So real gateways rest, and what was due is kept back when its turn comes (`restored`).

Written on the tables as they are: a backup that is to stay as it was may be older than the models.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from messaging import restored
from messaging.backups import rows
from messaging.backups.envelope import Header
from messaging.backups.taking import MARK
from messaging.database import UtcDateTime

SIMULATOR = "simulator"
ENGINE = "engine"  # the sign of life of an engine that runs elsewhere, or nowhere
OPEN = ("waiting", "held", "submitting")
UNKNOWN = "unknown"  # the reason that every version knows
PAUSED = (
    "Restauré d'une sauvegarde du {at} UTC : voyez ce qui est parti depuis, puis reprenez. / "
    "Restored from a backup of {at} UTC: see what left since, then resume."
)
Tables = Mapping[str, sa.Table]


def follow(
    connection: sa.Connection, header: Header, now: datetime, *, as_it_was: bool, unsent: bool
) -> tuple[list[str], int]:
    """Note what was restored and when, and let nothing leave unasked; with `unsent` only the first.

    Returns:
        The names of the real gateways that rest, and how many messages may have left since the backup.
    """
    tables = rows.reflect(connection)
    _forget(connection, tables, ENGINE, restored.MARK)
    _note(connection, tables, MARK, header.made_at)
    paused: list[str] = []
    doubtful = 0
    if not unsent:
        _note(connection, tables, restored.MARK, restored.Gap(header.time, now).text())
        paused = _pause(connection, tables["gateway"], header, now)
        doubtful = _keep_back(connection, tables, now, for_good=as_it_was)
    _audit(connection, tables["audit"], header, now)
    return paused, doubtful


def _pause(connection: sa.Connection, gateway: sa.Table, header: Header, now: datetime) -> list[str]:
    """Let every real gateway rest until a person resumes it; none comes back by itself."""
    is_real = gateway.c.adapter != SIMULATOR
    values: dict[str, Any] = {
        "paused_at": sa.func.coalesce(gateway.c.paused_at, sa.literal(now, UtcDateTime())),
        "paused_reason": PAUSED.format(at=f"{header.time:%Y-%m-%d %H:%M}"),
    }
    if "paused_itself" in gateway.c:
        values["paused_itself"] = False
    connection.execute(gateway.update().where(is_real).values(values))
    return list(connection.scalars(sa.select(gateway.c.name).where(is_real).order_by(gateway.c.name)))


def _keep_back(connection: sa.Connection, tables: Tables, now: datetime, *, for_good: bool) -> int:
    """Count what is open and was due; for a version that does not know of restores, park it as well."""
    message, gateway = tables["message"], tables["gateway"]
    simulated = sa.select(gateway.c.id).where(gateway.c.adapter == SIMULATOR)
    demonstration = sa.select(tables["programme"].c.id).where(tables["programme"].c.demonstration)
    doubtful = sa.and_(
        message.c.state.in_(OPEN),
        message.c.due_at <= sa.literal(now, UtcDateTime()),
        message.c.programme_id.not_in(demonstration),
        sa.or_(message.c.gateway_id.is_(None), message.c.gateway_id.not_in(simulated)),
    )
    count = connection.scalar(sa.select(sa.func.count()).select_from(message).where(doubtful)) or 0
    if for_good:
        waits = sa.and_(doubtful, message.c.state != "submitting")  # that one is looked up at its gateway
        connection.execute(message.update().where(waits).values(state="held", reason=UNKNOWN))
    return count


def _forget(connection: sa.Connection, tables: Tables, *names: str) -> None:
    mark = tables["mark"]
    connection.execute(mark.delete().where(mark.c.name.in_(names)))


def _note(connection: sa.Connection, tables: Tables, name: str, value: str) -> None:
    _forget(connection, tables, name)
    connection.execute(tables["mark"].insert().values(name=name, value=value))


def _audit(connection: sa.Connection, audit: sa.Table, header: Header, now: datetime) -> None:
    at = now if connection.dialect.name == "postgresql" else now.replace(tzinfo=None)
    row = {
        "at": at, "actor": "command", "action": "restored", "object": "installation", "object_id": header.revision,
        "before": None, "after": {"made_at": header.made_at, "version": header.version},
    }  # fmt: skip
    connection.execute(audit.insert().values({**row, "before": sa.null()}))
