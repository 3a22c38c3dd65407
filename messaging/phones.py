"""Phone numbers: read, hidden and kept under lock; knows neither members nor the tables that hold them.

DataError
└── NumberError       what was typed is no number that can get an SMS
SettingError
└── KeyFileError      the key of this installation cannot be read or made
JekuluError
└── SealError         a sealed number was sealed with another key
"""

from __future__ import annotations

import contextlib
import hmac
import logging
import os
import re
import secrets
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal

import phonenumbers
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from phonenumbers import NumberParseException, PhoneNumberType, ValidationResult

from messaging import fold
from messaging.errors import DataError, JekuluError, SettingError

log = logging.getLogger(__name__)

NumberFault = Literal[
    "empty",
    "unreadable",
    "shortened",
    "too_short",
    "too_long",
    "wrong_length",
    "unknown_country",
    "landline",
    "not_mobile",
    "premium",
]
SENTENCES: dict[NumberFault, str] = {
    "empty": "There is no phone number.",
    "unreadable": "This is not one phone number. Write its digits only, such as 76 12 34 56.",
    "shortened": "The spreadsheet has shortened this number. Format the column as text and type the number again.",
    "too_short": "Digits are missing. A number of Mali has 8 digits; a foreign one starts with + and its country.",
    "too_long": "There are too many digits. Write one number: 8 digits for Mali, + and the country otherwise.",
    "wrong_length": "Numbers of that country have another length. Check each digit.",
    "unknown_country": "No country has this code. A number of Mali is written +223 and 8 digits.",
    "landline": "This is a landline, which gets no SMS. Give a mobile number.",
    "not_mobile": "No mobile number of Mali starts with these digits. Check the first two.",
    "premium": "Writing to this number costs extra. Give an ordinary mobile number.",
}
MALI = 223

_LABEL = re.compile(r"tel(?:ephone)?[ .:]*")
_EXPONENT = re.compile(r"(\d)(?:[.,](\d+))?e\+?(\d{1,2})")
_WHOLE = re.compile(r"(\+?\d+)[.,]0+")
_NUMBER = re.compile(r"\(?\+?[\d ()./-]*")
_NOT_DIGITS = re.compile(r"\D")
_TOO_LARGE = 10**20
_LENGTHS: dict[int, NumberFault] = {
    ValidationResult.TOO_SHORT: "too_short",
    ValidationResult.IS_POSSIBLE_LOCAL_ONLY: "too_short",
    ValidationResult.TOO_LONG: "too_long",
    ValidationResult.INVALID_LENGTH: "wrong_length",
    ValidationResult.INVALID_COUNTRY_CODE: "unknown_country",
}
_PARSE_FAULTS: dict[int, NumberFault] = {
    NumberParseException.INVALID_COUNTRY_CODE: "unknown_country",
    NumberParseException.TOO_LONG: "too_long",
}
_DEAR_TYPES = (PhoneNumberType.PREMIUM_RATE, PhoneNumberType.SHARED_COST)


class NumberError(DataError):
    """What was typed is no number that can get an SMS; `fault` names why, and the number is never repeated."""

    def __init__(self, fault: NumberFault) -> None:
        super().__init__(SENTENCES[fault])
        self.fault: NumberFault = fault


class KeyFileError(SettingError):
    """The key of this installation cannot be read or made."""


class SealError(JekuluError):
    """A stored phone number does not open with this key. Put back the key file that belongs to this database."""


def parse(raw: object, country: str = "ML") -> str:
    """Read one phone number, as typed or as a spreadsheet hands it over (`22376123456.0`), into E.164.

    Args:
        raw: text, or a whole number as int or float.
        country: where a number without + or 00 belongs, two capitals (ISO 3166).

    Of Mali only mobile numbers are taken; of other countries what may be one.

    Raises:
        NumberError: anything else.

    Source: phonenumbers, the numbering plans of ITU-T E.164.
    """
    number = _parsed(_digits(_typed(raw)), country)
    fault = _LENGTHS.get(phonenumbers.is_possible_number_with_reason(number)) or _type_fault(number)
    if fault:
        raise NumberError(fault)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _typed(raw: object) -> str:
    if raw is None:
        return ""
    if isinstance(raw, str):
        return fold.plain(raw).strip("'\" ")
    if isinstance(raw, (int, float)) and not isinstance(raw, bool) and 0 <= raw < _TOO_LARGE and raw == int(raw):
        return str(int(raw))
    raise NumberError("unreadable")


