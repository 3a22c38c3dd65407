"""One member: what is known of her, as far as the account may see it, and what the officer of the place may change."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from campaigns.admin import masks, words
from campaigns.admin.campaigns import tongues
from campaigns.admin.masks import Home, is_officer
from campaigns.admin.members import AGES, STATUSES, WORDS, age
from campaigns.admin.security import installation, me, needs, writing
from campaigns.admin.words import N_, _
from campaigns.models import Campaign, Enrolment
from messaging import moves, search
from messaging.clock import local, utc_now
from messaging.errors import RefusedError, StaleError
from messaging.models import Club, ClubMember, Consent, Household, Member, MemberPhone, Phone, Role
from messaging.models.people import LifeStage, MemberStatus, Ownership, Purpose, Route, Way
from messaging.models.place import Level
from messaging.moves import Author

member = Blueprint(
    "member", __name__, url_prefix="/admin/<programme>/people/members/<int:ident>", template_folder="templates"
)
Act = Callable[[Session, Member, Author], str]
OWNERS = {
    Ownership.OWN: N_("à la personne"),
    Ownership.SPOUSE: N_("au conjoint"),
    Ownership.HOUSEHOLD: N_("au ménage"),
    Ownership.NEIGHBOUR: N_("à un voisin"),
    Ownership.CLUB: N_("au club"),
    Ownership.FACILITATOR: N_("à l'animateur"),
}
PURPOSES = {
    Purpose.MESSAGES: N_("recevoir des messages"),
    Purpose.EVALUATION: N_("répondre aux quiz d'évaluation"),
    Purpose.VOICE: N_("être appelé"),
    Purpose.SHARING: N_("partager des données sans nom"),
    Purpose.LIFE_STAGE: N_("noter l'étape de vie"),
}
WAYS = {
    Way.SMS: N_("par SMS"),
    Way.ORAL: N_("oral, avec témoin"),
    Way.PAPER: N_("sur papier"),
    Way.MISSED_CALL: N_("par bip"),
}
STAGES = {
    LifeStage.PREGNANT: N_("enceinte"),
    LifeStage.LACTATING: N_("allaitante"),
    LifeStage.CAREGIVER: N_("enfant de 0 à 23 mois"),
}
READERS = {"self": N_("lit sans aide"), "helped": N_("avec l'aide de quelqu'un"), "nobody": N_("personne ne lit")}
NOT_OWN = "Choisissez un de vos villages dans la liste. / Choose one of your villages from the list."
NO_CARD = (
    "Aucun ménage de ce village n'a cette carte. Vérifiez le code, ou laissez vide. / "
    "No household of that village has this card. Check the code, or leave it empty."
)


@dataclass(frozen=True)
class Held:
    """A phone on which a member is reached, and how many others are reached on it too."""

    id: int
    last_two: str
    ownership: Ownership
    others: int


@member.get("")
@needs(*masks.PERSONS)
def one(ident: int) -> str:
    """What is known of a member."""
    return _page(ident)


@member.post("")
@needs(Role.OFFICER)
def change(ident: int) -> Response | tuple[str, int]:
    """Change one thing about a member; what was chosen stays when it is refused."""
    act = ACTS.get(request.form.get("do", "")) or abort(400)
    try:
        with writing() as session:
            _find(session, ident)
            row = moves.find(session, ident, request.form.get("seen", ""))
            told = act(session, row, Author(me().id, utc_now()))
    except (RefusedError, StaleError) as error:
        return _page(ident, request.form, str(error)), 409 if isinstance(error, StaleError) else 400
    flash(told, "good")
    return redirect(url_for("member.one", ident=ident), 303)


def _page(ident: int, typed: Mapping[str, str] | None = None, why: str = "") -> str:
    now = utc_now()
    wanted = request.values.get("move", "").strip()
    with installation().db.read() as session:
        row = _find(session, ident)
        today = local(now, g.programme.zone).date()
        consents = _consents(session, row)
        officer = is_officer()
        return render_template(
            "member.html", member=row, officer=officer, seen=moves.mark(session, row),
            home=masks.homes(session, [row.village_id], now)[row.village_id],
            age=AGES.get(age(row, today), ""), **WORDS, owners=OWNERS, ways=WAYS,
            readers=READERS, purposes=PURPOSES, consents=consents if officer or me().has(Role.AUDITOR) else None,
            household=session.get(Household, row.household_id) if row.household_id else None,
            clubs=_clubs(session, row) if officer else (), phones=_phones(session, row),
            agreed_to_stage=_agreed_to_stage(consents), stage=_stage(row, consents, today) if officer else None,
            campaigns=_campaigns(session, row) if officer else (),
            tongues=masks.tongues(session, [row.language, *(row.falls_to or ()), *(one.language for one in consents)]),
            languages=tongues(session, g.programme, {row.language, *(row.falls_to or ())}),
            wanted=wanted, villages=_villages(session, wanted, row) if officer and wanted else [],
            typed=typed or {}, why=words.sentence(why), routes=Route,
        )  # fmt: skip


def _find(session: Session, ident: int) -> Member:
    """The member of the programme and of the account's places; anybody else is not there (404)."""
    row = session.get(Member, ident)
    return row if row and row.programme_id == g.programme.id and me().sees(row.village_id) else abort(404)


def _consents(session: Session, row: Member) -> Sequence[Consent]:
    """What a member was asked, the latest answer first."""
    query = sa.select(Consent).where(Consent.member_id == row.id, Consent.programme_id == g.programme.id)
    return session.scalars(query.order_by(Consent.given_at.desc(), Consent.id.desc())).all()


