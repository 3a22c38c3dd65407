"""What lies between us and the others: our public address with its certificate, the clocks, the mail server."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import sqlalchemy as sa
from requests import Request

from messaging import mail
from messaging.doctor.diagnosis import Diagnosis, fine, warn, wrong
from messaging.gateways import exchanges, is_loopback, signs
from messaging.gateways.line import Line, LostError
from messaging.installation import Installation
from messaging.models import Gateway
from messaging.routing import SIMULATOR

PATIENCE = timedelta(seconds=5)
CLOCK_MOST = 120  # seconds between two clocks
CERTIFICATE_LATE, CERTIFICATE_SOON = timedelta(days=7), timedelta(days=21)
HEARD = timedelta(hours=24)  # who called us so lately can reach us, whatever we see from inside


def public_address(here: Installation, now: datetime) -> Iterable[Diagnosis]:
    """Gateways can reach us at our public address, over a line that nobody else reads."""
    url = here.settings.public_url
    if not (names := real_gateways(here)):
        return [fine("public address", "No gateway but the simulator: no public address is needed.")]
    if shape := judge_address(url):
        return [shape]
    certificate = [] if is_loopback(url) else judge_certificate(*expiry(url), now)
    heard = any(exchanges.heard(here.settings.data, name, now - HEARD) for name in names)
    return [*certificate, judge_reach(url, reach(url), heard)]


def real_gateways(here: Installation) -> list[str]:
    """Names of all gateways but the simulator."""
    with here.db.read() as session:
        return list(session.scalars(sa.select(Gateway.name).where(Gateway.adapter != SIMULATOR).order_by(Gateway.id)))


def judge_address(url: str) -> Diagnosis | None:
    """What is wrong with the address as it is written; None: nothing."""
    check, remedy = (
        "public address",
        "Set JEKULU_PUBLIC_URL to https://… and enter the addresses again: jekulu webhooks",
    )
    if not url:
        return wrong(check, "JEKULU_PUBLIC_URL is not set: no SMS and no receipt can come in.", remedy)
    parts = urlsplit(url)
    if parts.scheme != "https" and not is_loopback(url):
        return wrong(check, "JEKULU_PUBLIC_URL is not https: numbers and texts would travel in the clear.", remedy)
    if "_" in (parts.hostname or ""):
        return wrong(check, "JEKULU_PUBLIC_URL has a host with an underscore; Twilio calls no such host.", remedy)
    return None


def expiry(url: str) -> tuple[datetime | None, str]:
    """When the certificate of an address ends; or None, and why it is not good ("": no line to it)."""
    parts = urlsplit(url)
    host, context = parts.hostname or "", ssl.create_default_context()
    try:
        bare = socket.create_connection((host, parts.port or 443), PATIENCE.total_seconds())
        with bare, context.wrap_socket(bare, server_hostname=host) as line:
            ends = str((line.getpeercert() or {}).get("notAfter", ""))
        return datetime.fromtimestamp(ssl.cert_time_to_seconds(ends), UTC), ""
    except ssl.SSLCertVerificationError as error:
        return None, error.verify_message
    except (OSError, ValueError):  # whether anybody answers is told by `reach`
        return None, ""


def judge_certificate(ends: datetime | None, trouble: str, now: datetime) -> list[Diagnosis]:
    """Of a certificate's end, or of what the check said."""
    remedy = "Renew it (certbot renew; Caddy does it by itself), then reload the proxy."
    if trouble:
        return [wrong("certificate", f"The certificate of the public address is not good: {trouble}.", remedy)]
    if ends is None:
        return []
    told = f"The certificate of the public address ends on {ends:%Y-%m-%d}."
    if ends - now < CERTIFICATE_LATE:
        return [wrong("certificate", told, remedy)]
    return [warn("certificate", told, remedy) if ends - now < CERTIFICATE_SOON else fine("certificate", told)]


def reach(url: str) -> str:
    """Ask our own /health through the public address; gives what is wrong, or nothing."""
    line = Line(url, 1, PATIENCE)
    try:
        reply = line.call(Request("GET", f"{url}/health"), "health")
    except LostError as lost:
        return f"no answer ({lost.code})"
    finally:
        line.close()
    if reply.status_code == 200 and '"status"' in reply.text[:200]:
        return ""
    return f"another answer than ours (HTTP {reply.status_code})"