def _digits(typed: str) -> str:
    """Give digits, with + in front of an international number."""
    if not typed:
        raise NumberError("empty")
    typed = _LABEL.sub("", typed, count=1) if typed.startswith("tel") else typed
    typed = _without_excel(typed).replace("(0)", "")
    if not _NUMBER.fullmatch(typed):
        raise NumberError("unreadable")
    digits = _NOT_DIGITS.sub("", typed)
    if not digits:
        raise NumberError("unreadable")
    if digits.startswith("00"):
        return "+" + digits[2:]
    return "+" + digits if "+" in typed else digits


def _without_excel(typed: str) -> str:
    """Undo what a spreadsheet makes of a number: `22376123456.0`, `2.2376123456E+10`."""
    if whole := _WHOLE.fullmatch(typed):
        return whole[1]
    if not (power := _EXPONENT.fullmatch(typed)):
        return typed
    digits = power[1] + (power[2] or "")
    if len(digits) != int(power[3]) + 1:
        # 2.23761E+10 stands for a thousand numbers; the zeros that would fill it up are a guess.
        raise NumberError("shortened")
    return digits


def _parsed(digits: str, country: str) -> phonenumbers.PhoneNumber:
    try:
        return phonenumbers.parse(digits, country)
    except NumberParseException as error:
        raise NumberError(_PARSE_FAULTS.get(error.error_type, "too_short")) from None


def _type_fault(number: phonenumbers.PhoneNumber) -> NumberFault | None:
    kind = phonenumbers.number_type(number)
    if kind == PhoneNumberType.FIXED_LINE:
        return "landline"
    if number.country_code == MALI:
        return None if kind == PhoneNumberType.MOBILE else "not_mobile"
    return "premium" if kind in _DEAR_TYPES else None


# Hiding. Better one count too many hidden than one number shown, but a log must keep its times and its ids.

_GAP = r"[ \t./\u00a0\u00ad\u061c\u2000-\u2015\u202a-\u202f\u205f-\u2069\u2212\u3000\ufeff-]"
_CLOCK = r"\d\d:\d\d(?::\d\d(?:[.,]\d{1,6})?)?(?!\d)"
_MONTH_DAY = r"(?:0[1-9]|1[0-2])(?P=gap)(?:0[1-9]|[12]\d|3[01])(?!\d)"
_KEPT = (
    rf"(?<!\d)(?:19|20)\d\d(?P<gap>[./-]){_MONTH_DAY}(?:[T ]{_CLOCK})?",
    r"(?<!\d)(?:0[1-9]|[12]\d|3[01])(?P<dot>[./-])(?:0[1-9]|1[0-2])(?P=dot)(?:19|20)\d\d(?!\d)",
    rf"(?<!\d){_CLOCK}",
    r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b",
    r"\b(?:[A-Z]{2})?[0-9a-f]{32,64}\b",
)
_HIDDEN = (
    rf"\+(?:{_GAP}|[()]){{0,3}}\d(?:(?:{_GAP}|[()]){{0,3}}\d)*",
    rf"(?<!\d)\d(?:{_GAP}\d){{7,}}(?!\d)",
    rf"\d{{2,}}(?:{_GAP}{{1,3}}\d{{2,}})*",
)
_SCAN = re.compile(f"(?P<kept>{'|'.join(_KEPT)})|{'|'.join(_HIDDEN)}")
_PHONE_DIGITS = 7
PLACEHOLDER = "[numéro]"


def mask(number: str) -> str:
    """Show the last two digits only: `•• 56`; of fewer than six digits nothing."""
    digits = _NOT_DIGITS.sub("", number)
    return f"•• {digits[-2:]}" if len(digits) >= 6 else "••"


def redact(text: str) -> str:
    """Write `[numéro]` for each run of seven or more digits, also when blanks, points, hyphens or slashes group them.

    Groups have two digits or more, or all one; after a + any. Dates, times, UUIDs and long hexadecimal ids stay.
    A second call changes nothing.
    """
    return _SCAN.sub(_redacted, text)


def _redacted(hit: re.Match[str]) -> str:
    is_phone = hit["kept"] is None and len(_NOT_DIGITS.sub("", hit[0])) >= _PHONE_DIGITS
    return PLACEHOLDER if is_phone else hit[0]


# Keeping.

_SECRET_BYTES = 32
_NONCE_BYTES = 12
_SEAL_VERSION = b"\x01"
_KEY_FILE = re.compile(rf"[0-9a-f]{{{2 * _SECRET_BYTES}}}")
_OPEN_TO_OTHERS = 0o077


