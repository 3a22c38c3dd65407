"""What each gateway is asked every few minutes: how it is; the answer stands on its row, for staff and for alarms.

Only what is asked stands here: when a gateway last took an SMS is written by the sender, and when a telephone was last
heard by its webhooks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa
import structlog

from messaging.batches import update
from messaging.errors import SettingError
from messaging.gateways.protocol import Adapter
from messaging.installation import Installation
from messaging.models import Gateway
from messaging.settings import Settings

log = structlog.get_logger()
GATEWAY: sa.Table = Gateway.__table__  # type: ignore[assignment]
LONGEST = 200  # signs of a trouble
STALE_PASSES = 3  # so many lists in a row were not read


def beat(here: Installation, now: datetime) -> Mapping[str, int]:
    """Ask every gateway how it is, and write it down; one that fails does not stop the others.

    Returns:
        How many are `unwell`, and how many cannot be opened (`closed`).
    """
    with here.db.read() as session:
        rows = session.scalars(sa.select(Gateway).order_by(Gateway.position, Gateway.id)).all()
    counts: Counter[str] = Counter()
    checked = []
    for row in rows:
        what, trouble = _ask(here, row, now)  # no transaction is open here
        counts[what] += 1
        checked.append({"id": row.id, "checked_at": now, "trouble": trouble[:LONGEST] if trouble else None})
    with here.db.write() as session:
        update(session, GATEWAY, checked)
    return {what: count for what, count in counts.items() if what != "well"}


def _ask(here: Installation, row: Gateway, now: datetime) -> tuple[str, str | None]:
    """A word for how a gateway is, and what is wrong with it."""
    try:
        adapter = here.adapters.get(row)
    except SettingError as wrong:
        log.error("a gateway cannot be opened", gateway=row.name, error=str(wrong))
        return "closed", str(wrong)
    try:
        error = adapter.health()
        trouble = (error.text or error.code) if error else stale(row, adapter, here.settings, now)
    except Exception as failed:  # an adapter must not raise; if one does, the others are asked all the same
        log.error("an adapter failed", gateway=row.name, error=type(failed).__name__, exc_info=True)
        return "unwell", "it cannot be asked how it is"
    if trouble is None:
        return "well", None
    log.warning("a gateway is not well", gateway=row.name, code=error.code if error else "list", text=trouble)
    return "unwell", trouble


def stale(row: Gateway, adapter: Adapter, settings: Settings, now: datetime) -> str | None:
    """What to say of a gateway whose list of received SMS could not be read for a while."""
    if not adapter.capabilities.can_list_inbound or row.polled_to is None:
        return None
    if now - row.polled_to < STALE_PASSES * settings.poll_every:
        return None
    return f"its list of received SMS was last read at {row.polled_to:%Y-%m-%d %H:%M} UTC"
