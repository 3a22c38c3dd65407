"""Exercises of a facilitator on the pages: the officer of the place begins and ends them, and sees how they went."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa

from campaigns.admin.practice import outcome
from campaigns.models import PracticeReport
from messaging.models import Audit, Facilitator
from tests.campaigns.admin.conftest import Browser
from tests.world import World

Browse = Callable[[str], Browser]
LIST = "/admin/essai/people/practice"
LEADER = "+22376000041"
TOLD = (
    # status, repairs, what the trainer reads
    ("ok", [], "lu tout de suite"),
    ("ok", ["joined_two_sms"], "lu après une question"),
    ("pending", [], "redemandé"),
    ("confirm", [], "redemandé"),
    ("error", [], "refusé, dit pourquoi"),
)


@pytest.mark.parametrize(("status", "repairs", "says"), TOLD, ids=[row[2] + str(row[1]) for row in TOLD])
def test_how_a_report_went(status: str, repairs: list[str], says: str) -> None:
    assert outcome(PracticeReport(status=status, repairs=repairs)) == says


def test_the_officer_begins_reads_and_ends(browse: Browse, office: World) -> None:
    officer, one = browse("officer"), f"{LIST}/{office.phones[LEADER]}"
    assert one in officer.get(f"/admin/essai/people/phones/{office.phones[LEADER]}").text
    assert officer.post(one, one, do="begin").status_code == 303
    assert officer.post(one, one, do="begin").status_code == 303  # pressed twice
    with office.db.write() as session:
        leader = session.scalars(sa.select(Facilitator)).one()
        assert leader.practice
        for place, (status, repairs, _says) in enumerate(TOLD * 3):
            fields = {"club": "1041", "date": "2026-03-12", "women": place, "men": 8, "total": place + 8}
            session.add(
                PracticeReport(
                    programme_id=office.programme_id, facilitator_id=leader.id, intent="attendance", status=status,
                    fields=fields, repairs=repairs, received_at=office.now,
                )
            )  # fmt: skip
    assert "2 sur 10" in officer.read(LIST)
    page = officer.read(one)
    assert "présence 1041 12/03 F14 H8 T22" in page
    assert "F4 H8" not in page  # only the last ten
    assert officer.post(one, one, do="end").status_code == 303
    with office.db.read() as session:
        notes = session.scalars(sa.select(Audit.after).where(Audit.action == "practice").order_by(Audit.id)).all()
    assert notes == [{"practice": True}, {"practice": False}]
    assert "fini" in officer.read(LIST)


def test_other_roles_and_phones_without_a_facilitator(browse: Browse, office: World) -> None:
    one = f"{LIST}/{office.phones[LEADER]}"
    for who in ("editor", "focal_point", "auditor", "administrator"):
        browser = browse(who)
        assert [browser.get(path).status_code for path in (LIST, one)] == [403, 403]
        assert browser.post(one, do="begin").status_code == 403
    officer = browse("officer")
    for ident in (office.phones["+22376000011"], 10**6):
        assert officer.get(f"{LIST}/{ident}").status_code == 404
        assert officer.post(f"{LIST}/{ident}", LIST, do="begin").status_code in (400, 404)
