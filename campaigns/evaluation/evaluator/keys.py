"""The keys of pseudonyms: one for each purpose and file, in a folder outside the database, gone when the purpose ends.

With them lies what first left under these pseudonyms, and goes with them.
No backup holds them. A key file says itself until when it may live, so that it goes also when its purpose is lost.
"""

from __future__ import annotations

import contextlib
import hmac
import os
import re
import secrets
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path

from campaigns.models import EvaluationPurpose
from messaging.errors import RefusedError
from messaging.settings import Settings

PERSONS, CLUSTERS = "persons", "clusters"
FILES = (PERSONS, CLUSTERS)
PREFIXES: Mapping[str, str] = {PERSONS: "p", CLUSTERS: "g"}
DIGITS = 12  # hexadecimal, of a pseudonym
KEY_BYTES = 32
FOLDER = "evaluation-keys"
SUFFIX = ".key"
FIRST = ".first"
_CONTENT = re.compile(rf"([0-9a-f]{{{2 * KEY_BYTES}}})\n(\d{{4}}-\d{{2}}-\d{{2}})\n")
GONE = (
    "Les clés de cette finalité n'existent plus : demandez-en une nouvelle. / "
    "The keys of this purpose are gone: ask for a new one."
)


def folder_of(settings: Settings) -> Path:
    """Where the keys lie: beside the key file of the installation."""
    return settings.key_path.parent / FOLDER


def make(folder: Path, purpose: EvaluationPurpose) -> None:
    """Make the keys of a purpose, readable by their owner only; what a crash left of them is replaced."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    destroy(folder, purpose)
    for file in FILES:
        content = f"{secrets.token_hex(KEY_BYTES)}\n{purpose.until.isoformat()}\n"
        _write(_path(folder, purpose, file), content, os.O_CREAT | os.O_EXCL)
    _keep_names(folder)


def read(folder: Path, purpose: EvaluationPurpose) -> dict[str, bytes]:
    """The keys of a purpose, by file.

    Raises:
        RefusedError: they are gone.
    """
    try:
        found = {file: _CONTENT.fullmatch(_path(folder, purpose, file).read_text("ascii")) for file in FILES}
    except (FileNotFoundError, UnicodeDecodeError):
        raise RefusedError(GONE) from None
    keys = {file: bytes.fromhex(content[1]) for file, content in found.items() if content}
    if len(keys) < len(FILES):
        raise RefusedError(GONE)
    return keys


def destroy(folder: Path, purpose: EvaluationPurpose) -> int:
    """Overwrite and remove the keys of a purpose; gives how many there were. A second call does nothing."""
    for path in folder.glob(f"{_stem(purpose)}{FIRST}*"):
        _destroy(path)
    return sum(_destroy(_path(folder, purpose, file)) for file in FILES)


def sweep(folder: Path, today: date) -> int:
    """Destroy every key whose last day is over by more than a zone's hours, whatever the database knows of it."""
    over = [path for path, until in _kept(folder) if until is None or until < today - timedelta(days=1)]
    gone = sum(map(_destroy, over))
    for path in folder.glob(f"*{FIRST}*"):
        if not any(folder.glob(f"{path.name.partition(FIRST)[0]}.*{SUFFIX}")):
            _destroy(path)
    return gone


def first(folder: Path, purpose: EvaluationPurpose) -> Path:
    """Where the files of a purpose lie as they first left."""
    return folder / f"{_stem(purpose)}{FIRST}"


def keep(path: Path, content: bytes) -> None:
    """Write a file for its owner only, whole or not at all."""
    half = path.with_name(f"{path.name}.half")
    with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    half.replace(path)
    _keep_names(path.parent)


def pseudonym(key: bytes, file: str, ident: int) -> str:
    """What a member or a club is called in one file of one purpose, such as `p7f3a91c0d2e4`."""
    return PREFIXES[file] + hmac.digest(key, str(ident).encode(), "sha256").hex()[:DIGITS]


def _path(folder: Path, purpose: EvaluationPurpose, file: str) -> Path:
    return folder / f"{_stem(purpose)}.{file}{SUFFIX}"


def _stem(purpose: EvaluationPurpose) -> str:
    # With the moment: the ids of another database, or of a restored one, begin anew.
    return f"{purpose.id}-{purpose.asked_at:%Y%m%dT%H%M%S}"


def _kept(folder: Path) -> Iterator[tuple[Path, date | None]]:
    """Every key file with its last day; None: nobody can use what it holds."""
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        content = _CONTENT.fullmatch(path.read_bytes().decode("ascii", "replace"))
        yield path, date.fromisoformat(content[2]) if content else None


def _destroy(path: Path) -> bool:
    with contextlib.suppress(FileNotFoundError):
        _write(path, secrets.token_hex(path.stat().st_size), 0)
        path.unlink()
        _keep_names(path.parent)
        return True
    return False


def _write(path: Path, content: str, how: int) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | how, 0o600), "w", encoding="ascii") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _keep_names(folder: Path) -> None:
    """What was made or removed stays so after a power cut."""
    if os.name == "nt":
        return
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
