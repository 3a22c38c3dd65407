"""A browser on the demonstration: Debian's chromium, the whole application with its engine, on the loopback."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from tests.browser.running import ARGUMENTS, Site, running

PATIENCE = 20_000  # milliseconds: two cores carry the browser, the server and a second row of tests
expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="package")
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


@pytest.fixture(scope="package")  # its engine ticks: it must not go on beside all other tests
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The demonstration with a day of simulated past, its engine and a web server."""
    with running(tmp_path_factory.mktemp("demonstration")) as found:
        yield found


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
    """True for an error in the browser's log, other than a page rightly not there or a form rightly not taken."""
    return message.type == "error" and not any(f"status of {code}" in message.text for code in (400, 404, 409))


@pytest.fixture
def sign_in(open_page: Callable[..., Page], site: Site) -> Callable[..., Page]:
    """A signed-in page, as one of the demonstration's accounts."""

    def sign(who: str = "aminata", language: str = "fr", **options: object) -> Page:
        page = open_page(**options)
        page.goto(f"/admin/login?lang={language}")
        page.fill("#email", f"{who}@demo.example")
        page.fill("#password", site.password)
        page.click("main button")
        page.wait_for_url(lambda address: "/login" not in address)
        return page

    return sign
