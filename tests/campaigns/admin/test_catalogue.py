"""The words of the pages: gathered, complete in French and English, and in step with the source."""

from __future__ import annotations

import re

import polib
import pytest

from messaging import languages
from tests.campaigns.admin import catalogue

ADVICE = "run: python -m tests.campaigns.admin.catalogue"


def test_template_is_in_step_with_the_source() -> None:
    stored = polib.pofile(str(languages.folder() / "admin.pot"), encoding="utf-8")
    assert {entry.msgid for entry in stored} == {entry.msgid for entry in catalogue.gather()}, ADVICE


@pytest.mark.parametrize("language", ["fr", "en"])
def test_catalogue_is_complete(language: str) -> None:
    stored = polib.pofile(str(catalogue.path(language)), encoding="utf-8")
    assert {entry.msgid for entry in stored} == {entry.msgid for entry in catalogue.gather()}, ADVICE
    assert not [entry.msgid for entry in stored if not entry.translated()]


@pytest.mark.parametrize("language", ["fr", "en"])
def test_translations_keep_the_slots(language: str) -> None:
    for entry in polib.pofile(str(catalogue.path(language)), encoding="utf-8"):
        forms = entry.msgstr_plural or {0: entry.msgstr}
        assert slots(forms[0]) == slots(entry.msgid)
        assert slots(forms.get(1, "")) == slots(entry.msgid_plural)


def slots(text: str) -> set[str]:
    """The values that a text is filled with."""
    return set(re.findall(r"%\(\w+\)s", text))
