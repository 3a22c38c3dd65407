"""Settings, migrations, catalogues, jobs and reasons: each list is complete, and written down where it says."""

from __future__ import annotations

import re
from pathlib import Path

import polib
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

import campaigns.models  # noqa: F401 - fills the metadata
import wsgi
from campaigns.conversation import grammar
from messaging import languages, letters, migrations, settings
from messaging.database import Base, Database
from messaging.errors import SettingError
from messaging.rules import SENTENCES, Reason

ROOT = Path(__file__).parent.parent.parent
LOCALES = ROOT / "locales"
CATALOGUES = sorted(LOCALES.rglob("*.po"))
LONGEST = {  # the longest real value of each brace in a reply
    "service": "Info club Bandiagara", "code": "1041", "own": "1041", "case": "1234567", "days": "14",
    "cost": "prix de votre reseau", "options": "1, 2, 3, 4 ou 5", "min": "100000", "max": "999999",
}  # fmt: skip


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


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: f"{path.parent.parent.name}/{path.stem}")
def test_a_catalogue_is_of_a_known_language_and_up_to_date(path: Path) -> None:
    code, domain = path.parent.parent.name, path.stem
    assert code in {row["code"] for row in languages.shipped()} | {"en"}
    catalogue = polib.pofile(str(path))
    assert "Plural-Forms" in catalogue.metadata
    template = polib.pofile(str(LOCALES / f"{domain}.pot"))
    assert {entry.msgid for entry in catalogue} == {entry.msgid for entry in template}


@pytest.mark.parametrize("path", [p for p in CATALOGUES if p.stem == "sms"], ids=lambda path: path.parent.parent.name)
def test_every_reply_is_one_gsm7_segment_with_its_placeholders(path: Path) -> None:
    french = {entry.msgid: entry.msgstr for entry in polib.pofile(str(LOCALES / "fr" / "LC_MESSAGES" / "sms.po"))}
    for entry in polib.pofile(str(path)):
        if not entry.msgstr:
            assert path.parent.parent.name != "fr", f"French lacks {entry.msgid}"
            continue
        filled = entry.msgstr.format(**LONGEST)
        assert letters.measure(filled).encoding == "GSM-7", f"{entry.msgid}: {letters.dear(filled)}"
        assert letters.segments(filled) == 1, f"{entry.msgid} is longer than one segment"
        assert set(re.findall(r"{(\w+)}", entry.msgstr)) == set(re.findall(r"{(\w+)}", french[entry.msgid])), (
            entry.msgid
        )


def test_feedback_and_sensitive_messages_get_the_same_words() -> None:
    for path in CATALOGUES:
        if path.stem == "sms":
            said = {entry.msgid: entry.msgstr for entry in polib.pofile(str(path))}
            assert said["fb.ack"] == said["sens.ack"], path


def test_every_reply_the_reader_can_give_is_in_the_catalogue() -> None:
    known = {entry.msgid for entry in polib.pofile(str(LOCALES / "fr" / "LC_MESSAGES" / "sms.po"))}
    folder = Path(grammar.__file__).parent
    named = {
        key
        for path in folder.glob("*.py")
        for key in re.findall(r'"((?:fb|help|join|quiz|sens|start|stop)\.[a-z_]+)"', path.read_text())
    }
    named |= {f"help.{role}" for role in (*grammar.HELP_BY_ROLE.values(), "who_we_are")}
    assert named <= known, named - known
