"""What a number wrote before anybody knew it: read again once it is a facilitator's, on its own days."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from campaigns.conversation import held
from campaigns.models import ClubSession
from messaging.installation import Installation
from messaging.models import Call, Facilitator, FacilitatorClub
from messaging.models.people import FacilitatorKind
from tests.script import Script
from tests.world import World

ISSA, AWA = "+22370000077", "+22370000078"


def link(world: World, number: str) -> None:
    """Staff make somebody's phone a facilitator's of club 1041."""
    with world.db.write() as session:
        row = Facilitator(
            programme_id=world.programme_id, kind=FacilitatorKind.FACILITATOR, phone_id=world.phone(number),
            language="fr",
        )  # fmt: skip
        session.add(row)
        session.flush()
        session.add(FacilitatorClub(facilitator_id=row.id, club_id=world.clubs["1041"]))


def days(world: World) -> list[str]:
    """The days of which somebody reported."""
    with world.db.read() as session:
        return [f"{day:%d/%m}" for day in session.scalars(sa.select(ClubSession.held_on).order_by(ClubSession.held_on))]


def test_the_reports_of_a_number_are_read_once_it_is_known(world: World, installation: Installation) -> None:
    world.club("1041")
    script = Script(installation, {"issa": ISSA, "awa": AWA}, world.now)
    script.play("""
        @ 2026-03-01 10:00
        issa > PRES 1041 F9 H9 T18
        issa < Numero pas encore connu. Message garde 7 jours, on vous appelle. Merci.
        @ 2026-03-09 10:00
        issa > PRES 1041 F12 H8 T20
        issa < Numero pas encore connu. Message garde 7 jours, on vous appelle. Merci.
        @ 2026-03-10 10:00
        issa > PRES 1041 09/03 F12 H9 T21
        issa < Numero pas encore connu. Message garde 7 jours, on vous appelle. Merci.
        awa > PRES 1041 F1 H1 T2
        awa < Numero pas encore connu. Message garde 7 jours, on vous appelle. Merci.
    """)
    assert held.read_due(world.db, script.now) == {}
    link(world, ISSA)
    script.now += timedelta(days=2)
    assert held.read_due(world.db, script.now) == {"read_again": 2}, "not what came more than a week ago"
    assert held.read_due(world.db, script.now) == {}
    script.turn()
    script.play("""
        issa < OK 1041 09/03 F12 H8 T20. Erreur? CORR 1041 F.. H.. T..
        issa < 1041 09/03: deja F12 H8. Remplacer par F12 H9 T21? OUI ou NON
        issa > OUI
        issa < Corrige: 1041 09/03 F12 H9 T21. Avant: F12 H8.
        awa <
    """)
    assert days(world) == ["09/03"]
    with world.db.read() as session:
        open_calls = session.scalars(sa.select(Call.phone_id).where(Call.done_at.is_(None))).all()
    assert open_calls == [world.phone(AWA)]
