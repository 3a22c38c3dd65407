"""The file around a backup: a header that anybody may read, then pieces that only the installation's key opens.

Pieces are numbered and the last one is marked, so that none can be changed, left out, put elsewhere or cut off unseen.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from messaging.errors import DataError
from messaging.phones import Keys

FORMAT = b"jekulu backup "
FIRST = FORMAT + b"1\n"
PIECE = 1 << 20  # bytes of lines in a piece, before they are packed and sealed
LONGEST = PIECE + (1 << 16)  # of a sealed piece
LONGEST_HEADER = 4096
SIZE = 4  # bytes of the length before a piece


class DamagedError(DataError):
    """The file is damaged or was cut off: nothing of it can be trusted. Take another backup."""


@dataclass(frozen=True)
class Header:
    """What is told of a backup before it is opened."""

    version: str  # of the product
    revision: str  # of the tables
    made_at: str  # ISO 8601, UTC
    fingerprint: str  # of the key that opens it
    salt: str  # hexadecimal

    @classmethod
    def new(cls, version: str, revision: str, made_at: datetime, keys: Keys) -> Header:
        """The header of a backup that begins now."""
        return cls(version, revision, made_at.isoformat(), keys.fingerprint(), secrets.token_hex(32))

    @property
    def time(self) -> datetime:
        """When it was made: what is in the backup was so at that moment."""
        return datetime.fromisoformat(self.made_at)

    def line(self) -> bytes:
        """As it stands in the file; every piece is bound to it."""
        return json.dumps(asdict(self), sort_keys=True).encode() + b"\n"


class Writer:
    """Seals lines into a file, piece by piece; without `close` the file counts as cut off."""

    def __init__(self, file: BinaryIO, header: Header, keys: Keys) -> None:
        """Write the header."""
        self._file, self._seal, self._count = file, _Seal(header, keys), 0
        self._kept = bytearray()
        file.write(FIRST + header.line())

    def write(self, line: bytes) -> None:
        """Add one line, its end included."""
        self._kept += line
        while len(self._kept) > PIECE:
            self._put(bytes(self._kept[:PIECE]), last=False)
            del self._kept[:PIECE]

    def close(self) -> None:
        """Write the last piece; the file itself stays open."""
        self._put(bytes(self._kept), last=True)

    def _put(self, piece: bytes, last: bool) -> None:
        sealed = self._seal.close(piece, self._count, last)
        self._file.write(len(sealed).to_bytes(SIZE, "big") + sealed)
        self._count += 1


def read_header(file: BinaryIO) -> Header:
    """Read the beginning of a backup.

    Raises:
        DataError: it is no backup, or of a form that only a newer version reads.
        DamagedError: it begins as one and goes on otherwise.
    """
    first = file.readline(len(FIRST) + 8)
    if not first.startswith(FORMAT):
        raise DataError("This file is no backup of Jɛkulu. Give a file that `jekulu backup` wrote.")
    if first != FIRST:
        raise DataError("This backup was made by a newer Jɛkulu. Install that version or a later one.")
    try:
        header = Header(**json.loads(file.readline(LONGEST_HEADER)))
        is_whole = all(isinstance(getattr(header, item.name), str) for item in fields(Header)) and header.time.tzinfo
        bytes.fromhex(header.salt)
    except (ValueError, TypeError):
        raise DamagedError from None
    if not is_whole:
        raise DamagedError
    return header


def lines(file: BinaryIO, header: Header, keys: Keys) -> Iterator[bytes]:
    """Give every line of a backup whose header was read, with its end.

    Raises:
        DataError: another key than ours made it.
        DamagedError: a piece is not as it was written, or pieces are missing.
    """
    if header.fingerprint != keys.fingerprint():
        raise DataError(
            f"This backup was made with another key: it needs the one with the fingerprint {header.fingerprint}, and "
            f"the key here has {keys.fingerprint()}. Put the right key file in its place, or name it with "
            "JEKULU_KEY_FILE."
        )
    kept = b""
    for piece in _pieces(file, _Seal(header, keys)):
        *whole, kept = (kept + piece).split(b"\n")
        yield from (line + b"\n" for line in whole)
    if kept:
        raise DamagedError


def _pieces(file: BinaryIO, seal: _Seal) -> Iterator[bytes]:
    number = 0
    following = _sealed(file)
    while following is not None:
        sealed, following = following, _sealed(file)
        yield seal.open(sealed, number, last=following is None)
        number += 1
    if not number:
        raise DamagedError


def _sealed(file: BinaryIO) -> bytes | None:
    """The next piece as it stands in the file; None at the end."""
    size = file.read(SIZE)
    if not size:
        return None
    length = int.from_bytes(size, "big")
    sealed = file.read(length) if len(size) == SIZE and length <= LONGEST else b""
    if len(sealed) != length or not sealed:
        raise DamagedError
    return sealed


class _Seal:
    """One file's own cipher: a nonce is the number of the piece and whether it is the last, used once."""

    def __init__(self, header: Header, keys: Keys) -> None:
        secret = bytes.fromhex(keys.derive("backup"))
        own = HKDF(SHA256(), 32, salt=bytes.fromhex(header.salt), info=FIRST).derive(secret)
        self._cipher = AESGCM(own)
        self._about = hashlib.sha256(header.line()).digest()

    def close(self, piece: bytes, number: int, last: bool) -> bytes:
        return self._cipher.encrypt(_nonce(number, last), zlib.compress(piece), self._about)

    def open(self, sealed: bytes, number: int, last: bool) -> bytes:
        try:
            return zlib.decompress(self._cipher.decrypt(_nonce(number, last), sealed, self._about))
        except (InvalidTag, zlib.error):
            raise DamagedError from None


def _nonce(number: int, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])
