"""The gateways, one by one: each opens, is well, is not paused, has a price, brings its receipts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import takewhile

import sqlalchemy as sa

from messaging.doctor.diagnosis import Diagnosis, fine, warn, wrong
from messaging.errors import SettingError
from messaging.gateways import exchanges, signs
from messaging.gateways.exchanges import THEIRS, Exchange
from messaging.gateways.protocol import Error
from messaging.installation import Installation
from messaging.models import Gateway
from messaging.routing import SIMULATOR, UNKNOWN, receives

LOOKED_BACK = timedelta(hours=25)
RECEIPT_LATE = timedelta(hours=1)
FEW = 5  # SMS without a receipt; of fewer, the telephones may all be off


def gateways(here: Installation, now: datetime) -> Iterable[Diagnosis]:
    """Each gateway as it is now; its account or telephone is asked."""
    with here.db.read() as session:
        rows = session.scalars(sa.select(Gateway).where(Gateway.adapter != SIMULATOR).order_by(Gateway.id)).all()
    if not rows:
        yield fine("gateways", "There is no gateway but the simulator: no SMS reaches a telephone.")
    for row in rows:
        yield from _examined(here, row, now)


def _examined(here: Installation, row: Gateway, now: datetime) -> Iterable[Diagnosis]:
    check = f"gateway {row.name}"
    try:
        adapter = here.adapters.get(row)
    except SettingError as error:
        return [wrong(check, f"It cannot be opened. {error}", "Mend the setting, then: systemctl restart jekulu")]
    found = [*judge_state(row, adapter.health(), now), *judge_row(row, receives(row))]
    if adapter.capabilities.delivery_reports != "none":
        found += judge_receipts(row.name, list(recent(here, now)), now)
    last = f"; its last SMS left on {row.sent_at:%Y-%m-%d %H:%M}" if row.sent_at else ""
    return found or [fine(check, f"It opens and is well{last}.")]


def recent(here: Installation, now: datetime) -> Iterable[Exchange]:
    """The exchanges of the last day, newest first."""
    return takewhile(
        lambda one: one.at is not None and one.at > now - LOOKED_BACK, exchanges.newest(here.settings.data)
    )


def judge_state(row: Gateway, trouble: Error | None, now: datetime) -> Iterable[Diagnosis]:
    """Of a gateway's row, and of what it says of itself."""
    check, resume = f"gateway {row.name}", f"jekulu gateway resume {row.name}"
    if row.paused_at is not None:
        told = f"It rests since {row.paused_at:%Y-%m-%d %H:%M}: {row.paused_reason or '-'}. Its messages are kept."
        yield wrong(check, told, f"Mend the cause, then: {resume}")
    if trouble is not None:
        yield wrong(check, f"It is not well: {trouble.text} ({trouble.code}).", REMEDIES.get(row.adapter, LOOK))
    if signs.is_silent(row, now):
        heard = f"on {row.seen_at:%Y-%m-%d %H:%M}" if row.seen_at else "never"
        yield wrong(check, f"The telephone was last heard {heard}.", REMEDIES["android"])


LOOK = "Look at its last exchanges: page Messages, Passerelles."
REMEDIES = {
    "twilio": "Account, credit and token at Twilio's console; then TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN here.",
    "android": "Cable, power, the app Online? adb forward and adb reverse again (docs/fr/pilote.md, 8).",
    "kannel": "systemctl status kannel-bearerbox kannel-smsbox; then Kannel's status page (docs/fr/kannel.md, 5).",
}


def judge_row(row: Gateway, can_receive: bool) -> Iterable[Diagnosis]:
    """Of what staff wrote down about a gateway."""
    check, change = f"gateway {row.name}", f"jekulu gateway set {row.name}"
    if row.price_micros == 0:
        told = "Its SMS cost 0 XOF: bills and budgets count nothing."
        yield warn(check, told, f"{change} --price XOF; if it is free indeed, leave it.")
    if not can_receive:
        told = "It cannot receive: no STOP, no answer and no report comes by it, and no question leaves by it."
        yield warn(check, told, "Print a number to call for a STOP; for answers add a short code or a telephone.")
    elif row.answer_cost == UNKNOWN:
        told = "What an answer costs its sender is not known: no question leaves by it."
        yield warn(check, told, f"Try it from each operator, then: {change} --answer-cost XOF (or free)")


def judge_receipts(name: str, told: Sequence[Exchange], now: datetime) -> Iterable[Diagnosis]:
    """Of a day's exchanges, newest first: SMS that it took an hour ago or earlier, and never called about."""
    own = [one for one in told if one.gateway == name and one.status.startswith("2")]
    since = takewhile(lambda one: one.what not in THEIRS, own)
    late = [one for one in since if one.what == "send" and one.at is not None and one.at < now - RECEIPT_LATE]
    if not late:
        return
    check = f"webhooks {name}"
    sentence = f"It took {len(late)} SMS more than an hour ago and has not called us since."
    remedy = "jekulu webhooks shows the addresses to enter there; are they reachable, and is /webhooks let through?"
    yield wrong(check, sentence, remedy) if len(late) >= FEW else warn(check, sentence, remedy)
