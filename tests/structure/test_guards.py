"""Every address is guarded or stands in the one list of public ones."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from werkzeug.routing import Rule

import wsgi
from campaigns.admin import security
from messaging.settings import load

PUBLIC = {
    "security.login", "sign_in.second_factor", "assets.file", "today.front", "health", "metrics", "webhooks", "studio",
}  # fmt: skip


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """The whole application on an empty database."""
    folder: Path = tmp_path_factory.mktemp("guards")
    return wsgi.create_app(load({"JEKULU_DATA": str(folder)}))


def address(rule: Rule) -> str:
    """The rule with something in each place."""
    return rule.build(dict.fromkeys(rule.arguments, "1"), append_unknown=False)[1]  # type: ignore[index]


def test_the_public_list_is_the_one_we_agreed_on() -> None:
    assert set(security.PUBLIC) == PUBLIC


def test_nobody_gets_a_page_without_signing_in(app: Flask) -> None:
    client = app.test_client()
    for rule in app.url_map.iter_rules():
        if security.is_public(rule.endpoint):
            continue
        for method in (rule.methods or set()) & {"GET", "POST"}:
            answer = client.open(address(rule), method=method)
            shown = answer.status_code in (302, 303) and "/admin/login" in answer.headers["Location"]
            assert shown or answer.status_code in (400, 401, 403, 404), f"{method} {rule} is open: {answer.status}"


def test_a_post_without_our_token_changes_nothing(app: Flask) -> None:
    client = app.test_client()
    posts = [
        r
        for r in app.url_map.iter_rules()
        if "POST" in (r.methods or ()) and r.endpoint.partition(".")[0] != "webhooks"
    ]
    assert posts
    for rule in posts:
        assert client.post(address(rule)).status_code != 200, rule
