"""The pages of `docs/` that come from the code say what the code says today."""

from __future__ import annotations

from pathlib import Path

import pytest

from campaigns import retention
from tests.structure import indicators, status

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def page() -> str:
    """The page on languages, made now."""
    return status.page()


def test_the_page_on_languages_is_up_to_date(page: str) -> None:
    stored = (ROOT / "docs" / "languages.md").read_text(encoding="utf-8")
    assert stored == page, "docs/languages.md is not up to date: make docs"


def test_the_page_on_languages_promises_nothing_that_nobody_did(page: str) -> None:
    rows = {line.split(" | ")[1]: line for line in page.splitlines() if line.count(" | ") == len(status.COLUMNS) - 1}
    assert "drafts, awaiting review and sign-off" in rows["`fr`"]
    assert "approved" not in rows["`fr`"]
    assert "nobody has reviewed them" in rows["`bm`"]
    assert rows["`dds`"].endswith("none | none | none |")


def test_the_page_on_keeping_is_up_to_date() -> None:
    stored = (ROOT / "docs" / "retention.md").read_text(encoding="utf-8")
    assert stored == retention.document(), "docs/retention.md is not up to date: make docs"


def test_the_page_on_indicators_is_up_to_date() -> None:
    stored = (ROOT / "docs" / "indicators.md").read_text(encoding="utf-8")
    assert stored == indicators.page(), "docs/indicators.md is not up to date: make docs"


def test_the_readme_leads_to_the_pages_on_languages_and_sources() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "docs/languages.md" in readme
    assert "docs/sources.md" in readme
