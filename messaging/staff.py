"""Staff accounts, their roles and what they may do; knows no page and no password check."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from argon2 import PasswordHasher
from sqlalchemy.orm import Session

from messaging import audit, places
from messaging.errors import DataError
from messaging.models import Programme, Role, Staff, StaffPlace, StaffProgramme, StaffRole

WITHOUT_SECOND_FACTOR = {Role.EDITOR, Role.TRANSLATOR}
HASHER = PasswordHasher()


@dataclass(frozen=True)
class Access:
    """What is shown once when an account is made or reset."""

    email: str
    password: str
    second_factor: str | None = None  # the secret to put into an authenticator


def parse_role(text: str) -> tuple[Role, str]:
    """Read `approver` or `translator:bm` or `focal_point:fraud` as role and scope.

    Raises:
        DataError: no such role, or a translator without a language.
    """
    name, _, scope = text.partition(":")
    try:
        role = Role(name.strip())
    except ValueError:
        raise DataError(f"There is no role « {name} ». Roles: {', '.join(Role)}.") from None
    if role in (Role.TRANSLATOR, Role.FOCAL_POINT) and not scope:
        raise DataError(f"The role {role} needs a scope, such as translator:bm or focal_point:fraud.")
    return role, scope.strip()


def add(
    session: Session,
    email: str,
    roles: Iterable[tuple[Role, str]],
    now: datetime,
    *,
    name: str = "",
    programmes: Iterable[str] = (),
    demonstration: bool = False,
    password: str | None = None,
) -> Access:
    """Make an account; the password is shown once and stored only as argon2 hash.

    Raises:
        DataError: the address is taken or no address, or a programme is not known.
    """
    email = email.strip().lower()
    if "@" not in email or email.startswith("@") or email.endswith("@"):
        raise DataError(f"« {email} » is no e-mail address.")
    if session.scalar(sa.select(Staff.id).where(Staff.email == email)):
        raise DataError(f"There is an account {email} already. To give it a new password: jekulu staff reset {email}")
    password = password or new_password()
    person = Staff(
        email=email, name=name or email.partition("@")[0], password=HASHER.hash(password), created_at=now,
        demonstration=demonstration, fs_uniquifier=secrets.token_hex(32),
    )  # fmt: skip
    session.add(person)
    session.flush()
    session.add_all(StaffRole(staff_id=person.id, role=role, scope=scope) for role, scope in roles)
    for code in programmes:
        programme_id = session.scalar(sa.select(Programme.id).where(Programme.code == code))
        if programme_id is None:
            raise DataError(f"There is no programme « {code} ».")
        session.add(StaffProgramme(staff_id=person.id, programme_id=programme_id))
    audit.note(session, audit.COMMAND, "added", "staff", person.id, now)
    return Access(email, password)


def reset(session: Session, email: str, now: datetime) -> Access:
    """Give an account a new password, open it again and end its signed-in pages.

    Raises:
        DataError: there is no such account.
    """
    person = by_email(session, email)
    password = new_password()
    person.password = HASHER.hash(password)
    person.fs_uniquifier = secrets.token_hex(32)
    person.failed_count, person.locked_until, person.active = 0, None, True
    person.tf_primary_method = person.tf_totp_secret = person.mf_recovery_codes = None
    audit.note(session, audit.COMMAND, "reset", "staff", person.id, now)
    return Access(person.email, password)


def by_email(session: Session, email: str) -> Staff:
    """The account of an address.

    Raises:
        DataError: there is none.
    """
    person = session.scalar(sa.select(Staff).where(Staff.email == email.strip().lower()))
    if person is None:
        raise DataError(f"There is no account {email}. Make one: jekulu staff add {email} --role ROLE")
    return person


def roles(session: Session, staff_id: int) -> dict[Role, set[str]]:
    """The roles of an account, each with its scopes (an empty set's worth of one empty scope when it has none)."""
    found: dict[Role, set[str]] = {}
    for row in session.scalars(sa.select(StaffRole).where(StaffRole.staff_id == staff_id)):
        found.setdefault(row.role, set()).add(row.scope)
    return found


def programme_ids(session: Session, staff_id: int) -> list[int]:
    """The programmes an account works in; all of them when none is named."""
    own = sa.select(StaffProgramme.programme_id).where(StaffProgramme.staff_id == staff_id)
    named = list(session.scalars(own))
    return named or list(session.scalars(sa.select(Programme.id)))


def village_ids(session: Session, staff_id: int, on: date) -> frozenset[int] | None:
    """The villages an account works in: those in its places on a day; None when none is named, which means all."""
    own = session.scalars(sa.select(StaffPlace.place_id).where(StaffPlace.staff_id == staff_id)).all()
    return frozenset(session.scalars(places.villages_below(own, on))) if own else None


def new_password() -> str:
    """Four groups that can be read out on the telephone."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(letters) for _ in range(4)) for _ in range(4))
