"""The page of exports: who may take a file, what must be said, what leaves and what stays in the log."""

from __future__ import annotations

import csv
import hashlib
import io
import sys
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from messaging.clock import utc_now
from messaging.models import Audit
from tests.campaigns.admin.conftest import Browser
from tests.world import World

PAGE = "/admin/essai/results/exports"


def form(**more: str) -> dict[str, str]:
    """A form as a person fills it in."""
    today = utc_now().date()
    days = {"from": (today - timedelta(days=20)).isoformat(), "to": today.isoformat()}
    until = (today + timedelta(days=90)).isoformat()
    return {"table": "12_message_rows", "form": "hxl", **days, "why": "rapport", "until": until, **more}


def log(world: World) -> list[tuple[str, dict[str, Any]]]:
    with world.db.read() as session:
        query = sa.select(Audit.action, Audit.after).where(Audit.object == "export").order_by(Audit.id)
        return [(action, after or {}) for action, after in session.execute(query)]


def test_a_file_leaves_and_both_evaluation_and_auditor_see_that_it_did(
    browse: Callable[[str], Browser], office: World
) -> None:
    person = browse("evaluation")
    answer = person.post(PAGE, PAGE, **form())
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"].endswith('_DEMONSTRATION.hxl.csv"')
    lines = list(csv.reader(io.StringIO(answer.text)))
    assert lines[1][0] == "#date+occurred"
    assert len(lines) == 2 + 4
    assert {line[-1] for line in lines[2:]} == {"DEMONSTRATION"}
    (_begun, before), (done, after) = log(office)
    assert (before["why"], before["until"], done) == ("rapport", form()["until"], "exported")
    assert (after["rows"], after["sha256"]) == (4, hashlib.sha256(answer.data).hexdigest())
    for who in ("evaluation", "auditor"):
        assert "rapport" in browse(who).read(PAGE)
    assert "Prendre un fichier" not in browse("auditor").read(PAGE)
    assert "fichier exporté" in browse("auditor").read("/admin/audit")


@pytest.mark.parametrize("who,sees", [("evaluation", 200), ("auditor", 200), ("officer", 403), ("editor", 403)])
def test_who_may_come(browse: Callable[[str], Browser], who: str, sees: int) -> None:
    person = browse(who)
    assert person.get(PAGE).status_code == sees
    if who != "evaluation":
        assert person.post(PAGE, **form()).status_code == 403


def test_nothing_typed_is_lost_and_nothing_leaves_without_a_reason(
    browse: Callable[[str], Browser], office: World
) -> None:
    person = browse("evaluation")
    yesterday = (utc_now().date() - timedelta(days=1)).isoformat()
    for wrong in ({"why": ""}, {"until": ""}, {"until": yesterday}, {"to": "2020-01-01"}, {"from": "hier"},
                  {"table": "5_quiz_person_pseudonymised"}, {"form": "pdf"}):  # fmt: skip
        answer = person.post(PAGE, PAGE, **form(**{"why": "pour le bailleur", **wrong}))
        assert answer.status_code == 400, wrong
        assert "why" in wrong or "pour le bailleur" in answer.text, wrong
    assert log(office) == []


def test_a_download_that_breaks_off_is_noted_with_what_had_left(
    browse: Callable[[str], Browser], office: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = browse("evaluation")

    page = sys.modules["campaigns.admin.exports"]

    class Cut(page.Pieces):  # type: ignore[misc, name-defined]
        def __iter__(self) -> Iterator[bytes]:
            yield next(self._whole)
            self.close()

    monkeypatch.setattr(page, "Pieces", Cut)
    person.post(PAGE, PAGE, **form())
    assert [action for action, _after in log(office)] == ["begun", "broken_off"]
    assert "interrompu" in browse("auditor").read(PAGE)


def test_the_shortest_date_is_today(browse: Callable[[str], Browser]) -> None:
    person = browse("evaluation")
    assert person.post(PAGE, PAGE, **form(until=date.today().isoformat())).status_code == 200  # noqa: DTZ011
