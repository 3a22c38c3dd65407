"""Changing the rules of a programme and letting a gateway rest: all or nothing, noted with who, before and after."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from messaging import programmes, staff
from messaging.errors import DataError
from messaging.gateways import pausing, tariffs
from messaging.models import Audit, Budget, Cap, Programme
from messaging.models.staff import Role
from tests.world import World


def test_a_change_names_who_made_it_and_what_stood_before(world: World) -> None:
    with world.db.write() as session:
        made = staff.add(session, "a@essai.example", [(Role.APPROVER, "")], world.now)
        assert made is not None
        who = staff.by_email(session, "a@essai.example").id
        programme = session.get_one(Programme, world.programme_id)
        programmes.change(session, programme, world.now, budgets=["2026-12=76000011"])
        programmes.change(session, programme, world.now, budgets=["2026-12="], chains=["bm=fr"], staff_id=who)
    with world.db.read() as session:
        noted = sa.select(Audit).where(Audit.object == "programme", Audit.action == "changed").order_by(Audit.id)
        first, second = session.scalars(noted).all()
        assert (first.actor, second.actor) == ("command", f"staff:{who}")
        assert first.after == {"budget 2026-12": 76_000_011}  # a sum, not the number of a phone
        assert second.before == {"fallback bm": "", "budget 2026-12": 76_000_011}
        assert second.after == {"fallback bm": "fr", "budget 2026-12": None}
        assert session.scalars(sa.select(Budget.limit_micros)).one() is None


CAPS = [
    ("campaign=1,3,16", ("campaign", 1, 3, 16)),
    ("service=2,6,", ("service", 2, 6, None)),
    ("campaign=,,", ("campaign", None, None, None)),
]


@pytest.mark.parametrize(("said", "expected"), CAPS)
def test_caps_are_set_by_a_sentence(world: World, said: str, expected: tuple[object, ...]) -> None:
    with world.db.write() as session:
        programmes.change(session, session.get_one(Programme, world.programme_id), world.now, caps=[said])
    with world.db.read() as session:
        row = session.get_one(Cap, expected[0])
        assert (row.kind, row.per_day, row.per_week, row.per_month) == expected


@pytest.mark.parametrize("said", ["campaign", "campaign=1,3", "reply=1,1,1", "campaign=un,3,16", "campaign=-1,3,16"])
def test_what_is_no_cap_changes_nothing(world: World, said: str) -> None:
    with pytest.raises(DataError, match="campaign=1,3,16"), world.db.write() as session:
        programme = session.get_one(Programme, world.programme_id)
        programmes.change(session, programme, world.now, budgets=["2026-12=1"], caps=[said])
    with world.db.read() as session:
        assert session.scalars(sa.select(Budget)).all() == []


def test_a_gateway_rests_with_a_reason(world: World) -> None:
    with world.db.write() as session:
        row = tariffs.named(session, "simulator")
        pausing.pause(session, row, "  plus de crédit ", world.now)
        assert (row.paused_at, row.paused_reason) == (world.now, "plus de crédit")
        pausing.resume(session, row, world.now)
        pausing.resume(session, row, world.now)  # goes on already: nothing to note
        assert row.paused_at is None
    with world.db.read() as session:
        noted = session.scalars(sa.select(Audit.action).where(Audit.object == "gateway").order_by(Audit.id)).all()
    assert noted == ["paused", "resumed"]


@pytest.mark.parametrize("reason", ["", "  ", "x" * 201])
def test_a_gateway_does_not_rest_without_a_reason(world: World, reason: str) -> None:
    with pytest.raises(DataError, match="200"), world.db.write() as session:
        pausing.pause(session, tariffs.named(session, "simulator"), reason, world.now)
