"""Codes of an authenticator against the vectors of RFC 6238, recovery codes, and what the database gives away."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from messaging import credentials, staff, totp
from messaging.database import Database
from messaging.errors import DataError
from messaging.models import Audit, Role, Staff
from messaging.phones import Keys, SealError

SEED = base64.b32encode(b"12345678901234567890").decode()
# RFC 6238, appendix B: seconds since 1970, and the last six of the eight digits.
VECTORS = (
    (59, "287082"), (1_111_111_109, "081804"), (1_111_111_111, "050471"), (1_234_567_890, "005924"),
    (2_000_000_000, "279037"), (20_000_000_000, "353130"),
)  # fmt: skip
NOW = datetime(2026, 3, 12, 17, 30, 10, tzinfo=UTC)
HERE = totp.step_at(NOW)
MATCHES = {  # typed in which half minute from now, used last -> taken
    "the code of now": (0, None, True),
    "one half minute late": (-1, None, True),
    "one half minute early": (1, None, True),
    "two half minutes late": (-2, None, False),
    "two half minutes early": (2, None, False),
    "used already": (0, 0, False),
    "older than one that was used": (-1, 0, False),
    "newer than one that was used": (1, 0, True),
}


@pytest.mark.parametrize(("seconds", "digits"), VECTORS)
def test_code_is_that_of_the_standard(seconds: int, digits: str) -> None:
    assert totp.code(SEED, totp.step_at(datetime.fromtimestamp(seconds, UTC))) == digits


@pytest.mark.parametrize("label", MATCHES)
def test_code_is_good_for_a_minute_and_a_half_and_once(label: str) -> None:
    typed, used, is_taken = MATCHES[label]
    last = None if used is None else HERE + used
    assert totp.match(SEED, totp.code(SEED, HERE + typed), NOW, last) == (HERE + typed if is_taken else None)


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "abcdef", "١٢٣٤٥٦", "000000\n"])
def test_what_is_no_code_is_not_taken(typed: str) -> None:
    assert totp.match(SEED, typed, NOW, None) is None


def test_address_is_one_that_authenticators_read() -> None:
    expected = f"otpauth://totp/Jekulu:awa%2Bb@exemple.org?secret={SEED}&issuer=Jekulu&digits=6&period=30"
    assert totp.address(SEED, "awa+b@exemple.org") == expected


def agent(db: Database) -> tuple[int, str]:
    """An officer's account: its id and its secret."""
    with db.write() as session:
        access = staff.add(session, "agent@exemple.org", [(Role.OFFICER, "")], NOW)
        assert access.second_factor
        return staff.by_email(session, access.email).id, access.second_factor


def test_database_alone_gives_neither_secret_nor_recovery_code(db: Database, keys: Keys) -> None:
    ident, secret = agent(db)
    with db.write() as session:
        person = session.get_one(Staff, ident)
        codes = credentials.new_recovery_codes(session, person, NOW)
        stored = person.tf_totp_secret or ""
        log = [(row.before, row.after) for row in session.scalars(sa.select(Audit))]
        told = f"{stored} {person.mf_recovery_codes} {log}"
    assert credentials.opened(keys, stored) == secret
    for hidden in (secret, secret.encode().hex(), *codes, *(code.replace("-", "") for code in codes)):
        assert hidden not in told
    with pytest.raises(SealError):
        keys.open(bytes.fromhex(stored))  # the key of phone numbers opens none
    with pytest.raises(SealError):
        credentials.opened(keys, "not hexadecimal")


def test_recovery_codes_are_eight_each_good_once_however_typed(db: Database) -> None:
    ident, _secret = agent(db)
    with db.write() as session:
        codes = credentials.new_recovery_codes(session, session.get_one(Staff, ident), NOW)
    assert len(set(codes)) == credentials.RECOVERY_CODES == 8
    for number, typed in enumerate((codes[0], codes[1].upper(), codes[2].replace("-", " "), f" {codes[3]} ")):
        for is_taken in (True, False):
            with db.write() as session:
                assert credentials.accept_code(session, ident, typed, NOW) is is_taken, number
    with db.write() as session:
        credentials.new_recovery_codes(session, session.get_one(Staff, ident), NOW)
        assert not credentials.accept_code(session, ident, codes[7], NOW), "the old ones are void"


def test_no_code_is_taken_while_the_account_is_locked(db: Database) -> None:
    ident, secret = agent(db)
    with db.write() as session:
        for _ in range(credentials.TRIES):
            assert not credentials.accept_code(session, ident, "000000", NOW)
        assert not credentials.accept_code(session, ident, totp.code(secret, HERE), NOW)
        assert not credentials.accept_password(session, ident, "whatever", NOW)
    later = NOW + credentials.LOCKED_FOR
    with db.write() as session:
        assert credentials.accept_code(session, ident, totp.code(secret, totp.step_at(later)), later)
        assert list(session.scalars(sa.select(Audit.action).where(Audit.action == "locked"))) == ["locked"]


def test_new_secret_counts_once_its_code_was_typed(db: Database, keys: Keys) -> None:
    ident, old = agent(db)
    fresh = totp.new_secret()
    with db.write() as session:
        person = session.get_one(Staff, ident)
        pages = person.fs_uniquifier
        stored = credentials.sealed(keys, fresh)
        assert not credentials.set_second_factor(session, person, stored, totp.code(old, HERE), NOW)
        assert credentials.set_second_factor(session, person, stored, totp.code(fresh, HERE), NOW)
        assert person.fs_uniquifier != pages
    with db.write() as session:
        assert not credentials.accept_code(session, ident, totp.code(fresh, HERE), NOW), "its code has been used"
        soon = NOW + timedelta(seconds=totp.STEP)
        assert not credentials.accept_code(session, ident, totp.code(old, HERE + 1), soon)
        assert credentials.accept_code(session, ident, totp.code(fresh, HERE + 1), soon)


@pytest.mark.parametrize(
    ("password", "is_taken"), [("a" * 11, False), ("a" * 12, True), ("é" * 128, True), ("a" * 129, False)]
)
def test_own_password_has_twelve_signs_or_more(db: Database, password: str, is_taken: bool) -> None:
    ident, _secret = agent(db)
    with db.write() as session:
        person = session.get_one(Staff, ident)
        if not is_taken:
            with pytest.raises(DataError):
                credentials.set_password(session, person, password, NOW)
            return
        credentials.set_password(session, person, password, NOW)
        assert credentials.accept_password(session, ident, password, NOW)
        assert not credentials.accept_password(session, ident, password[:-1], NOW)


@pytest.mark.parametrize(
    ("role", "demonstration", "is_needed"),
    [(role, False, role not in (Role.EDITOR, Role.TRANSLATOR)) for role in Role] + [(Role.OFFICER, True, False)],
)
def test_second_factor_is_made_at_once_where_the_role_needs_one(
    db: Database, role: Role, demonstration: bool, is_needed: bool
) -> None:
    with db.write() as session:
        made = staff.add(session, "x@exemple.org", [(role, "")], NOW, demonstration=demonstration)
        again = staff.reset(session, "x@exemple.org", NOW)
        assert [access.second_factor is not None for access in (made, again)] == [is_needed, is_needed]
        assert not is_needed or made.second_factor != again.second_factor
