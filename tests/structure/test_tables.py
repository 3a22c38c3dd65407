"""Settings, migrations, jobs and reasons: each list is complete, and written down where it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

import campaigns.models  # noqa: F401 - fills the metadata
import wsgi
from messaging import migrations, settings
from messaging.database import Base, Database
from messaging.errors import SettingError
from messaging.rules import SENTENCES, Reason

ROOT = Path(__file__).parent.parent.parent


def test_every_setting_is_documented() -> None:
    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    assert page == settings.document(), "docs/settings.md is not up to date: make docs"


def test_every_variable_that_is_read_is_a_setting() -> None:
    known = {row[0] for row in settings.table()}
    for path in [
        ROOT / "wsgi.py",
        *(p for top in ("messaging", "campaigns", "webhooks") for p in (ROOT / top).rglob("*.py")),
    ]:
        named = set(re.findall(r"\b(?:JEKULU|TWILIO)_[A-Z_]+[A-Z]\b", path.read_text(encoding="utf-8")))
        assert named <= known | {"TWILIO_EDGE", "TWILIO_REGION"}, f"{path.name} names {named - known}"


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("PORT", "eighty", "PORT"),
        ("PORT", "0", "1 to 65535"),
        ("JEKULU_PUBLIC_URL", "sms.example.org", "https://"),
        ("JEKULU_PUBLIC_URL", "https://SMS.example.org", "small letters"),
        ("JEKULU_STUCK_AFTER", "soon", "30m"),
        ("JEKULU_LOG", "loud", "DEBUG"),
    ],
)
def test_a_wrong_value_stops_the_start_with_a_sentence(name: str, value: str, says: str) -> None:
    with pytest.raises(SettingError, match=re.escape(says)):
        settings.load({name: value})


def test_all_wrong_values_are_named_at_once() -> None:
    with pytest.raises(SettingError) as caught:
        settings.load({"PORT": "x", "JEKULU_LOG": "y"})
    assert "PORT" in str(caught.value)
    assert "JEKULU_LOG" in str(caught.value)


def test_migrations_make_the_tables_of_the_models(db: Database) -> None:
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        different = compare_metadata(context, Base.metadata)
    assert not different, different


def test_migrations_are_one_line_and_import_nothing_of_ours() -> None:
    assert migrations.head()
    for path in (ROOT / "messaging" / "migrations" / "versions").glob("*.py"):
        assert not re.search(r"^\s*(from|import) (messaging|campaigns|webhooks)", path.read_text(), re.MULTILINE), path


def test_a_wrong_key_stops_the_start(db: Database) -> None:
    from messaging.installation import prepare
    from messaging.phones import Keys

    other = Database(db.url, Keys(b"x" * 32))
    with pytest.raises(SettingError, match="key"):
        prepare(other, wsgi.utc_now())
    other.dispose()


def test_every_reason_has_a_sentence_in_two_languages() -> None:
    assert set(SENTENCES) == set(Reason)
    assert all(french and english for french, english in SENTENCES.values())


def test_every_reason_fits_its_column() -> None:
    assert max(len(reason.value) for reason in Reason) <= 24


def test_each_job_stands_once_in_the_table() -> None:
    names = [job.name for job in wsgi.JOBS]
    assert len(names) == len(set(names))
    assert {target for job in wsgi.JOBS for target in job.wakes} <= set(names)
