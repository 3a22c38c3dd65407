"""What proves who an account is: password, code of an authenticator, recovery codes; one lock for all wrong tries.

Tries are counted in the database, so that several processes count together. A secret is stored sealed and a recovery
code as a keyed hash: the database alone, without the key file, opens no account.
"""

from __future__ import annotations

import hmac
import re
import secrets
import unicodedata
from datetime import datetime, timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy.orm import Session

from messaging import audit, totp
from messaging.database import keys_of
from messaging.errors import DataError
from messaging.models import Staff
from messaging.phones import Keys, SealError

TRIES = 8
LOCKED_FOR = timedelta(minutes=15)
SHORTEST, LONGEST = 12, 128  # letters of a password
RECOVERY_CODES = 8
METHOD = "authenticator"
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that looks like another
HASHER = PasswordHasher()

_SIGNS = re.compile(r"[\s-]+")


def new_password() -> str:
    """Four groups that can be read out on the telephone."""
    return _groups(4)


def hashed(password: str) -> str:
    """The argon2 hash of a password, in the form that sign-in compares (NFKD)."""
    return HASHER.hash(unicodedata.normalize("NFKD", password))


def set_password(session: Session, person: Staff, password: str, now: datetime) -> None:
    """Take a password that the account chose itself; its other signed-in pages end.

    Raises:
        DataError: it is too short or too long.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        raise DataError(
            f"Le nouveau mot de passe a de {SHORTEST} à {LONGEST} signes : quatre mots au hasard font l'affaire. / "
            f"The new password has {SHORTEST} to {LONGEST} characters: four random words will do."
        )
    person.password = hashed(password)
    end_pages(person)
    audit.note(session, audit.actor(person.id), "password_set", "staff", person.id, now)


def end_pages(person: Staff) -> None:
    """End every signed-in page of an account."""
    person.fs_uniquifier = secrets.token_hex(32)


def new_second_factor(session: Session, person: Staff) -> str:
    """Give an account a new secret at once; recovery codes of the old one are void. Gives the secret, in base32."""
    secret = totp.new_secret()
    _keep(person, sealed(keys_of(session), secret))
    return secret


def set_second_factor(session: Session, person: Staff, fresh: str, typed: str, now: datetime) -> bool:
    """Take a new sealed secret once the authenticator shows its code; False when the code is wrong."""
    step = totp.match(opened(keys_of(session), fresh), _SIGNS.sub("", typed), now, None)
    if step is None:
        return False
    _keep(person, fresh)
    person.tf_last_step = step
    end_pages(person)
    audit.note(session, audit.actor(person.id), "second_factor_set", "staff", person.id, now)
    return True


def new_recovery_codes(session: Session, person: Staff, now: datetime) -> list[str]:
    """Eight new recovery codes in place of all older ones; they are shown once."""
    codes = [_groups(3) for _ in range(RECOVERY_CODES)]
    person.mf_recovery_codes = [_mark(session, person, code) for code in codes]
    audit.note(session, audit.actor(person.id), "recovery_codes_made", "staff", person.id, now)
    return codes


def accept_code(session: Session, staff_id: int, typed: str, now: datetime) -> bool:
    """Take a code of the authenticator or a recovery code, each of them once.

    A wrong one counts as a wrong password does, and while the account is locked none is taken.
    """
    person = session.get_one(Staff, staff_id, with_for_update=True)
    if is_locked(person, now):
        return False
    typed = _SIGNS.sub("", typed).lower()
    if _take_code(session, person, typed, now) or _take_recovery_code(session, person, typed, now):
        return True
    count_failure(session, person, now)
    return False


def accept_password(session: Session, staff_id: int, typed: str, now: datetime) -> bool:
    """Compare the password of somebody who is signed in already; a wrong one counts."""
    person = session.get_one(Staff, staff_id, with_for_update=True)
    if is_locked(person, now):
        return False
    try:
        HASHER.verify(person.password, unicodedata.normalize("NFKD", typed[:LONGEST]))
    except (VerificationError, InvalidHashError):
        count_failure(session, person, now)
        return False
    return True


def count_failure(session: Session, person: Staff, now: datetime) -> None:
    """Count one wrong try; after `TRIES` in a row the account is locked for a while. While it is, none count."""
    if is_locked(person, now):
        return
    person.failed_count = person.failed_count + 1 if person.locked_until is None else 1
    person.locked_until = None
    if person.failed_count >= TRIES:
        person.locked_until = now + LOCKED_FOR
        audit.note(session, audit.actor(person.id), "locked", "staff", person.id, now)


def unlock(person: Staff) -> None:
    """Forget the wrong tries."""
    person.failed_count, person.locked_until = 0, None


def is_locked(person: Staff, now: datetime) -> bool:
    """True while the account is locked after wrong tries."""
    return person.locked_until is not None and person.locked_until > now


def sealed(keys: Keys, secret: str) -> str:
    """A secret as the database keeps it: encrypted with a key of its own, in hexadecimal digits."""
    return _own(keys).seal(secret).hex()


def opened(keys: Keys, stored: str) -> str:
    """The secret, in base32.

    Raises:
        SealError: it was sealed with another key, or is none of ours.
    """
    try:
        return _own(keys).open(bytes.fromhex(stored))
    except ValueError:
        raise SealError from None


def _own(keys: Keys) -> Keys:
    return Keys(bytes.fromhex(keys.derive("second factor")))


def _keep(person: Staff, stored: str) -> None:
    person.tf_primary_method, person.tf_totp_secret = METHOD, stored
    person.tf_last_step = person.mf_recovery_codes = None


def _take_code(session: Session, person: Staff, typed: str, now: datetime) -> bool:
    if person.tf_totp_secret is None:
        return False
    step = totp.match(opened(keys_of(session), person.tf_totp_secret), typed, now, person.tf_last_step)
    person.tf_last_step = step or person.tf_last_step
    return step is not None


def _take_recovery_code(session: Session, person: Staff, typed: str, now: datetime) -> bool:
    mark, known = _mark(session, person, typed), person.mf_recovery_codes or []
    left = [one for one in known if not hmac.compare_digest(one, mark)]
    if len(left) == len(known):
        return False
    person.mf_recovery_codes = left
    after = {"left": len(left)}
    audit.note(session, audit.actor(person.id), "recovery_code_used", "staff", person.id, now, after=after)
    return True


def _mark(session: Session, person: Staff, code: str) -> str:
    return keys_of(session).mac("recovery code", str(person.id), _SIGNS.sub("", code))


def _groups(count: int) -> str:
    return "-".join("".join(secrets.choice(LETTERS) for _ in range(4)) for _ in range(count))
