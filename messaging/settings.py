"""The settings: one table of name, kind, default and sentence, read from the environment at the start.

`docs/settings.md` is written from this table and a test holds the two together. A wrong value stops the start with a
sentence that names the setting and says what to do.
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from messaging.clock import parse_duration
from messaging.errors import DataError, SettingError
from messaging.mail import MailServer, parse

SHORTEST_KEY = 16  # of the key with which a telephone signs; the 8 signs that its app makes by itself are too few
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def _setting(name: str, read: Callable[[str], Any], default: str, sentence: str) -> Any:
    return field(metadata={"name": name, "read": read, "default": default, "sentence": sentence})


def _text(value: str) -> str:
    return value.strip()


def _path(value: str) -> Path:
    return Path(value).expanduser().resolve()


def _optional_path(value: str) -> Path | None:
    return _path(value) if value else None


def _port(value: str) -> int:
    number = int(value)
    if not 1 <= number <= 65_535:
        raise ValueError("write a number from 1 to 65535")
    return number


def _count(value: str) -> int:
    number = int(value)
    if number < 1:
        raise ValueError("write a number of 1 or more")
    return number


def _address(value: str) -> str:
    value = value.strip().rstrip("/")
    if not value:
        return ""
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query or parts.fragment:
        raise ValueError("write an address such as https://sms.example.org, without user, ? or #")
    if parts.hostname != parts.hostname.lower() or parts.netloc != parts.netloc.lower():
        raise ValueError("write the host in small letters")
    return value


def _signing_keys(value: str) -> tuple[str, ...]:
    keys = tuple(part.strip() for part in value.split(",") if part.strip())
    short = [len(key) for key in keys if len(key) < SHORTEST_KEY]
    if short:
        raise ValueError(
            f"a key of {short[0]} signs can be guessed: write {SHORTEST_KEY} or more, here and in the app on the phone"
        )
    return keys


def _length(value: str) -> timedelta:
    return parse_duration(value)


def _lengths(value: str) -> tuple[timedelta, ...]:
    return tuple(parse_duration(part) for part in value.split())


def _words(value: str) -> tuple[str, ...]:
    return tuple(value.split())


def _mailbox(value: str) -> str:
    if value and not all(value.partition("@")):
        raise ValueError(f"« {value} » is no e-mail address")
    return value.strip()


def _mailboxes(value: str) -> tuple[str, ...]:
    return tuple(map(_mailbox, value.split()))


def _networks(value: str) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(part, strict=False) for part in value.replace(",", " ").split())


def _level(value: str) -> str:
    if value.upper() not in ("DEBUG", "INFO", "WARNING", "ERROR"):
        raise ValueError("write DEBUG, INFO, WARNING or ERROR")
    return value.upper()


@dataclass(frozen=True)
class Settings:
    """All settings of one installation; made by `load`."""

    data: Path = _setting(
        "JEKULU_DATA",
        _path,
        "jekulu-data",
        "Folder of the database, the key and the simulator's book. Made at the first start.",
    )
    database: str = _setting(
        "JEKULU_DATABASE",
        _text,
        "",
        "Address of the database. Empty: SQLite in the data folder. PostgreSQL: postgresql://user:password@host/name.",
    )
    key_file: Path | None = _setting(
        "JEKULU_KEY_FILE",
        _optional_path,
        "",
        "File of the key that seals phone numbers. Empty: jekulu.key in the data folder. Keep a second copy elsewhere.",
    )
    host: str = _setting("JEKULU_HOST", _text, "127.0.0.1", "Address the web server listens on.")
    port: int = _setting("PORT", _port, "8000", "Port the web server listens on.")
    public_url: str = _setting(
        "JEKULU_PUBLIC_URL",
        _address,
        "",
        "Public address of this installation as gateways see it, such as https://sms.example.org. "
        "Needed by every gateway except the simulator.",
    )
    log_level: str = _setting("JEKULU_LOG", _level, "INFO", "How much is logged: DEBUG, INFO, WARNING or ERROR.")
    plan_ahead: timedelta = _setting(
        "JEKULU_PLAN_AHEAD", _length, "15m", "How long before its hour a message is put in the outbox."
    )
    stuck_after: timedelta = _setting(
        "JEKULU_STUCK_AFTER", _length, "60s", "After this time an attempt without an outcome counts as unknown."
    )
    resolve_after: tuple[timedelta, ...] = _setting(
        "JEKULU_RESOLVE_AFTER", _lengths, "60s 5m 15m", "When an unknown attempt is looked up at its gateway."
    )
    looks_apart: timedelta = _setting(
        "JEKULU_LOOKS_APART",
        _length,
        "10m",
        "How far apart two empty looks must lie before an attempt is not sent.",
    )
    retry_first: timedelta = _setting(
        "JEKULU_RETRY_FIRST",
        _length,
        "2m",
        "How long a message waits after its first temporary failure; after each further one twice as long, "
        "4 hours at most.",
    )
    answer_within: timedelta = _setting(
        "JEKULU_ANSWER_WITHIN",
        _length,
        "12s",
        "How long a gateway may take to answer; half of JEKULU_STUCK_AFTER at most.",
    )
    poll_every: timedelta = _setting(
        "JEKULU_POLL_EVERY", _length, "5m", "How often a gateway is asked for its list of received SMS."
    )
    silent_after: timedelta = _setting(
        "JEKULU_SILENT_AFTER", _length, "10m", "After this time without a sign of the engine those on duty are told."
    )
    exchanges: timedelta = _setting(
        "JEKULU_EXCHANGES",
        _length,
        "14d",
        "How long the log of exchanges with gateways is kept; it holds no number and no text.",
    )
    backups: Path | None = _setting(
        "JEKULU_BACKUPS",
        _optional_path,
        "",
        "Folder of the backups that `jekulu upgrade` makes. Empty: backups in the data folder.",
    )
    smtp: MailServer | None = _setting(
        "JEKULU_SMTP",
        parse,
        "",
        "Mail server for alarms: smtp://host:25, smtp://user:password@host:587 (with STARTTLS) or smtps://… "
        "Empty: alarms go by SMS alone.",
    )
    alarm_from: str = _setting("JEKULU_ALARM_FROM", _mailbox, "", "Sender of the alarm e-mails.")
    alarm_to: tuple[str, ...] = _setting(
        "JEKULU_ALARM_TO", _mailboxes, "", "Addresses that get every alarm by e-mail, with blanks between them."
    )
    workers: int = _setting(
        "JEKULU_WORKERS", _count, "16", "How many messages are handed over to one gateway at the same time."
    )
    metrics_token: str = _setting(
        "JEKULU_METRICS_TOKEN", _text, "", "Word that opens /metrics as a bearer token. Empty: /metrics is closed."
    )
    dhis2_token: str = _setting(
        "JEKULU_DHIS2_TOKEN",
        _text,
        "",
        "Personal access token of the DHIS2 instance that `jekulu dhis2` brings values to.",
    )
    twilio_api: str = _setting(
        "JEKULU_TWILIO_API",
        _address,
        "https://api.twilio.com",
        "Base address of Twilio's API.",
    )
    twilio_account: str = _setting("TWILIO_ACCOUNT_SID", _text, "", "Account of Twilio, starts with AC.")
    twilio_token: str = _setting("TWILIO_AUTH_TOKEN", _text, "", "Secret of the Twilio account.")
    android_api: str = _setting(
        "JEKULU_ANDROID_API",
        _address,
        "",
        "Base address of the API of SMS Gateway for Android: of the telephone itself, http://127.0.0.1:8080 through a "
        "tunnel, or of a server, https://sms.example.org/3rdparty/v1.",
    )
    android_user: str = _setting("JEKULU_ANDROID_USER", _text, "", "User of that API.")
    android_password: str = _setting("JEKULU_ANDROID_PASSWORD", _text, "", "Password of that API.")
    android_keys: tuple[str, ...] = _setting(
        "JEKULU_ANDROID_KEY",
        _signing_keys,
        "",
        "Key with which the telephone signs its calls, 16 signs or more. Several, with commas, while it is changed.",
    )

    kannel_api: str = _setting(
        "JEKULU_KANNEL_API", _address, "http://127.0.0.1:13013", "Base address of Kannel's smsbox (sendsms)."
    )
    kannel_user: str = _setting("JEKULU_KANNEL_USER", _text, "", "User of sendsms.")
    kannel_password: str = _setting("JEKULU_KANNEL_PASSWORD", _text, "", "Password of sendsms.")
    kannel_admin: str = _setting(
        "JEKULU_KANNEL_ADMIN", _address, "http://127.0.0.1:13000", "Base address of Kannel's bearerbox (status page)."
    )
    kannel_admin_password: str = _setting(
        "JEKULU_KANNEL_ADMIN_PASSWORD", _text, "", "Password of the status page. Empty: its health is not asked."
    )
    kannel_from: tuple[Network, ...] = _setting(
        "JEKULU_KANNEL_FROM",
        _networks,
        "",
        "Addresses or networks from which Kannel may call, such as 10.8.0.2 or 10.8.0.0/24. Empty: this machine alone.",
    )

    @property
    def key_path(self) -> Path:
        """Where the key lies."""
        return self.key_file or self.data / "jekulu.key"

    @property
    def database_url(self) -> str:
        """The address of the database that is used."""
        return self.database or f"sqlite:///{self.data / 'jekulu.sqlite'}"

    @property
    def base_addresses(self) -> dict[str, str]:
        """Base address of each real gateway's API, by adapter."""
        return {"twilio": self.twilio_api, "android": self.android_api, "kannel": self.kannel_api}


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Read all settings.

    Raises:
        SettingError: a value is wrong; all wrong values are named at once.
    """
    environ = os.environ if environ is None else environ
    values: dict[str, Any] = {}
    wrong = []
    for item in fields(Settings):
        name = item.metadata["name"]
        given = environ.get(name) or item.metadata["default"]
        try:
            values[item.name] = item.metadata["read"](given)
        except (ValueError, DataError) as error:
            wrong.append(f"{name}: {error}")
    if wrong:
        raise SettingError("\n".join(wrong))
    settings = Settings(**values)
    if settings.answer_within * 2 > settings.stuck_after:
        raise SettingError(
            "JEKULU_ANSWER_WITHIN must be half of JEKULU_STUCK_AFTER at most: "
            "else a call that is still under way would count as lost."
        )
    mail = (settings.smtp, settings.alarm_from, settings.alarm_to)
    if any(mail) and not all(mail):
        raise SettingError(
            "JEKULU_SMTP, JEKULU_ALARM_FROM and JEKULU_ALARM_TO belong together: set all three, or none of them."
        )
    return settings


def table() -> list[tuple[str, str, str, str]]:
    """Name, type, default and sentence of every setting, in the order of the class."""
    return [(m["name"], str(f.type), m["default"], m["sentence"]) for f in fields(Settings) for m in [f.metadata]]


def document() -> str:
    """The page `docs/settings.md`."""
    lines = [
        "# Settings",
        "",
        "Every setting is an environment variable. A wrong value stops the start with a sentence that says what to do.",
        "This page is written by `make docs` from `messaging/settings.py`.",
        "",
        "| name | type | default | what it does |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| `{name}` | {kind.replace('|', 'or')} | {f'`{default}`' if default else 'empty'} | {sentence} |"
        for name, kind, default, sentence in table()
    ]
    return "\n".join(lines) + "\n"
