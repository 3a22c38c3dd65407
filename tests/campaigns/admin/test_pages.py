"""Every page opens for whom it is, in both languages, masks what it must, and stays small."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable

import pytest
import sqlalchemy as sa

from campaigns.admin import wire
from messaging.models import Household, Inbound, Member, Message, Programme
from messaging.models.people import HeaBand, LifeStage
from messaging.models.post import InboundState
from tests.campaigns.admin.conftest import Browser
from tests.world import World

Browse = Callable[[str], Browser]
PAGES = (
    "/admin/",
    "/admin/essai/campaigns",
    "/admin/essai/campaigns/hygiene-essai",
    "/admin/essai/campaigns/hygiene-essai/mains",
    "/admin/essai/campaigns/hygiene-essai/mains/fr",
    "/admin/essai/campaigns/hygiene-essai/quiz/dds",
    "/admin/essai/people",
    "/admin/essai/people/clubs",
    "/admin/essai/messages",
    "/admin/essai/messages/out",
    "/admin/essai/results",
    "/admin/essai/results/weeks",
    "/admin/settings",
    "/simulator/",
)
FIRST_PAGE, LATER_PAGE = 35 * 1024, 15 * 1024  # bytes, compressed


def test_pages_open_and_say_demonstration_in_both_languages(editor: Browser) -> None:
    for language, word in (("fr", "DÉMONSTRATION"), ("en", "DEMONSTRATION")):
        editor.post("/admin/settings", language=language)
        for path in PAGES:
            page = editor.get(path)
            assert page.status_code == 200, path
            assert f'<html lang="{language}">' in page.text
            assert word in page.text.split("</title>")[0], path
            assert f"<strong>{word}</strong>" in page.text, path
            assert page.headers["X-Demonstration"] == "DEMONSTRATION"


def test_a_real_programme_is_not_called_a_demonstration(editor: Browser, office: World) -> None:
    with office.db.write() as session:
        session.execute(sa.update(Programme).values(demonstration=False))
    page = editor.get("/admin/essai/people")
    assert "DÉMONSTRATION" not in page.text
    assert "X-Demonstration" not in page.headers
    assert "simulator" not in page.text
    assert editor.get("/simulator/").status_code == 404


def test_no_page_shows_a_number_or_more_than_two_digits(browse: Browse, office: World) -> None:
    browser = browse("officer")
    phones = "&".join(f"phone={ident}" for ident in office.phones.values())
    for path in (*PAGES[:4], *PAGES[6:], f"/simulator/?{phones}"):
        text = re.sub(r'value="[^"]*"|v=\w+', "", browser.get(path).text)
        for number in office.phones:
            assert number[-8:] not in text
            assert number[-4:] not in text, path


def test_sms_are_for_the_officer_and_sensitive_ones_for_nobody_here(browse: Browse) -> None:
    officer, editor = (
        browse("officer").get("/admin/essai/messages").text,
        browse("editor").get("/admin/essai/messages").text,
    )
    assert "Merci, mon numéro est [numéro]" in officer
    assert "Merci, mon numéro" not in editor
    for whole in (officer, editor):
        page = re.sub(r"<select.*?</select>", "", whole, flags=re.DOTALL)  # the words of the choice are no SMS
        assert page.count("<tr>") == 2  # the head, and the one that is not sensitive
        assert "2 messages sensibles ou à vérifier" in page
        assert "argent" not in page
        assert "a bɛ di" not in page
        assert "fraud" not in page


def test_sms_nobody_has_screened_yet_is_shown_to_nobody(browse: Browse, office: World) -> None:
    with office.db.write() as session:
        session.execute(sa.update(Inbound).values(state=InboundState.NEW))
    assert "Merci, mon numéro" not in browse("officer").get("/admin/essai/messages").text


def test_sms_are_text_and_never_markup(browse: Browse, office: World) -> None:
    with office.db.write() as session:
        session.execute(
            sa.update(Inbound).values(text="<script>alert(1)</script>", intent="feedback", maybe_sensitive=False)
        )
    page = browse("officer").get("/admin/essai/messages").text
    assert "&lt;script&gt;" in page
    assert "<script>alert" not in page


def test_life_stage_wealth_and_names_are_on_no_page(browse: Browse, office: World) -> None:
    with office.db.write() as session:
        session.execute(sa.update(Member).values(first_name="Yassa", life_stage=LifeStage.PREGNANT))
        session.add(
            Household(
                programme_id=office.programme_id, code="MEN-9", village_id=office.village_id, hea_band=HeaBand.VERY_POOR
            )
        )
    browser = browse("officer")
    for path in PAGES:
        if not path.endswith(("/fr", "/dds")):
            page = browser.get(path).text
            for word in ("Yassa", "pregnant", "enceinte", "very_poor", "MEN-9"):
                assert word not in page, (path, word)


def test_today_counts_what_needs_me(browse: Browse) -> None:
    translator, editor = browse("translator").read("/admin/"), browse("editor").read("/admin/")
    assert "3 textes" in translator  # two French, one Bambara
    assert "Textes à relire" not in editor
    assert "Numéro mis en quarantaine." in editor


def test_outbox_is_cut_by_state_and_reason(editor: Browser) -> None:
    page = editor.get("/admin/essai/messages/out?state=held&reason=quarantine").text
    assert page.count("<tr>") == 2
    assert "Numéro mis en quarantaine" in page
    assert editor.get("/admin/essai/messages/out?state=rien&reason=rien&before=zzz~9").status_code == 200


def test_lists_go_on_where_they_stopped(editor: Browser, office: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("campaigns.admin.paging.page.__defaults__", (2,))
    for path, rows in (("/admin/essai/messages", 1), ("/admin/essai/messages/out", 4)):
        seen, where = [], path
        while where:
            page = editor.get(where).text
            seen += re.findall(r'<time datetime="([^"]+)"', page)
            further = re.search(r'class="further"><a class="button quiet" href="([^"]+)"', page)
            where = further[1].replace("&amp;", "&") if further else ""
        assert len(seen) == rows
        assert seen == sorted(seen, reverse=path.endswith("out"))


def test_people_are_counted_by_village_and_commune(editor: Browser) -> None:
    page = editor.get("/admin/essai/people").text
    assert "Village Essai" not in page  # the programme has no village of its own yet
    clubs = editor.get("/admin/essai/people/clubs").text
    assert "1041" in clubs
    assert "Village Essai" in clubs


def test_results_count_what_is_known(editor: Browser) -> None:
    page = editor.get("/admin/essai/results/weeks").text
    week = page.split("<tbody>")[1].split("</tr>")[0]
    assert [int(cell) for cell in re.findall(r'<td class="num"[^>]*>(\d+)<', week)] == [2, 1, 0, 1, 0, 2]


def test_pages_are_small(editor: Browser, office: World) -> None:
    def weight(path: str) -> int:
        page = editor.get(path, headers={"Accept-Encoding": "gzip"})
        assert page.headers["Content-Encoding"] == "gzip"
        assert b"<html" in gzip.decompress(page.data)
        return len(page.data)

    static = sum(len(asset.packed) for name, asset in wire.shelf().items() if not name.endswith(".txt"))
    assert max(weight(path) for path in PAGES) <= LATER_PAGE
    assert static + max(weight(path) for path in PAGES) <= FIRST_PAGE


def test_static_files_are_fetched_once(editor: Browser) -> None:
    page = editor.get("/admin/").text
    for address in re.findall(r'(?:href|src)="(/admin/static/[^"]+)"', page):
        answer = editor.get(address, headers={"Accept-Encoding": "gzip"})
        assert answer.status_code == 200
        assert "immutable" in answer.headers["Cache-Control"]
        again = editor.get(address, headers={"If-None-Match": answer.headers["ETag"]})
        assert again.status_code == 304
    assert editor.get("/admin/static/jekulu.css").headers["Cache-Control"] == "no-cache"
    assert editor.get("/admin/static/..%2fsecurity.py").status_code == 404


def test_list_of_messages_needs_no_step(editor: Browser, office: World) -> None:
    with office.db.write() as session:
        session.execute(sa.update(Message).values(step_id=0))
    assert "campagne" in editor.get("/admin/essai/messages/out").text
