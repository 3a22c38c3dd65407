"""The page of evaluator's files: two people, the download in the log, the end, and who sees what."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa

from campaigns.evaluation.evaluator import keys
from campaigns.models import EvaluationPurpose, Handover
from messaging import staff
from messaging.installation import Installation
from messaging.models import Audit, Role, StaffPlace
from tests.campaigns.admin.conftest import ACCOUNTS, Browser, account
from tests.world import World

PAGE = "/admin/essai/results/purposes"
Browse = Callable[[str], Browser]


@pytest.fixture(autouse=True)
def both() -> Iterator[None]:
    """An account that may ask and decide, and one that is bound to a place."""
    ACCOUNTS["both"] = [(Role.EVALUATION, ""), (Role.APPROVER, "")]
    ACCOUNTS["bound"] = [(Role.EVALUATION, "")]
    yield
    del ACCOUNTS["both"], ACCOUNTS["bound"]


def asked(office: World, **more: str) -> dict[str, str]:
    until = (office.now + timedelta(days=30)).date().isoformat()
    return {"title": "Evaluation finale", "recipient": "Bureau Exemple", "until": until, **more}


def lines(office: World, *objects: str) -> list[tuple[str, str]]:
    with office.db.read() as session:
        query = sa.select(Audit.object, Audit.action).where(Audit.object.in_(objects)).order_by(Audit.id)
        return [(row.object, row.action) for row in session.execute(query)]


def test_one_asks_another_accepts_and_files_leave_until_the_end(
    browse: Browse, office: World, installation: Installation
) -> None:
    officer, auditor = browse("evaluation"), browse("auditor")
    assert officer.post(PAGE, PAGE, **asked(office)).status_code == 303
    assert "attend une deuxième personne" in officer.read(PAGE)
    assert "Accepter" not in officer.read(PAGE)
    assert officer.post(f"{PAGE}/1/decide", PAGE, answer="accept").status_code == 403
    assert officer.post(f"{PAGE}/1/files", PAGE).status_code == 400  # not yet
    assert "Evaluation finale" in auditor.read("/admin/")
    assert auditor.post(f"{PAGE}/1/decide", PAGE, answer="accept").status_code == 303
    folder = keys.folder_of(installation.settings)
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    answer = officer.post(f"{PAGE}/1/files", PAGE)
    assert (answer.status_code, answer.mimetype) == (200, "application/zip")
    assert "DEMONSTRATION-essai-1-" in answer.headers["Content-Disposition"]
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        assert all(name.startswith("DEMONSTRATION-") for name in archive.namelist())
    with office.db.write() as session:
        session.execute(sa.update(Handover).where(Handover.file == keys.PERSONS).values(left_out=3))
    page = officer.read(PAGE)
    assert "Ce qui est parti" in page
    assert '<span class="few">< 5</span>' in page, "three people are not a number to show"
    assert auditor.post(f"{PAGE}/1/files", PAGE).status_code == 403
    assert auditor.post(f"{PAGE}/1/end", PAGE).status_code == 303
    assert list(folder.iterdir()) == []
    assert "clés détruites" in officer.read(PAGE)
    again = officer.post(f"{PAGE}/1/files", PAGE)
    assert again.status_code == 400
    assert "n'est pas ouverte" in again.text.replace("&#39;", "'")
    assert lines(office, "proposal", "purpose") == [
        ("proposal", "asked"), ("proposal", "accepted"), ("purpose", "opened"), ("purpose", "handed_over"),
        ("purpose", "handed_over"), ("purpose", "ended"),
    ]  # fmt: skip
    assert "fichier pour évaluateur parti" in auditor.read("/admin/audit?what=purpose")


def test_nobody_decides_on_her_own(browse: Browse, office: World) -> None:
    both = browse("both")
    both.post(PAGE, PAGE, **asked(office))
    answer = both.post(f"{PAGE}/1/decide", PAGE, answer="accept")
    assert answer.status_code == 400
    with office.db.read() as session:
        assert session.get_one(EvaluationPurpose, 1).approved_at is None
    approver = browse("approver")
    assert approver.post(f"{PAGE}/1/decide", PAGE, answer="refuse").status_code == 303
    assert "refusée" in approver.read(PAGE)
    assert approver.post(f"{PAGE}/1/decide", PAGE, answer="accept").status_code == 400


def test_what_cannot_be_asked_stays_in_the_form(browse: Browse, office: World) -> None:
    officer = browse("evaluation")
    for typed, said in (
        ({"title": " "}, "Écrivez pourquoi et pour qui"),
        ({"title": "x" * 121}, "120 signes au plus"),
        ({"recipient": "Awa 76 12 34 56"}, "pas de numéro"),
        ({"title": "Eva\x00luation"}, "un signe qui ne"),
        ({"until": "2020-01-01"}, "déjà passé"),
        ({"until": "2099-01-01"}, "un an au plus"),
        ({"until": "demain"}, "01/12/2026"),
    ):
        wanted = asked(office, **typed)
        answer = officer.post(PAGE, PAGE, **wanted)
        assert answer.status_code == 400, typed
        assert said in answer.text
        kept = [value for value in wanted.values() if value.isprintable()]
        assert all(f'value="{value}"' in answer.text for value in kept), typed
    with office.db.read() as session:
        assert session.scalars(sa.select(EvaluationPurpose.id)).all() == []


def test_an_account_bound_to_a_place_makes_no_files_of_the_whole(browse: Browse, office: World) -> None:
    bound = browse("bound")
    with office.db.write() as session:
        session.add(StaffPlace(staff_id=staff.by_email(session, "bound@essai.example").id, place_id=office.village_id))
    assert "pas limité à des lieux" in bound.read(PAGE)
    assert bound.post(PAGE, PAGE, **asked(office)).status_code == 400


def test_others_do_not_see_the_page_and_other_programmes_are_not_there(
    browse: Browse, office: World, other: World
) -> None:
    assert browse("editor").get(PAGE).status_code == 403
    with office.db.write() as session:
        theirs = EvaluationPurpose(
            programme_id=other.programme_id, title="Autre", recipient="Autre", until=office.now.date(),
            asked_by=staff.by_email(session, "editor@essai.example").id, asked_at=office.now,
        )  # fmt: skip
        session.add(theirs)
        session.flush()
        ident = theirs.id
    account(office, "auditor")
    for who, act in (("evaluation", "files"), ("auditor", "decide"), ("auditor", "end")):
        assert browse(who).post(f"{PAGE}/{ident}/{act}", PAGE).status_code == 404, act
    with office.db.read() as session:
        assert session.scalars(sa.select(Handover.id)).all() == []
