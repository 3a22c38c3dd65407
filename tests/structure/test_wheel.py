"""The wheel holds everything that a machine without the checkout needs: catalogues, templates, library, migrations."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """What is in the wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=120)
    return set(zipfile.ZipFile(next(folder.glob("*.whl"))).namelist())


@pytest.mark.parametrize(
    "folder", ["locales", "campaigns/library", "campaigns/definitions", "campaigns/admin", "messaging"]
)
def test_every_file_is_in_the_wheel(names: set[str], folder: str) -> None:
    ignored = {".pyc", ".mo"}
    mine = {path.relative_to(ROOT).as_posix() for path in (ROOT / folder).rglob("*") if path.is_file()}
    assert {name for name in mine if Path(name).suffix not in ignored} <= names


def test_the_roof_is_in_the_wheel_and_the_tests_are_not(names: set[str]) -> None:
    assert "wsgi.py" in names
    assert not [name for name in names if name.startswith(("tests", "docs"))]
