"""Accounts of the whole installation, for administrators: who may do what and where, new ones, closed and locked ones.

What opens an account, its password and second factor, is shown once, on the page that answers the button.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from campaigns.admin import paging, words
from campaigns.admin.audiences import EVERY_LEVEL, LEVELS
from campaigns.admin.messages import SENSITIVE
from campaigns.admin.security import installation, me, needs, writing
from campaigns.admin.square import square
from campaigns.admin.words import N_, ROLES, _, tongue
from campaigns.conversation import duty
from messaging import places, staff, totp
from messaging.clock import utc_now
from messaging.credentials import is_locked
from messaging.errors import DataError, RefusedError
from messaging.models import (
    Language,
    Place,
    PlaceCode,
    PlaceParent,
    Programme,
    Role,
    Staff,
    StaffPlace,
    StaffProgramme,
    StaffRole,
)
from messaging.staff import Access, Duties

accounts = Blueprint("accounts", __name__, url_prefix="/admin/accounts", template_folder="templates")
NO_ROLE = N_("Cochez au moins un rôle.")
NO_PLACE = N_("Aucun lieu ne porte ce nom ni ce code.")
NOT_OFFERED = N_("Un rôle ou un lieu coché n'existe pas : rechargez la page et cochez de nouveau.")
NOT_ONESELF = N_("Pour votre propre compte, changez mot de passe et second facteur dans Réglages.")


@dataclass(frozen=True)
class Line:
    """One account of the list; no programme and no place: all of them."""

    person: Staff
    roles: Sequence[str]
    programmes: Sequence[str]
    places: Sequence[str]
    is_locked: bool
    lacks_code: bool


@dataclass(frozen=True)
class Form:
    """What stands in the form of an account, typed or stored."""

    email: str = ""
    name: str = ""
    organisation: str = ""
    language: str = words.FIRST
    roles: frozenset[str] = frozenset()  # such as translator:bm
    programmes: frozenset[str] = frozenset()  # codes
    places: frozenset[int] = frozenset()
    wanted: str = ""  # the place that is looked for

    @property
    def duties(self) -> Duties:
        """The same as the account would have them."""
        return Duties(frozenset(map(staff.parse_role, self.roles)), self.programmes, self.places)


@accounts.get("")
@needs(Role.ADMINISTRATOR)
def index() -> str:
    """Every account, by address."""
    query = sa.select(Staff).where(Staff.email > request.args.get("after", "")).order_by(Staff.email)
    with installation().db.read() as session:
        found = paging.page(session, query)
        lines = _lines(session, [person for (person,) in found.rows])
        gaps = [(row, whom) for row in me().programmes if (whom := _unheard(session, row))]
        return render_template("accounts.html", lines=lines, last=found.last, gaps=gaps)


def _unheard(session: Session, programme: Programme) -> list[str]:
    """For what in a programme nobody on duty can be told by SMS, in words."""
    said = {**SENSITIVE, "officer": N_("messages à vérifier (agent de suivi)")}
    return [_(said[name]) for name in duty.unheard(session, programme, SENSITIVE, utc_now())]


@accounts.get("/new")
@needs(Role.ADMINISTRATOR)
def new() -> str:
    """The empty form."""
    return _form(None, Form())


@accounts.post("")
@needs(Role.ADMINISTRATOR)
def add() -> ResponseReturnValue:
    """Make an account, and show once what opens it."""
    typed = _typed()
    if "find" in request.form:
        return _form(None, typed)
    try:
        wanted = _checked(typed)
        with writing() as session:
            access = staff.add(
                session, typed.email, wanted.roles, utc_now(), name=typed.name, organisation=typed.organisation,
                language=typed.language, programmes=wanted.programmes, places=wanted.places, by=me().id,
            )  # fmt: skip
    except (DataError, RefusedError) as error:
        return _form(None, typed, words.sentence(str(error))), 400
    return _show(access)


@accounts.get("/<int:ident>")
@needs(Role.ADMINISTRATOR)
def one(ident: int) -> str:
    """An account with what it may do."""
    with installation().db.read() as session:
        person, known = _person(session, ident), staff.duties(session, ident)
    roles = frozenset(f"{role}:{scope}" if scope else role.value for role, scope in known.roles)
    stored = Form(
        person.email, person.name, person.organisation or "", person.language, roles, known.programmes, known.places
    )
    return _form(person, stored)


@accounts.post("/<int:ident>")
@needs(Role.ADMINISTRATOR)
def change(ident: int) -> ResponseReturnValue:
    """Give it other roles, programmes and places, or another name."""
    typed = _typed()
    with installation().db.read() as session:
        person = _person(session, ident)
    if "find" in request.form:
        return _form(person, typed)
    try:
        wanted = _checked(typed)
        with writing() as session:
            row, now = _person(session, ident), utc_now()
            staff.rename(session, row, typed.name, typed.organisation, typed.language, now, me().id)
            staff.change(session, row, wanted, now, me().id)
    except (DataError, RefusedError) as error:
        return _form(person, typed, words.sentence(str(error))), 400
    flash(_("Compte enregistré : %(email)s.", email=person.email), "good")
    return redirect(url_for("accounts.index"), 303)


@accounts.post("/<int:ident>/reset")
@needs(Role.ADMINISTRATOR)
def reset(ident: int) -> ResponseReturnValue:
    """Give it a new password and second factor, shown once; a closed or locked account opens."""
    if ident == me().id:
        flash(_(NOT_ONESELF), "bad")
        return redirect(url_for("accounts.one", ident=ident), 303)
    with writing() as session:
        access = staff.reset(session, _person(session, ident).email, utc_now(), me().id)
    return _show(access)


@accounts.post("/<int:ident>/state")
@needs(Role.ADMINISTRATOR)
def state(ident: int) -> ResponseReturnValue:
    """Close it, or open a closed or locked one."""
    act = {"close": staff.close, "open": staff.reopen}.get(request.form.get("act", "")) or abort(400)
    try:
        with writing() as session:
            act(session, _person(session, ident), utc_now(), me().id)
        flash(_("C'est noté."), "good")
    except RefusedError as refusal:
        flash(words.sentence(str(refusal)), "bad")
    return redirect(url_for("accounts.one", ident=ident), 303)


def _person(session: Session, ident: int) -> Staff:
    return session.get(Staff, ident) or abort(404)


def _typed() -> Form:
    given = request.form
    chosen = frozenset(key for value in given.getlist("place") if (key := paging.after(value)) is not None)
    language = given.get("language", "")
    return Form(
        given.get("email", ""), given.get("name", ""), given.get("organisation", ""),
        language if language in words.LANGUAGES else words.FIRST, frozenset(given.getlist("role")),
        frozenset(given.getlist("programme")), chosen, given.get("wanted", "").strip(),
    )  # fmt: skip


def _checked(typed: Form) -> Duties:
    """What was ticked.

    Raises:
        DataError: no role, or something that the page did not offer.
    """
    if not typed.roles:
        raise DataError(_(NO_ROLE))
    with installation().db.read() as session:
        offered = {value for _group, choices in _roles(session, typed.roles) for value, _label in choices}
        known = {ident for ident, _label in _labels(session, typed.places)}
    if not (typed.roles <= offered and typed.places <= known):
        raise DataError(_(NOT_OFFERED))
    return typed.duties


def _form(person: Staff | None, typed: Form, notice: str = "") -> str:
    with installation().db.read() as session:
        near = _near(session, typed.wanted)
        return render_template(
            "account.html", person=person, typed=typed, roles=_roles(session, typed.roles), names=words.LANGUAGES,
            programmes=session.scalars(sa.select(Programme).order_by(Programme.code)).all(),
            places=_labels(session, typed.places), near=_labels(session, set(near) - typed.places),
            notice=notice or (_(NO_PLACE) if typed.wanted and not near else ""),
            is_locked=person is not None and is_locked(person, utc_now()),
        )  # fmt: skip


def _show(access: Access) -> str:
    secret = access.second_factor
    drawn = square(totp.address(secret, access.email)) if secret else None
    return render_template("access.html", access=access, square=drawn)


def _roles(session: Session, held: Iterable[str]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Every role that can be ticked, in groups: the plain ones, a translator's languages, a focal point's cases."""
    used = {code for codes in session.scalars(sa.select(Programme.languages)) for code in codes}
    used |= {scope for name, _colon, scope in (role.partition(":") for role in held) if name == Role.TRANSLATOR}
    languages = session.scalars(sa.select(Language).where(Language.code.in_(used)).order_by(Language.code))
    plain = [role for role in Role if role not in (Role.TRANSLATOR, Role.FOCAL_POINT)]
    return [
        ("", [(role.value, _(ROLES[role])) for role in plain]),
        (_("Traducteur :"), [(f"{Role.TRANSLATOR}:{row.code}", tongue(row)) for row in languages]),
        (_("Point focal :"), [(f"{Role.FOCAL_POINT}:{code}", _(name)) for code, name in SENSITIVE.items()]),
    ]


