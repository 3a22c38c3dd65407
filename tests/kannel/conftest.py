"""Kannel must be there: without it these tests are skipped with one loud line, and fail where CI=1."""

from __future__ import annotations

import os

import pytest

from tests.kannel.boxes import BEARERBOX, SMSBOX

MISSING = "NO KANNEL HERE: apt-get install --no-install-recommends kannel kannel-extras"


@pytest.fixture(scope="session", autouse=True)
def kannel_is_there() -> None:
    """Skip, or fail where nothing may be skipped."""
    if BEARERBOX.exists() and SMSBOX.exists():
        return
    if os.environ.get("CI"):
        pytest.fail(MISSING)
    pytest.skip(MISSING)
