"""A browser on the demonstration: Debian's chromium, the whole application with its engine, on the loopback."""

from __future__ import annotations

import logging
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright
from werkzeug.serving import make_server

import wsgi
from campaigns import demonstration
from messaging.clock import utc_now
from messaging.engines.local import Engine
from messaging.installation import Installation
from messaging.settings import load

ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-default-apps", "--disable-extensions", "--disable-sync", "--no-first-run",
]  # fmt: skip
PATIENCE = 10_000  # milliseconds


@dataclass
class Site:
    """The running demonstration."""

    app: Flask
    address: str
    password: str

    @property
    def here(self) -> Installation:
        """Its installation."""
        found: Installation = self.app.extensions["jekulu"]
        return found


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Debian's chromium; without it these tests are skipped, but not where everything must run."""
    path = shutil.which("chromium")
    if path is None:
        reason = "no chromium: apt-get install chromium"
        pytest.fail(reason) if os.environ.get("CI") in ("1", "true") else pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The demonstration with a day of simulated past, its engine and a web server."""
    folder: Path = tmp_path_factory.mktemp("demonstration")
    app = wsgi.create_app(load({"JEKULU_DATA": str(folder)}))
    here: Installation = app.extensions["jekulu"]
    demonstration.prepare(here, utc_now(), timedelta(days=1), lambda _line: None)
    engine = Engine(here, wsgi.JOBS)
    app.extensions["jekulu.wake"] = engine.wake
    engine.start()
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield Site(app, f"http://127.0.0.1:{server.server_port}", demonstration.password(here))
    server.shutdown()
    thread.join()
    server.server_close()
    engine.stop()
    here.close()


@pytest.fixture
def open_page(chromium: Browser, site: Site) -> Iterator[Callable[..., Page]]:
    """A page of a fresh browser that fails the test when anything is refused, broken or asked of another host."""
    contexts: list[BrowserContext] = []
    troubles: list[str] = []

    def open_one(**options: object) -> Page:
        context = chromium.new_context(base_url=site.address, locale="fr-FR", reduced_motion="reduce", **options)  # type: ignore[arg-type]
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: troubles.append(message.text) if is_trouble(message) else None)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("request", lambda asked: None if asked.url.startswith(site.address) else troubles.append(asked.url))
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert not troubles


def is_trouble(message: ConsoleMessage) -> bool:
    """True for an error in the browser's log, other than a page that is rightly not there."""
    return message.type == "error" and "status of 404" not in message.text


@pytest.fixture
def sign_in(open_page: Callable[..., Page], site: Site) -> Callable[..., Page]:
    """A signed-in page, as one of the demonstration's accounts."""

    def sign(who: str = "aminata", language: str = "fr", **options: object) -> Page:
        page = open_page(**options)
        page.goto(f"/admin/login?lang={language}")
        page.fill("#email", f"{who}@demo.example")
        page.fill("#password", site.password)
        page.click("main button")
        page.wait_for_url("**/admin/")
        return page

    return sign