def _near(session: Session, wanted: str) -> list[int]:
    """The places that were looked for, by code or else by name."""
    if not wanted:
        return []
    by_code = places.by_codes(session, [wanted]).get(wanted)
    if by_code:
        return [ident for _scheme, ident in by_code]
    return [place.id for place in places.find(session, wanted, EVERY_LEVEL)]


def _labels(session: Session, idents: Iterable[int]) -> list[tuple[int, str]]:
    """Places with all that tells them from others of the same name: level, what they lie in, code."""
    above, today = sa.orm.aliased(Place), utc_now().date()
    upper = sa.select(sa.func.min(above.name)).join(PlaceParent, PlaceParent.parent_id == above.id)
    upper = upper.where(PlaceParent.place_id == Place.id, places.valid(PlaceParent, today))
    code = sa.select(sa.func.min(PlaceCode.code)).where(PlaceCode.place_id == Place.id).scalar_subquery()
    query = sa.select(Place.id, Place.name, Place.level, upper.scalar_subquery(), code).where(Place.id.in_(idents))
    return [
        (ident, " · ".join(part for part in (name, _(LEVELS[level]), lies_in, known_as) if part))
        for ident, name, level, lies_in, known_as in session.execute(query.order_by(Place.folded, Place.id))
    ]


def _lines(session: Session, people: Sequence[Staff]) -> list[Line]:
    idents, now = [person.id for person in people], utc_now()
    roles = _grouped(session, sa.select(StaffRole.staff_id, StaffRole.role, StaffRole.scope), StaffRole, idents)
    codes = sa.select(StaffProgramme.staff_id, Programme.code).join(Programme)
    programmes = _grouped(session, codes.order_by(Programme.code), StaffProgramme, idents)
    names = sa.select(StaffPlace.staff_id, Place.name).join(Place)
    own = _grouped(session, names.order_by(Place.folded), StaffPlace, idents)
    return [
        Line(
            person, [_(ROLES[role]) + _scope(scope) for role, scope in roles.get(person.id, ())],
            [code for (code,) in programmes.get(person.id, ())], [name for (name,) in own.get(person.id, ())],
            is_locked(person, now),
            person.tf_totp_secret is None and staff.needs_code(person, roles.get(person.id, ())),
        )
        for person in people
    ]  # fmt: skip


def _scope(scope: str) -> str:
    """Of what a role is, in brackets: a category of sensitive messages in words, a language by its code."""
    return f" ({_(SENSITIVE.get(scope, scope))})" if scope else ""


def _grouped(
    session: Session, query: sa.Select[*tuple[Any, ...]], table: Any, idents: Sequence[int]
) -> dict[int, list[Any]]:
    """The rows of these accounts by account, without its id."""
    found: dict[int, list[Any]] = {}
    for ident, *rest in session.execute(query.where(table.staff_id.in_(idents))):
        found.setdefault(ident, []).append(tuple(rest))
    return found
