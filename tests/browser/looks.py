"""What is wrong with the look of an open page: what axe finds, and what does not fit its width."""

from __future__ import annotations

import json
from collections.abc import Sequence

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

WIDTHS = (360, 1280)
SCHEMES = ("light", "dark")
AXE = Axe().axe_script
HEIGHT = 800
# What a colour scheme can change: everything else axe looks at is the same by day and by night.
BY_COLOUR = ("color-contrast", "link-in-text-block")


def violations(page: Page, *, widths: Sequence[int] = WIDTHS, schemes: Sequence[str] = SCHEMES) -> list[str]:
    """What axe finds on a page at each width and in each colour scheme, and where it is too wide; one line each."""
    found = []
    page.wait_for_load_state()  # a click comes back when the answer begins: there may be no document yet
    page.evaluate(AXE)
    for width in widths:
        page.set_viewport_size({"width": width, "height": HEIGHT})
        for scheme in schemes:
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            if scheme == schemes[0] and (wide := overflow(page)) > width:
                found.append(f"{page.url} {width}: {wide} px wide")
            for one in axe(page, BY_COLOUR if scheme != schemes[0] else ()):
                where = one["nodes"][0]["html"][:120]
                found.append(f"{page.url} {scheme} {width}: {one['id']} ({len(one['nodes'])}): {where}")
    return found


def axe(page: Page, rules: Sequence[str] = ()) -> list[dict[str, list[dict[str, str]]]]:
    """What axe finds on the page as it stands, by these rules or by all of its own and by the size of targets."""
    if rules:
        asked: dict[str, object] = {"runOnly": {"type": "rule", "values": list(rules)}}
    else:
        asked = {"rules": {"target-size": {"enabled": True}}}
    asked |= {"resultTypes": ["violations"], "elementRef": False}
    return page.evaluate(f"() => axe.run({json.dumps(asked)}).then(found => found.violations)")  # type: ignore[no-any-return]


def overflow(page: Page) -> int:
    """How wide the page is, in pixels."""
    return int(page.evaluate("document.documentElement.scrollWidth"))
