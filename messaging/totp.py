"""Codes of an authenticator: six digits that change every half minute; knows no account.

Source: RFC 6238 with HMAC-SHA1, RFC 4226; the address is the one that authenticator applications read.
"""

from __future__ import annotations

import base64
import hmac
import secrets
from datetime import datetime
from urllib.parse import quote, urlencode

STEP = 30  # seconds
WINDOW = 1  # steps before and after, for clocks that go wrong
DIGITS = 6
SECRET_BYTES = 20
ISSUER = "Jekulu"


def new_secret() -> str:
    """A new secret of 160 bits, in base32: 32 letters and digits."""
    return base64.b32encode(secrets.token_bytes(SECRET_BYTES)).decode()


def step_at(now: datetime) -> int:
    """The number of the half minute since 1970."""
    return int(now.timestamp()) // STEP


def code(secret: str, step: int) -> str:
    """The six digits of one half minute."""
    digest = hmac.digest(base64.b32decode(secret), step.to_bytes(8, "big"), "sha1")
    start = digest[-1] & 0x0F
    number = int.from_bytes(digest[start : start + 4], "big") & 0x7FFF_FFFF
    return f"{number % 10**DIGITS:0{DIGITS}d}"


def match(secret: str, typed: str, now: datetime, last_step: int | None) -> int | None:
    """The half minute that a typed code belongs to, one after `last_step`; None: wrong, too old, or used already."""
    here = step_at(now)
    steps = [step for step in range(here - WINDOW, here + WINDOW + 1) if last_step is None or step > last_step]
    hits = [step for step in steps if hmac.compare_digest(code(secret, step).encode(), typed.encode())]
    return hits[-1] if hits else None


def address(secret: str, account: str) -> str:
    """The `otpauth` address of an account, for the square that a telephone reads."""
    asked = urlencode({"secret": secret, "issuer": ISSUER, "digits": DIGITS, "period": STEP})
    return f"otpauth://totp/{ISSUER}:{quote(account, safe='@')}?{asked}"
