"""Staff accounts, their roles and what they may do and where; knows no page and no password check."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from messaging import audit, credentials, places
from messaging.database import Base
from messaging.errors import DataError, RefusedError
from messaging.models import Gateway, Programme, Role, Staff, StaffPlace, StaffProgramme, StaffRole
from messaging.routing import SIMULATOR

WITHOUT_SECOND_FACTOR = {Role.EDITOR, Role.TRANSLATOR}
LONGEST = {"email": 120, "name": 80, "organisation": 80}  # letters that the table takes
NOT_ONESELF = (
    "Personne ne ferme son propre compte ni ne lui retire le rôle d'administrateur : demandez à un autre. / "
    "Nobody closes an own account or takes the role administrator from it: ask another one."
)
NOT_WIDER = (
    "Une autre personne administratrice doit vous donner ce rôle, ce programme ou ce lieu. / "
    "Another administrator has to give you this role, programme or place."
)


@dataclass(frozen=True)
class Access:
    """What is shown once when an account is made or reset."""

    email: str
    password: str
    second_factor: str | None = None  # the secret to put into an authenticator, in base32; None: none is needed


@dataclass(frozen=True)
class Duties:
    """What an account may do and where; no programme: in all of them, no place: everywhere."""

    roles: frozenset[tuple[Role, str]] = frozenset()
    programmes: frozenset[str] = frozenset()  # codes
    places: frozenset[int] = frozenset()  # ids

    def words(self) -> dict[str, str]:
        """The same for the audit log."""
        roles = sorted(f"{role}:{scope}" if scope else str(role) for role, scope in self.roles)
        return {
            "roles": ", ".join(roles),
            "programmes": ", ".join(sorted(self.programmes)),
            "places": ", ".join(map(str, sorted(self.places))),
        }


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
    organisation: str = "",
    language: str = "fr",
    programmes: Iterable[str] = (),
    places: Iterable[int] = (),
    demonstration: bool = False,
    password: str | None = None,
    by: int | None = None,
) -> Access:
    """Make an account, with a second factor where its roles need one; what opens it is shown once.

    Raises:
        DataError: the address is taken or no address, or a programme is not known.
    """
    email = _new_address(session, email)
    password = password or credentials.new_password()
    person = Staff(
        email=email, name=name.strip() or email.partition("@")[0], organisation=organisation.strip() or None,
        language=language, password=credentials.hashed(password), created_at=now, demonstration=demonstration,
        fs_uniquifier=secrets.token_hex(32),
    )  # fmt: skip
    _check_lengths(person)
    session.add(person)
    session.flush()
    wanted = Duties(frozenset(roles), frozenset(programmes), frozenset(places))
    _assign(session, person.id, wanted)
    secret = credentials.new_second_factor(session, person) if needs_code(person, wanted.roles) else None
    audit.note(session, audit.actor(by), "added", "staff", person.id, now, after=wanted.words())
    return Access(email, password, secret)


def reset(session: Session, email: str, now: datetime, by: int | None = None) -> Access:
    """Give an account a new password and second factor, open it again and end its signed-in pages.

    Raises:
        DataError: there is no such account.
    """
    person = by_email(session, email)
    password = credentials.new_password()
    person.password, person.active = credentials.hashed(password), True
    person.tf_primary_method = person.tf_totp_secret = person.tf_last_step = person.mf_recovery_codes = None
    is_coded = needs_code(person, duties(session, person.id).roles)
    secret = credentials.new_second_factor(session, person) if is_coded else None
    credentials.unlock(person)
    credentials.end_pages(person)
    audit.note(session, audit.actor(by), "reset", "staff", person.id, now)
    return Access(person.email, password, secret)


def change(session: Session, person: Staff, wanted: Duties, now: datetime, by: int) -> None:
    """Give an account other roles, programmes and places; it has them from its next page on.

    Raises:
        RefusedError: an administrator would take this role from herself, or widen what she may see and do.
        DataError: a programme is not known.
    """
    known = duties(session, person.id)
    if wanted == known:
        return
    if person.id == by and not any(role is Role.ADMINISTRATOR for role, _scope in wanted.roles):
        raise RefusedError(NOT_ONESELF)
    if person.id == by and _is_wider(known, wanted):
        raise RefusedError(NOT_WIDER)
    for table in (StaffRole, StaffProgramme, StaffPlace):
        session.execute(sa.delete(table).where(table.staff_id == person.id))
    _assign(session, person.id, wanted)
    audit.note(session, audit.actor(by), "changed", "staff", person.id, now, before=known.words(), after=wanted.words())


def _is_wider(known: Duties, wanted: Duties) -> bool:
    """Whether duties reach beyond the known ones; no programme and no place mean all of them."""
    bounds = ((known.programmes, wanted.programmes), (known.places, wanted.places))
    return bool(wanted.roles - known.roles) or any(had and not (now and now <= had) for had, now in bounds)


def rename(
    session: Session, person: Staff, name: str, organisation: str, language: str, now: datetime, by: int
) -> None:
    """Write name, organisation and language anew.

    Raises:
        DataError: one of them is too long.
    """
    known = (person.name, person.organisation, person.language)
    person.name = name.strip() or person.name
    person.organisation, person.language = organisation.strip() or None, language
    _check_lengths(person)
    if known != (person.name, person.organisation, person.language):
        audit.note(session, audit.actor(by), "renamed", "staff", person.id, now)


def close(session: Session, person: Staff, now: datetime, by: int) -> None:
    """Close an account: its pages end and nobody signs in with it.

    Raises:
        RefusedError: an administrator would close herself.
    """
    if person.id == by:
        raise RefusedError(NOT_ONESELF)
    person.active = False
    credentials.end_pages(person)
    audit.note(session, audit.actor(by), "closed", "staff", person.id, now)


def reopen(session: Session, person: Staff, now: datetime, by: int) -> None:
    """Open a closed or locked account again, with the password and second factor that it had."""
    person.active = True
    credentials.unlock(person)
    audit.note(session, audit.actor(by), "opened", "staff", person.id, now)


def needs_code(person: Staff, roles: Iterable[tuple[Role, str]]) -> bool:
    """True for an account with a role beyond editor and translator, unless it only practises."""
    return not person.demonstration and not {role for role, _scope in roles} <= WITHOUT_SECOND_FACTOR


def is_shut_out(session: Session, person: Staff) -> bool:
    """True for an account of the demonstration once a real gateway is there: its password is no secret."""
    return person.demonstration and has_real_gateway(session)


def has_real_gateway(session: Session) -> bool:
    """True as soon as one gateway of this installation is not the simulator."""
    return session.scalar(sa.select(Gateway.id).where(Gateway.adapter != SIMULATOR).limit(1)) is not None


def by_email(session: Session, email: str) -> Staff:
    """The account of an address.

    Raises:
        DataError: there is none.
    """
    person = session.scalar(sa.select(Staff).where(Staff.email == email.strip().lower()))
    if person is None:
        raise DataError(f"There is no account {email}. Make one: jekulu staff add {email} --role ROLE")
    return person


def acting(session: Session, email: str, programme_id: int) -> Staff:
    """The account in whose name a command acts on something of a programme.

    Raises:
        DataError: there is none.
        RefusedError: it is closed, or works in other programmes.
    """
    person = by_email(session, email)
    if not person.active or is_shut_out(session, person):
        raise RefusedError(f"Le compte {email} est fermé. / The account {email} is closed.")
    if programme_id not in programme_ids(session, person.id):
        raise RefusedError(
            f"Le compte {email} ne travaille pas dans ce programme. / The account {email} is not of this programme."
        )
    return person


def duties(session: Session, staff_id: int) -> Duties:
    """What an account may do and where, as it was given."""
    roles = session.execute(sa.select(StaffRole.role, StaffRole.scope).where(StaffRole.staff_id == staff_id))
    codes = sa.select(Programme.code).join(StaffProgramme).where(StaffProgramme.staff_id == staff_id)
    own = sa.select(StaffPlace.place_id).where(StaffPlace.staff_id == staff_id)
    return Duties(
        frozenset((role, scope) for role, scope in roles), frozenset(session.scalars(codes)),
        frozenset(session.scalars(own)),
    )  # fmt: skip


def roles(session: Session, staff_id: int) -> dict[Role, set[str]]:
    """The roles of an account, each with its scopes (an empty set's worth of one empty scope when it has none)."""
    found: dict[Role, set[str]] = {}
    for row in session.scalars(sa.select(StaffRole).where(StaffRole.staff_id == staff_id)):
        found.setdefault(row.role, set()).add(row.scope)
    return found


def names(session: Session, people: Collection[int | None] | None = None) -> dict[int, str]:
    """The names of these accounts, or of all, by id and in the order of the alphabet."""
    query = sa.select(Staff.id, Staff.name).order_by(Staff.name)
    if people is not None:
        query = query.where(Staff.id.in_({ident for ident in people if ident is not None}))
    return {row.id: row.name for row in session.execute(query)}


def programme_ids(session: Session, staff_id: int) -> list[int]:
    """The programmes an account works in; all of them when none is named."""
    own = sa.select(StaffProgramme.programme_id).where(StaffProgramme.staff_id == staff_id)
    named = list(session.scalars(own))
    return named or list(session.scalars(sa.select(Programme.id)))


def village_ids(session: Session, staff_id: int, on: date) -> frozenset[int] | None:
    """The villages an account works in: those in its places on a day; None when none is named, which means all."""
    own = session.scalars(sa.select(StaffPlace.place_id).where(StaffPlace.staff_id == staff_id)).all()
    return frozenset(session.scalars(places.villages_below(own, on))) if own else None


def place_ids(session: Session, codes: Iterable[str]) -> frozenset[int]:
    """The places of codes, in any coding scheme.

    Raises:
        DataError: a code is not known, or means different places in different schemes.
    """
    codes = list(codes)
    found = places.by_codes(session, codes)
    for code in codes:
        meant = {ident for _scheme, ident in found.get(code, ())}
        if len(meant) != 1:
            raise DataError(
                f"The code « {code} » means {len(meant)} places. Write the code of one place that was imported."
                if meant
                else f"There is no place with the code « {code} ». Import it first: jekulu import places FILE"
            )
    return frozenset(ident for hits in found.values() for _scheme, ident in hits)


def _assign(session: Session, staff_id: int, wanted: Duties) -> None:
    found = session.execute(sa.select(Programme.code, Programme.id).where(Programme.code.in_(wanted.programmes)))
    known = dict(found.all())
    if missing := sorted(wanted.programmes - known.keys()):
        raise DataError(f"Il n'y a pas de programme « {missing[0]} ». / There is no programme « {missing[0]} ».")
    rows: list[Base] = [StaffRole(staff_id=staff_id, role=role, scope=scope) for role, scope in sorted(wanted.roles)]
    rows += [StaffProgramme(staff_id=staff_id, programme_id=ident) for ident in known.values()]
    rows += [StaffPlace(staff_id=staff_id, place_id=ident) for ident in sorted(wanted.places)]
    session.add_all(rows)


def _new_address(session: Session, email: str) -> str:
    email = email.strip().lower()
    name, _at, host = email.partition("@")
    if not name or not host or " " in email or "@" in host:
        raise DataError(f"« {email} » n'est pas une adresse électronique. / « {email} » is no e-mail address.")
    if session.scalar(sa.select(Staff.id).where(Staff.email == email)):
        raise DataError(
            f"Il y a déjà un compte {email} : donnez-lui un nouveau mot de passe. / "
            f"There is an account {email} already. To give it a new password: jekulu staff reset {email}"
        )
    return email


def _check_lengths(person: Staff) -> None:
    for field, longest in LONGEST.items():
        if len(getattr(person, field) or "") > longest:
            raise DataError(
                f"Au plus {longest} signes pour ce champ : raccourcissez. / "
                f"At most {longest} characters for « {field} »: make it shorter."
            )
