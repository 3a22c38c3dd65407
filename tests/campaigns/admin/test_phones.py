"""The phones page: demonstrations only, the last two digits only, works without JavaScript, asks only for news."""

from __future__ import annotations

import re
from collections.abc import Callable

import sqlalchemy as sa
from flask import Flask

from messaging.installation import Installation
from messaging.models import Inbound, Message, Phone, Programme
from tests.campaigns.admin.conftest import Browser
from tests.world import World

Browse = Callable[[str], Browser]


def test_page_shows_chosen_phones_by_two_digits_role_and_language(editor: Browser, office: World) -> None:
    leader, member = office.phones["+22376000041"], office.phones["+22376000012"]
    page = editor.get(f"/simulator/?phone={leader}&phone={member}").text
    assert page.count('class="screen"') == 2
    assert re.search(r"41</span> <small>animateur · Français · 1041", page)
    assert re.search(r"12</span> <small>membre · Bambara · Village Essai", page)


def test_search_by_club_code_village_and_role(editor: Browser, office: World) -> None:
    def found(query: str) -> set[str]:
        return set(re.findall(r'name="phone" value="(\d+)"', editor.get(f"/simulator/?{query}").text))

    everybody = {str(ident) for ident in office.phones.values()}
    assert found("") == everybody
    assert found("q=1041") == everybody
    assert found("q=3333") == set()
    assert found("q=village+essay") == everybody  # spelling is forgiven
    assert found("role=facilitator") == {str(office.phones["+22376000041"])}
    assert found("role=member&q=1041") == everybody - {str(office.phones["+22376000041"])}


def test_a_new_sim_that_is_only_asked_does_not_close_the_page(editor: Browser, office: World) -> None:
    office.phone("+22376000099")
    with office.db.write() as session:
        session.execute(
            sa.update(Message)
            .where(Message.occurrence == "o0")
            .values(phone_id=office.phones["+22376000099"], handed_over_at=office.now)
        )
    page = editor.get("/simulator/")
    assert page.status_code == 200
    assert f'value="{office.phones["+22376000099"]}"' not in page.text


def test_sms_written_on_the_page_comes_in_like_any_other(
    app: Flask, editor: Browser, office: World, installation: Installation
) -> None:
    woken: list[str] = []
    app.extensions["jekulu.wake"] = woken.append
    phone = office.phones["+22376000011"]
    answer = editor.post(f"/simulator/{phone}?phone={phone}&q=1041", f"/simulator/?phone={phone}", text="Bonjour <b>")
    assert answer.headers["Location"] == f"/simulator/?q=1041&phone={phone}#phone-{phone}"
    assert woken == ["converse"]
    assert "Bonjour &lt;b&gt;" in editor.get(f"/simulator/?phone={phone}").text
    with office.db.read() as session:
        row = session.scalars(sa.select(Inbound).where(Inbound.text == "Bonjour <b>")).one()
        assert row.phone_id == phone
        assert session.get_one(Phone, phone).last_in_at is not None


def test_a_missed_call_comes_in_as_an_event_with_the_option_that_was_called(editor: Browser, office: World) -> None:
    phone = office.phones["+22376000011"]
    editor.post(f"/simulator/{phone}?phone={phone}", f"/simulator/?phone={phone}", beep="2", text="pas envoyé")
    assert "(2)" in editor.get(f"/simulator/?phone={phone}").text
    editor.post(f"/simulator/{phone}?phone={phone}", f"/simulator/?phone={phone}", beep="77")  # no such button
    with office.db.read() as session:
        query = sa.select(Inbound.kind, Inbound.called, Inbound.text).where(Inbound.called.is_not(None))
        rows = session.execute(query)
        assert [tuple(row) for row in rows] == [("missed_call", "2", "")]


def test_with_htmx_the_screen_comes_back_alone(editor: Browser, office: World) -> None:
    phone = office.phones["+22376000011"]
    page = editor.get(f"/simulator/?phone={phone}").text
    key = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert key
    screen = editor.client.post(
        f"/simulator/{phone}", base_url="https://sms.example.org", data={"csrf_token": key[1], "text": "AIDE"},
        headers={"HX-Request": "true", "Referer": "https://sms.example.org/simulator/"},
    )  # fmt: skip
    assert screen.text.startswith('<div class="screen"')
    assert "AIDE" in screen.text


def test_polling_answers_only_when_there_is_news(editor: Browser, office: World) -> None:
    phone = office.phones["+22376000011"]
    first = editor.get(f"/simulator/{phone}/thread").text
    mark = re.search(r"seen=(\w+)", first)
    assert mark
    assert editor.get(f"/simulator/{phone}/thread?seen={mark[1]}").status_code == 204
    editor.post(f"/simulator/{phone}", text="1")
    assert editor.get(f"/simulator/{phone}/thread?seen={mark[1]}").status_code == 200


def test_empty_sms_is_not_sent(editor: Browser, office: World) -> None:
    phone = office.phones["+22376000011"]
    editor.post(f"/simulator/{phone}", text="   ")
    assert "Pas de SMS" in editor.get(f"/simulator/?phone={phone}").text


def test_page_is_gone_as_soon_as_one_programme_is_real(editor: Browser, office: World, other: World) -> None:
    phone = office.phones["+22376000011"]
    with office.db.write() as session:
        session.execute(sa.update(Programme).where(Programme.code == "autre").values(demonstration=False))
    assert editor.get("/simulator/").status_code == 404
    assert editor.get(f"/simulator/{phone}/thread").status_code == 404
    assert editor.post(f"/simulator/{phone}", text="x").status_code == 404


def test_unknown_phones_are_not_there(editor: Browser) -> None:
    for path in ("/simulator/?phone=999999", "/simulator/999999/thread"):
        assert editor.get(path).status_code == 404
    assert editor.get("/simulator/?phone=abc&phone=99999999999999999999").status_code == 200


def test_a_line_that_came_back_after_an_ended_session_is_not_sent(editor: Browser, office: World) -> None:
    phone = office.phones["+22376000041"]
    for path in (f"/simulator/{phone}", f"/simulator/essai/hygiene-essai/quiz/{phone}"):
        editor.post(path, f"/simulator/?phone={phone}", text="Bonjour <b>", show="write", kept="/simulator/")
        with office.db.read() as session:
            assert not session.scalars(sa.select(Inbound).where(Inbound.text == "Bonjour <b>")).all(), path
