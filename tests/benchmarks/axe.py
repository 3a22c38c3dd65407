"""`make axe`: every page of the address map by axe, by its bytes and by its load on a slow line; see the limits below.

A page is looked at in both languages, both colour schemes, 360 px wide and wide. It is loaded as the first page of a
visit, with nothing kept, and once more as a later page. Prints one JSON line a figure and a table; exits with 1 when a
figure is over its limit.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, CDPSession, Page, sync_playwright

from messaging.logs import set_up
from tests.benchmarks.figure import figure
from tests.browser.looks import violations
from tests.browser.routes import ACCOUNTS, Route, routes
from tests.browser.running import ARGUMENTS, Site, running

LANGUAGES = ("fr", "en")
BYTES_A_SECOND = 250_000 / 8
LATENCY = 0.4  # seconds, of every request
# The browser's slow line begins when a connection stands: a first load also waits for name, TCP and TLS, once each.
HANDSHAKE = 3 * LATENCY
FIRST, LATER = 6.0, 2.0  # seconds until all of the page is there
FIRST_BYTES, LATER_BYTES = 45_000, 12_000  # over the wire, with the headers of the answers
PATIENCE = 60_000  # milliseconds
SETTLE = 200  # milliseconds in which the browser tells the last sizes


@dataclass
class Load:
    """One load of a page: bytes over the wire, and seconds until everything was there."""

    octets: int = 0
    seconds: float = 0.0


@dataclass
class Found:
    """Everything that was measured of a page."""

    route: Route
    violations: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    first: Load = field(default_factory=Load)
    later: Load = field(default_factory=Load)

    @property
    def is_good(self) -> bool:
        """True when nothing is over its limit."""
        times = self.first.seconds <= FIRST and self.later.seconds <= LATER
        sizes = self.first.octets <= FIRST_BYTES and self.later.octets <= LATER_BYTES
        return times and sizes and not self.violations and not self.errors


def main() -> int:
    """Measure every page; 1 when something is over its limit."""
    set_up("ERROR")
    path = shutil.which("chromium")
    if path is None:
        sys.exit("no chromium: apt-get install chromium")
    with (
        tempfile.TemporaryDirectory() as folder,
        running(Path(folder)) as site,
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=path, args=ARGUMENTS) as browser,
    ):
        found = list(measured(browser, site))
    for one in found:
        tell(one)
    table(found)
    return 0 if all(one.is_good for one in found) else 1


def measured(browser: Browser, site: Site) -> Iterator[Found]:
    """Each page, looked at and loaded, as an account that may see it."""
    doors = {(who, language): signed_in(browser, site, who, language) for who in ACCOUNTS for language in LANGUAGES}
    for route in routes(site, {who: doors[who, LANGUAGES[0]].request for who in ACCOUNTS}):
        one = Found(route)
        for language in LANGUAGES:
            context = doors[route.account, language] if route.account else fresh(browser, site)
            if language == LANGUAGES[0]:
                load(context, one)
            look(context, one, language)
        yield one


def fresh(browser: Browser, site: Site) -> BrowserContext:
    """A browser that nobody has used; without motion, which axe would catch halfway."""
    context = browser.new_context(base_url=site.address, reduced_motion="reduce")
    context.set_default_timeout(PATIENCE)
    return context


def signed_in(browser: Browser, site: Site, who: str, language: str) -> BrowserContext:
    """A browser in which an account is signed in, and reads in a language."""
    context = fresh(browser, site)
    page = context.new_page()
    page.goto(f"/admin/login?lang={language}")
    page.fill("#email", f"{who}@demo.example")
    page.fill("#password", site.password)
    page.click("main button")
    page.wait_for_url(lambda address: "/login" not in address)
    page.close()
    return context


def look(context: BrowserContext, one: Found, language: str) -> None:
    """What axe and the browser's log say of a page in one language."""
    page = context.new_page()
    page.on("console", lambda message: one.errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: one.errors.append(str(error)))
    page.goto(one.route.path if one.route.account else f"{one.route.path}?lang={language}")
    assert page.locator("html").get_attribute("lang") == language, one.route.path
    if one.route.path == "/admin/nowhere":
        one.errors.clear()  # that it is not there
    one.violations += violations(page)
    page.close()


def load(context: BrowserContext, one: Found) -> None:
    """Load a page on the slow line, first with nothing kept, then with what the first load has brought.

    The browser delays even what it has kept by the latency: the true later load is shorter by that much. Of two the
    quicker counts, because the machine's noise only ever adds.
    """
    page = context.new_page()
    line = context.new_cdp_session(page)
    line.send("Network.enable")
    speed = {"downloadThroughput": BYTES_A_SECOND, "uploadThroughput": BYTES_A_SECOND}
    line.send("Network.emulateNetworkConditions", {"offline": False, "latency": LATENCY * 1000, **speed})
    line.send("Network.clearBrowserCache")
    one.first = timed(page, line, one.route.path)
    one.first.seconds += HANDSHAKE
    one.later = min((timed(page, line, one.route.path) for _ in range(2)), key=lambda later: later.seconds)
    page.close()


def timed(page: Page, line: CDPSession, path: str) -> Load:
    """Load a page and wait until everything is there."""
    sizes: list[float] = []

    def note(event: dict[str, float]) -> None:
        sizes.append(event["encodedDataLength"])

    line.on("Network.loadingFinished", note)
    page.goto("about:blank")
    page.goto(path, wait_until="load")
    seconds = page.evaluate("performance.getEntriesByType('navigation')[0].loadEventStart / 1000")
    page.wait_for_timeout(SETTLE)
    line.remove_listener("Network.loadingFinished", note)
    return Load(int(sum(sizes)), float(seconds))


def tell(one: Found) -> None:
    """One JSON line a figure."""
    rows = (
        ("first load, s", one.first.seconds, FIRST),
        ("later load, s", one.later.seconds, LATER),
        ("first load, bytes", one.first.octets, FIRST_BYTES),
        ("later load, bytes", one.later.octets, LATER_BYTES),
    )
    for name, value, limit in rows:
        figure(f"{name}: {one.route.rule}", value, limit, value / limit, value <= limit)
    for name, troubles in (("axe", one.violations), ("console", one.errors)):
        figure(f"{name}: {one.route.rule}", len(troubles), 0, len(troubles), not troubles)


def table(found: list[Found]) -> None:
    """The same for people, and every trouble in words."""
    out = sys.stderr.write
    out(f"\n{'page':<66}{'as':<9}{'first':>8}{'later':>8}{'first':>10}{'later':>9}{'axe':>5}{'log':>5}\n")
    for one in found:
        first, later = one.first, one.later
        out(f"{one.route.rule[:65]:<66}{one.route.account or '–':<9}{first.seconds:>6.1f} s{later.seconds:>6.1f} s")
        out(f"{first.octets:>8} B{later.octets:>7} B{len(one.violations):>5}{len(one.errors):>5}\n")
    for trouble in [line for one in found for line in (*one.violations, *one.errors)]:
        out(f"  {trouble}\n")


if __name__ == "__main__":
    sys.exit(main())
