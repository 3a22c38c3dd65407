"""Scenario 15: an adviser for five villages forgets the code; the reply lists his five and keeps the numbers."""

from __future__ import annotations

import sqlalchemy as sa

from campaigns.models import Attendance, ClubSession
from messaging import codes
from messaging.models import Club, Facilitator, FacilitatorClub
from messaging.models.people import FacilitatorKind
from tests.script import Script
from tests.wire import wired
from tests.world import World

DOGON = "+22370000005"
CODES = ("1041", "1055", "2035", "3115", codes.make(401))


def test_answering_with_a_code_completes_the_report(installation, world: World) -> None:
    adviser(world)
    with wired(Script(installation, {"conseiller": DOGON}, world.now)) as wire:
        wire.play(f"""
            conseiller > VISITE F6 H9 T15
            conseiller < Quel club? Repondez le code: {", ".join(CODES)}. Nombres gardes: F6 H9.
            conseiller > 2035
        """)
        answer = wire.sent(DOGON)[-1]
        assert "2035 12/03 F6 H9 T15" in answer, answer
    with world.db.read() as session:
        query = sa.select(Club.code, Attendance.women, Attendance.men, Attendance.total)
        rows = session.execute(
            query.select_from(Attendance).join(ClubSession).join(Club, Club.id == ClubSession.club_id)
        ).all()
    assert [tuple(row) for row in rows] == [("2035", 6, 9, 15)]


def adviser(world: World) -> None:
    """One adviser who serves five groups."""
    phone_id = world.phone(DOGON)
    ids = [world.club(code) for code in CODES]
    with world.db.write() as session:
        row = Facilitator(
            programme_id=world.programme_id, kind=FacilitatorKind.ADVISER, phone_id=phone_id, language="fr"
        )
        session.add(row)
        session.flush()
        session.add_all(FacilitatorClub(facilitator_id=row.id, club_id=club_id) for club_id in ids)