def judge_reach(url: str, trouble: str, heard: bool) -> Diagnosis:
    """Of what our own address answered us, and of whether a gateway called lately."""
    if not trouble:
        return fine("public address", f"{url} reaches us.")
    remedy = "Check name, proxy and firewall; from a phone without Wi-Fi open this address with /health at its end."
    if heard:
        return warn("public address", f"From this computer {url} gives {trouble}, but gateways do reach it.", remedy)
    return wrong("public address", f"{url} gives {trouble}: gateways cannot bring SMS and receipts.", remedy)


def clocks(here: Installation, now: datetime) -> Iterable[Diagnosis]:
    """Our clock and those of the gateways agree."""
    with here.db.read() as session:
        rows = session.scalars(sa.select(Gateway).where(Gateway.adapter != SIMULATOR).order_by(Gateway.id)).all()
    addresses = here.settings.base_addresses
    offs: dict[str, int] = {}
    for row in rows:
        address = addresses.get(row.adapter, "")
        off = row.clock_off if signs.is_telephone(row) else None
        if off is None and address and not is_loopback(address):
            off = ahead(told_by(address), datetime.now(UTC))
        if off is not None:
            offs[row.name] = off
    return judge_clocks(offs, {row.name for row in rows if signs.is_telephone(row)})


def told_by(address: str) -> str:
    """The Date header of an address, whatever else it answers; empty when there is none."""
    line = Line(address, 1, PATIENCE)
    try:
        return line.call(Request("HEAD", address), "health").headers.get("Date", "")
    except LostError:
        return ""
    finally:
        line.close()


def ahead(told: str, now: datetime) -> int | None:
    """By how many seconds a Date header is ahead of our clock; None when it is no date."""
    try:
        at = parsedate_to_datetime(told)
    except ValueError:
        return None
    return round(((at if at.tzinfo else at.replace(tzinfo=UTC)) - now).total_seconds())


def judge_clocks(offs: Mapping[str, int], telephones: Collection[str]) -> list[Diagnosis]:
    """Say whose clock is wrong, from the seconds by which each gateway's is ahead of ours.

    Two that agree against us outweigh us; one that agrees with us outweighs those that do not. One alone leaves it
    open, but a provider's servers are set by better clocks than ours, and a telephone's often by hand.
    """
    if not offs:
        return [fine("clock", "There is no other clock to compare ours with.")]
    off = {name: seconds for name, seconds in offs.items() if abs(seconds) > CLOCK_MOST}
    if not off:
        return [fine("clock", f"Our clock agrees with {' and '.join(offs)}.")]
    remedy = "On this computer: timedatectl, then install chrony."
    is_ours = len(off) == len(offs) and max(off.values()) - min(off.values()) <= CLOCK_MOST
    if is_ours and (len(off) > 1 or not off.keys() <= set(telephones)):
        seconds = next(iter(off.values()))
        told = f"The clock of this computer is {_minutes(seconds)} {'slow' if seconds > 0 else 'fast'}"
        told += f", by the clock of {' and '.join(off)}: SMS leave at the wrong hour, calls of gateways are refused."
        return [wrong("clock", told, remedy)]
    other = "On the telephone: date and time automatic. If it is right: timedatectl on this computer."
    return [
        wrong(
            "clock", f"The clock of {name} is {_minutes(seconds)} {'ahead of' if seconds > 0 else 'behind'} ours.",
            other if name in telephones else remedy,
        )
        for name, seconds in off.items()
    ]  # fmt: skip


def _minutes(seconds: int) -> str:
    minutes = abs(seconds) / 60
    return f"{minutes:.0f} min" if minutes < 120 else f"{minutes / 60:.0f} h"


def mail_server(here: Installation, _now: datetime) -> Iterable[Diagnosis]:
    """The mail server of the alarms takes our calls."""
    server, check = here.settings.smtp, "mail"
    if server is None:
        return [fine(check, "No mail server is set: alarms go by SMS alone.")]
    try:
        mail.greet(server, here.settings.alarm_from)
    except (OSError, ValueError) as error:  # SMTPException is an OSError
        told = (
            f"The mail server {server.host} does not take our calls ({type(error).__name__}): alarms go by SMS alone."
        )
        return [wrong(check, told, "Check JEKULU_SMTP, the password, and that the firewall lets us out.")]
    return [fine(check, f"The mail server {server.host} takes our calls.")]