def _clubs(session: Session, row: Member) -> Sequence[Club]:
    own = sa.select(ClubMember.club_id).where(ClubMember.member_id == row.id)
    return session.scalars(sa.select(Club).where(Club.id.in_(own)).order_by(Club.code, Club.id)).all()


def _phones(session: Session, row: Member) -> list[Held]:
    others = (
        sa.select(sa.func.count())
        .select_from(sharing := sa.orm.aliased(MemberPhone))
        .where(sharing.phone_id == MemberPhone.phone_id, sharing.member_id != row.id)
        .scalar_subquery()
    )
    query = (
        sa.select(Phone.id, Phone.last_two, MemberPhone.ownership, others)
        .join(MemberPhone, MemberPhone.phone_id == Phone.id)
        .where(MemberPhone.member_id == row.id)
        .order_by(Phone.id)
    )
    return [Held(*found) for found in session.execute(query)]


def _agreed_to_stage(consents: Sequence[Consent]) -> bool:
    """Whether her consent to note the stage of her life holds."""
    return any(one.purpose is Purpose.LIFE_STAGE and one.granted and not one.withdrawn_at for one in consents)


def _stage(row: Member, consents: Sequence[Consent], today: date) -> str | None:
    """The stage of her life in words, while she agrees that it is noted and its day has not come."""
    over = row.life_stage_until is not None and row.life_stage_until < today
    return STAGES.get(row.life_stage) if _agreed_to_stage(consents) and not over else None


def _campaigns(session: Session, row: Member) -> list[tuple[Campaign, Enrolment]]:
    """The campaigns a member is enrolled in, the latest first, but those that would tell what is masked."""
    query = (
        sa.select(Campaign, Enrolment)
        .join(Enrolment, Enrolment.campaign_id == Campaign.id)
        .where(Enrolment.member_id == row.id, Campaign.programme_id == g.programme.id)
        .order_by(Enrolment.anchor_on.desc(), Campaign.code)
    )
    found = [(campaign, enrolment) for campaign, enrolment in session.execute(query)]
    return [
        (one, when)
        for one, when in found
        if not any((one.definition.get("audience") or {}).get(key) for key in masks.TELLING)
    ]


def _villages(session: Session, wanted: str, row: Member) -> list[Home]:
    """The account's own villages that a typed word may mean, but the member's present one; the best first."""
    now = utc_now()
    today = local(now, g.programme.zone).date()
    found = search.find_places(session, g.programme.id, wanted, me().within, today)
    ids = [place.id for place in found if place.level is not Level.COMMUNE and place.id != row.village_id]
    homes = masks.homes(session, ids, now)
    return [homes[ident] for ident in ids]


def _move(session: Session, row: Member, by: Author) -> str:
    given = request.form.get("village", "")
    village_id = int(given) if given.isdecimal() and len(given) < 10 else None
    if village_id is None or not me().sees(village_id):
        raise RefusedError(NOT_OWN)
    clubs = [_club(session, code) for code in re.findall(r"\w+", request.form.get("clubs", ""))]
    moves.move(session, row, village_id, _household(session, village_id), clubs, by)
    return _("Déplacement noté. Il vaut pour les messages planifiés à partir de maintenant.")


def _household(session: Session, village_id: int) -> Household | None:
    """The household of the typed card in a village; none when nothing was typed."""
    code = request.form.get("household", "").strip()
    if not code:
        return None
    found = search.find_households(session, g.programme.id, code, lambda column: column == village_id)
    if len(found) != 1:
        raise RefusedError(NO_CARD)
    return found[0]


def _club(session: Session, code: str) -> Club:
    """The open club of a code in the account's places."""
    return moves.club_of(session, g.programme.id, code, me().within)


def _status(session: Session, row: Member, by: Author) -> str:
    given = request.form.get("status", "")
    moves.set_status(session, row, MemberStatus(given) if given in set(MemberStatus) else abort(400), by)
    return _("Situation notée : %(status)s.", status=_(STATUSES[row.status]))


def _language(session: Session, row: Member, by: Author) -> str:
    chain = {"programme": None, "none": []}.get(request.form.get("chain", ""), _chain())
    moves.set_language(session, row, request.form.get("language", ""), chain, by)
    return _("Langue notée.")


def _chain() -> list[str]:
    return [code for code in request.form.getlist("falls_to") if code]


def _route(session: Session, row: Member, by: Author) -> str:
    given = request.form.get("route", "")
    route = Route(given) if given in set(Route) else abort(400)
    moves.set_route(session, row, route, request.form.get("safe_hours", ""), by, _today(by))
    return _("Noté : comment la personne est jointe.")


def _join(session: Session, row: Member, by: Author) -> str:
    club = _club(session, request.form.get("club", ""))
    moves.join(session, row, club, by)
    return _("La personne est maintenant du club %(code)s.", code=club.code)


def _leave(session: Session, row: Member, by: Author) -> str:
    given = request.form.get("club", "")
    moves.leave(session, row, int(given) if given.isdecimal() and len(given) < 10 else abort(400), by)
    return _("La personne n'est plus de ce club.")


def _withdraw(session: Session, row: Member, by: Author) -> str:
    given = request.form.get("purpose", "")
    moves.withdraw(session, row, Purpose(given) if given in set(Purpose) else abort(400), by)
    return _("Accord retiré.")


def _today(by: Author) -> date:
    return local(by.now, g.programme.zone).date()


ACTS: dict[str, Act] = {
    "move": _move,
    "status": _status,
    "language": _language,
    "route": _route,
    "join": _join,
    "leave": _leave,
    "withdraw": _withdraw,
}
