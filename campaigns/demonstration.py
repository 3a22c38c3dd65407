"""The demonstration: both programmes with invented people, a simulated past, and something that leaves at once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns import life, loading, simulation
from campaigns.definitions import Definition, read
from campaigns.library import files, population
from campaigns.library.population import radio
from campaigns.models import Campaign, CampaignState
from messaging import staff
from messaging.clock import local
from messaging.errors import DataError
from messaging.installation import Installation
from messaging.models import Club, Programme, Role, Staff
from messaging.models.people import ClubKind

SEED = "1"
SOON = timedelta(minutes=1)
TRIAL = "essai-"
# All at once would be more than three messages a week.
LATER = ("radio-bandiagara", "hygiene-bandiagara", "climat-kita")
LONG = "savoirs-bandiagara"  # asks before and after: a short past would hold nothing of it but more messages
PROGRAMMES = {"-bandiagara": "caisses-bandiagara", "-kita": "acces-marche-kita"}  # by the end of a file's name
PEOPLE = (
    ("aminata@demo.example", "Aminata (démonstration)", (
        (Role.EDITOR, ""), (Role.OFFICER, ""), (Role.EVALUATION, ""), (Role.ADMINISTRATOR, ""), (Role.AUDITOR, ""),
        (Role.TRANSLATOR, "fr"),
    )),
    ("bakary@demo.example", "Bakary (démonstration)", (
        (Role.TRANSLATOR, "fr"), (Role.TRANSLATOR, "bm"), (Role.TRANSLATOR, "dts"),
    )),
    ("coumba@demo.example", "Coumba (démonstration)", ((Role.APPROVER, ""),)),
    ("daouda@demo.example", "Daouda (démonstration)", ((Role.APPROVER, ""),)),  # what needs two people needs him
    ("fatim@demo.example", "Fatim (démonstration)", ((Role.FOCAL_POINT, "fraud"),)),
)  # fmt: skip


def prepare(here: Installation, now: datetime, past: timedelta, tell: Callable[[str], None]) -> str:
    """Load what is missing and say how to sign in; a second start keeps all data.

    Raises:
        DataError: a programme of this installation is no demonstration, or a file of the library is broken.
    """
    with here.db.write() as session:
        if session.scalar(sa.select(Programme.id).where(Programme.demonstration.is_(False)).limit(1)):
            raise DataError(
                "This installation holds a real programme: start it with « jekulu run ». "
                "For the demonstration use a folder of its own: JEKULU_DATA=demo-folder jekulu demo"
            )
        is_new = session.scalar(sa.select(Programme.id).limit(1)) is None
    if is_new:
        _first_start(here, now, past, tell)
    with here.db.write() as session:
        soon(session, now)
    return sign_in(here)


def _first_start(here: Installation, now: datetime, past: timedelta, tell: Callable[[str], None]) -> None:
    began = now - past
    tell("Loading two programmes with invented people …")
    with here.db.write() as session:
        population.load(session, began)
        accounts(session, here, now)
        author, reviewer, approver = (staff.by_email(session, email).id for email, _, _ in PEOPLE[:3])
        radio.approve(session, author, reviewer, approver)
    with here.db.write() as session:
        for campaign in load_library(session, began):
            if campaign.code == LONG and past.days <= 7:
                continue  # it stays a draft, to be looked at and approved
            later = timedelta(days=7) if campaign.code in (*LATER, LONG) and past.days > 7 else timedelta(0)
            life.start(session, campaign.id, None, began + later)
    if past.days:
        span = "the day" if past.days == 1 else f"the {past.days} days"
        tell(f"Simulating {span} until now …")
        simulation.simulate(here, began, past.days, SEED, lambda done, whole: tell(f"  day {done} of {whole}"))


def load_library(session: Session, now: datetime) -> list[Campaign]:
    """Load every shipped campaign into the demonstration it was written for."""
    found = []
    for path in files():
        definition, problems = read(path.read_text(encoding="utf-8"), path.name)
        if definition is None:
            raise DataError(str(next(one for one in problems if one.level == "error")))
        code = next(code for ending, code in PROGRAMMES.items() if path.stem.endswith(ending))
        programme = session.scalars(sa.select(Programme).where(Programme.code == code)).one()
        loading.load(session, programme, definition, now)
        row = loading.find(session, programme.id, definition.campaign)
        assert row is not None
        found.append(row)
    return found


def soon(session: Session, now: datetime) -> None:
    """Start a small campaign of a message and a question for one club: they leave within two minutes."""
    programme = session.scalars(sa.select(Programme).order_by(Programme.id).limit(1)).one()
    club = session.scalar(
        sa.select(Club)
        .where(Club.programme_id == programme.id, Club.kind == ClubKind.LISTENERS_CLUB)
        .order_by(Club.code)
        .limit(1)
    )
    if club is None:
        return
    _end_older(session, now)
    at = local(now + SOON, programme.zone)
    loading.load(session, programme, _welcome(f"{TRIAL}{at:%Y%m%d-%H%M}", club.code, at), now)
    campaign = loading.find(session, programme.id, f"{TRIAL}{at:%Y%m%d-%H%M}")
    if campaign is not None and campaign.state is CampaignState.DRAFT:
        life.start(session, campaign.id, None, now)


def _end_older(session: Session, now: datetime) -> None:
    """The trials of earlier starts have done their work."""
    older = sa.select(Campaign).where(Campaign.code.startswith(TRIAL), Campaign.state == CampaignState.RUNNING)
    for campaign in session.scalars(older):
        campaign.state, campaign.ends_on = CampaignState.ENDED, now.date()


def _welcome(code: str, club: str, at: datetime) -> Definition:
    hour, day = f"{at:%H:%M}", at.date().isoformat()
    message = "Club {club}: lavez les mains au savon ou à la cendre avant de manger. Pour arreter: STOP"
    question = (
        "Question du club: que prendre s'il n'y a pas de savon? 1 la cendre 2 rien. Répondez 1 ou 2. "
        "Un SMS: {answer_cost}"
    )
    steps = [
        {
            "step": "mains", "kind": "message", "when": {"date": day}, "hour": hour, "facts": ["HY3"],
            "audience": {"role": "club"}, "send_as": "service", "facts_checked": day, "one_act": True,
            "texts": {"fr": {"sms": message, "read_aloud": "Lavez les mains au savon ou à la cendre avant de manger."}},
        },
        {
            "step": "cendre", "kind": "question", "when": {"date": day}, "hour": hour, "facts": ["HY3"],
            "facts_checked": day, "question": {"type": "single", "correct": [1]},
            "texts": {"fr": {
                "sms": question, "read_aloud": "Que prendre s'il n'y a pas de savon ?",
                "options": {"1": "la cendre", "2": "rien"},
                "right": "Oui: le savon, ou la cendre s'il n'y en a pas.",
                "wrong": "S'il n'y a pas de savon: prenez de la cendre.",
            }},
        },
    ]  # fmt: skip
    return Definition.model_validate(
        {
            "campaign": code, "title": {"fr": f"Essai, club {club}", "en": f"Trial, club {club}"},
            "topic": "hygiene", "pillar": "social", "audience": {"clubs": [club]}, "steps": steps,
        }
    )  # fmt: skip


def accounts(session: Session, here: Installation, now: datetime) -> None:
    """Make the demonstration's accounts; their password follows from the key, so that every start can print it."""
    for email, name, roles in PEOPLE:
        if session.scalar(sa.select(Staff.id).where(Staff.email == email)) is None:
            staff.add(session, email, roles, now, name=name, demonstration=True, password=password(here))


def password(here: Installation) -> str:
    """The demonstration's password on this installation."""
    return here.keys.derive("demonstration password")[:10]


def sign_in(here: Installation) -> str:
    """How to sign in, for the terminal."""
    lines = ["", "DEMONSTRATION: all people are invented, the simulator carries the SMS.", "Sign in / connexion:"]
    for email, _, roles in PEOPLE:
        held = ", ".join(f"{role}:{scope}" if scope else role for role, scope in roles)
        lines.append(f"  {email:<22} {password(here)}   {held}")
    return "\n".join(lines)