@dataclass(frozen=True)
class Keys:
    """The secret of one installation and what comes from it; it is never shown, and lives outside the database.

    Each purpose has a key of its own (HKDF-SHA256, RFC 5869), so none tells anything of another.
    """

    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.secret) != _SECRET_BYTES:
            raise KeyFileError(f"A key has {_SECRET_BYTES} bytes, this one {len(self.secret)}.")

    @classmethod
    def load_or_make(cls, path: Path) -> Keys:
        """Read the key file; at the first start make it, readable by its owner only.

        Two processes that start at once get the same key, and a crash leaves a whole file or none.

        Raises:
            KeyFileError: the file is not a key, or cannot be read or made.
        """
        try:
            if not path.exists():
                _make_file(path)
            return cls(_secret_in(path))
        except OSError as error:
            raise KeyFileError(
                f"The key file {path} cannot be used ({error.strerror}). Give the user who runs this service the right "
                "to read and write it."
            ) from None

    def seal(self, number: str) -> bytes:
        """Encrypt a number (AES-256-GCM); each call gives other bytes, and `open` reads them all."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return _SEAL_VERSION + nonce + self._cipher.encrypt(nonce, number.encode(), _SEAL_VERSION)

    def open(self, sealed: bytes) -> str:
        """Decrypt a sealed number.

        Raises:
            SealError: it was sealed with another key, or changed since.
        """
        version, nonce, body = sealed[:1], sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
        if version != _SEAL_VERSION or len(nonce) != _NONCE_BYTES:
            raise SealError
        try:
            return self._cipher.decrypt(nonce, body, version).decode()
        except InvalidTag:
            raise SealError from None

    def find(self, number: str) -> str:
        """Give the keyed hash by which a number is found (HMAC-SHA256, 64 hex digits); take it of the E.164 form."""
        return hmac.digest(self._finder, number.encode(), "sha256").hex()

    def mac(self, purpose: str, *parts: str) -> str:
        """Give 16 hex digits that only this key makes of these parts, in this order, for this purpose."""
        # The lengths keep ("ab", "c") and ("a", "bc") apart.
        pieces = (len(piece).to_bytes(4, "big") + piece for piece in (_bytes(part) for part in (purpose, *parts)))
        return hmac.digest(self._signer, b"".join(pieces), "sha256").hex()[:16]

    def check_mac(self, given: str, purpose: str, *parts: str) -> bool:
        """Tell whether a code is the `mac` of these parts; takes the same time whether it is nearly right or not."""
        return hmac.compare_digest(_bytes(given), self.mac(purpose, *parts).encode())

    def derive(self, purpose: str) -> str:
        """Give a secret of 64 hex digits for one purpose, such as the web cookie; always the same for this key."""
        return self._sub_key(f"derive {purpose}").hex()

    def fingerprint(self) -> str:
        """Give 16 hex digits that tell this key from another and reveal nothing of it."""
        return self._sub_key("fingerprint")[:8].hex()

    @cached_property
    def _cipher(self) -> AESGCM:
        return AESGCM(self._sub_key("seal"))

    @cached_property
    def _finder(self) -> bytes:
        return self._sub_key("find")

    @cached_property
    def _signer(self) -> bytes:
        return self._sub_key("mac")

    def _sub_key(self, purpose: str) -> bytes:
        return HKDF(SHA256(), _SECRET_BYTES, salt=None, info=f"jekulu 1 {purpose}".encode()).derive(self.secret)


def _bytes(text: str) -> bytes:
    # What comes from an address may hold lone surrogates; that must give a wrong code, not a crash.
    return text.encode("utf-8", "surrogatepass")


def _make_file(path: Path) -> None:
    """Write the key beside its place, then give it its name: nobody ever sees half a file, and the first one wins."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = secrets.token_hex(_SECRET_BYTES) + "\n"
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    _write_new(draft, text)
    try:
        os.link(draft, path)
        _keep_name(path.parent)
    except FileExistsError:
        pass
    except OSError:
        # A disk without hard links, such as a memory card.
        with contextlib.suppress(FileExistsError):
            _write_new(path, text)
    finally:
        draft.unlink()


def _write_new(path: Path, text: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _keep_name(folder: Path) -> None:
    """Make the name in the folder survive a power cut; numbers sealed with a lost key are lost."""
    if os.name == "nt":
        return
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _secret_in(path: Path) -> bytes:
    text = path.read_bytes().strip().decode("ascii", "replace")
    if not _KEY_FILE.fullmatch(text):
        raise KeyFileError(
            f"The file {path} is not a key: it must hold {2 * _SECRET_BYTES} hexadecimal digits. Put back your copy of "
            "it, because without it no stored phone number can be read. Delete it only when nothing is stored yet."
        )
    if os.name != "nt" and path.stat().st_mode & _OPEN_TO_OTHERS:
        log.warning("Others on this machine can read the key file %s. Run: chmod 600 %s", path, path)
    return bytes.fromhex(text)
