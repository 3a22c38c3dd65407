"""E-mail by a mail server of the operator's own; knows no alarm, and never runs inside a transaction."""

from __future__ import annotations

import smtplib
import ssl
from contextlib import closing, suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from typing import Literal
from urllib.parse import SplitResult, unquote, urlsplit

import structlog

from messaging.clock import utc_now

log = structlog.get_logger()
PATIENCE_SECONDS = 10  # for each word of the server
SHAPE = (
    "write smtp://host:25, smtp://user:password@host:587 or smtps://user:password@host:465; "
    "a / @ : # ? or % in user or password as %2F %40 %3A %23 %3F %25"
)


@dataclass(frozen=True)
class MailServer:
    """Where e-mail is handed in, and how."""

    host: str
    port: int
    user: str = ""
    password: str = field(default="", repr=False)
    tls: Literal["if offered", "demanded", "from the start"] = "if offered"


def parse(address: str) -> MailServer | None:
    """Read the address of a mail server; None for the empty one.

    With a user STARTTLS is demanded and the server's certificate is checked, because a password is at stake. Without
    one TLS is used when it is offered, with any certificate: a mail server on the same machine has a home-made one.

    Raises:
        ValueError: it is no such address; the sentence repeats nothing of it, for it may hold a password.
    """
    if not address.strip():
        return None
    try:
        parts = urlsplit(address.strip())
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ValueError(SHAPE) from None
    if (
        parts.scheme not in ("smtp", "smtps")
        or not host
        or _has_more(parts)
        or bool(parts.username) != bool(parts.password)
    ):
        raise ValueError(SHAPE)
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if parts.scheme == "smtps":
        return MailServer(host, port or 465, user, password, "from the start")
    return MailServer(host, port or (587 if user else 25), user, password, "demanded" if user else "if offered")


def _has_more(parts: SplitResult) -> bool:
    return parts.path not in ("", "/") or bool(parts.query or parts.fragment)


def letter(sender: str, to: tuple[str, ...], subject: str, body: str) -> EmailMessage:
    """One e-mail to all of them, ready to be handed in."""
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = sender, ", ".join(to), subject
    made["Date"] = format_datetime(utc_now())
    made["Message-ID"] = make_msgid(domain=_domain(sender))
    made["Auto-Submitted"] = "auto-generated"  # so that nobody's absence answers it
    made.set_content(body)
    return made


def send(server: MailServer, made: EmailMessage) -> None:
    """Hand one e-mail in.

    Raises:
        OSError: the server cannot be reached, does not answer in time, or does not take it (`smtplib.SMTPException`).
    """
    smtp = _connected(server, _domain(made["From"]))
    with closing(smtp):
        _secure(smtp, server)
        if server.user:
            smtp.login(server.user, server.password)
        refused = smtp.send_message(made)
        with suppress(OSError):  # it has the letter: how it takes our good-bye changes nothing
            smtp.quit()
    if refused:
        log.warning("a mail server refused some addresses", refused=len(refused))


def greet(server: MailServer, sender: str) -> None:
    """Connect and sign in as `send` does, and hang up; raises what it raises."""
    with _connected(server, _domain(sender)) as smtp:
        _secure(smtp, server)
        if server.user:
            smtp.login(server.user, server.password)


def _connected(server: MailServer, ours: str) -> smtplib.SMTP:
    if server.tls == "from the start":
        return smtplib.SMTP_SSL(
            server.host, server.port, ours, timeout=PATIENCE_SECONDS, context=ssl.create_default_context()
        )
    return smtplib.SMTP(server.host, server.port, ours, timeout=PATIENCE_SECONDS)


def _secure(smtp: smtplib.SMTP, server: MailServer) -> None:
    smtp.ehlo_or_helo_if_needed()
    if server.tls == "demanded":
        smtp.starttls(context=ssl.create_default_context())  # raises when the server does not offer it
    elif server.tls == "if offered" and smtp.has_extn("starttls"):
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        smtp.starttls(context=context)


def _domain(sender: str) -> str:
    """What we call ourselves: asking the machine for its name may take long."""
    return sender.rpartition("@")[2].strip(" >") or "localhost"
