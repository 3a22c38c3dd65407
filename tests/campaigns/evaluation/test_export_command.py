"""`jekulu export`: what it writes, what it asks for, and what stays in the audit log."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

import wsgi
from messaging.installation import Installation, open_installation
from messaging.models import Audit
from messaging.settings import load
from tests.campaigns.evaluation.lived import Life, at

GIVEN = ("--from", "2026-03-01", "--to", "2026-03-31", "--now", "2026-04-05T12:00")
WHY = ("--why", "rapport du trimestre", "--until", "2026-12-31")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an installation and a small programme that lived."""
    path = tmp_path_factory.mktemp("exports")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JEKULU_DATA", str(path))
        patch.setenv("JEKULU_DATABASE", "")
        here: Installation = open_installation(load())
    Life(here.db, at("01-05")).live()
    here.close()
    return path


def run(folder: Path, *words: str) -> Result:
    out = str(folder / "files")
    env = {"JEKULU_DATA": str(folder), "JEKULU_DATABASE": ""}
    return CliRunner().invoke(wsgi.main, ["export", *words, "--out", out], env=env)


def test_all_tables_leave_and_stand_in_the_log(folder: Path) -> None:
    for names, form, ending, number in (("all", "hxl", "hxl.csv", 11), ("messages", "xlsx", "xlsx", 1)):
        done = run(folder, names, *GIVEN, *WHY, "--format", form, "--json")
        assert done.exit_code == 0, done.output
        files = json.loads(done.stdout)["files"]
        assert len(files) == number
        for one in files:
            data = Path(one["file"]).read_bytes()
            assert one["file"].endswith(f"essai_{one['table']}_2026-03-01_2026-03-31.{ending}")
            assert one["sha256"] == hashlib.sha256(data).hexdigest()
    here = sa.create_engine(f"sqlite:///{folder / 'jekulu.sqlite'}")
    with here.connect() as connection:
        rows = connection.execute(sa.select(Audit.action, Audit.actor, Audit.after).where(Audit.object == "export"))
        begun, left = (tuple(row) for row in rows.fetchmany(2))
    here.dispose()
    assert begun[:2] == ("begun", "command")
    assert begun[2] | {"mark": ""} == {
        "table": "1_reach_by_commune", "form": "hxl", "from": "2026-03-01", "to": "2026-03-31",
        "why": "rapport du trimestre", "until": "2026-12-31", "mark": "",
    }  # fmt: skip
    assert left[0] == "exported"
    assert left[2]["mark"] == begun[2]["mark"]
    assert left[2]["rows"] == 1


@pytest.mark.parametrize("words,said", [
    (("2", *GIVEN, "--until", "2026-12-31"), "--why is missing"),
    (("2", *GIVEN, "--why", "rapport"), "--until is missing"),
    (("2", *GIVEN, "--why", "rapport", "--until", "2026-04-04"), "until which day"),
    (("2", *GIVEN, *WHY), "There is no table « 2 »"),
    ((*GIVEN, *WHY), "Which table?"),
    (("quiz_clusters_pseudonymised", *GIVEN, *WHY), "purpose of an evaluator"),
    (("all", "--from", "2026-03-02", "--to", "2026-03-01", *WHY), "Write the earlier day"),
    (("--format", "dhis2", *GIVEN, *WHY), "code"),
    (("all", "--format", "dhis2", *GIVEN, *WHY), "leave out all"),
])  # fmt: skip
def test_what_cannot_leave_is_refused_in_a_sentence(folder: Path, words: tuple[str, ...], said: str) -> None:
    done = run(folder, *words)
    assert (done.exit_code, said in done.stderr) == (1, True), done.output


def test_a_folder_that_cannot_be_written_is_named_and_the_file_noted_as_broken_off(folder: Path) -> None:
    (folder / "files-no").write_text("no folder")
    env = {"JEKULU_DATA": str(folder), "JEKULU_DATABASE": ""}
    for words, ends in ((("export", "messages", *GIVEN), ["begun", "broken_off"]), (("pack", *GIVEN), [])):
        before = len(logged(folder))
        done = CliRunner().invoke(wsgi.main, [*words, *WHY, "--out", str(folder / "files-no")], env=env)
        assert (done.exit_code, "files-no" in done.stderr) == (2, True), done.output
        assert [action for action, _after in logged(folder)[before:]] == ends, words


def test_a_pack_is_noted_with_its_hash_and_is_for_its_owner_alone(folder: Path) -> None:
    env = {"JEKULU_DATA": str(folder), "JEKULU_DATABASE": ""}
    done = CliRunner().invoke(wsgi.main, ["pack", *GIVEN, *WHY, "--out", str(folder / "packs"), "--json"], env=env)
    assert done.exit_code == 0, done.output
    path = Path(json.loads(done.stdout)["file"])
    assert path.stat().st_mode & 0o077 == 0
    assert [one.name for one in path.parent.iterdir()] == [path.name]
    action, after = logged(folder)[-1]
    assert (action, after["sha256"]) == ("exported", hashlib.sha256(path.read_bytes()).hexdigest())


def logged(folder: Path) -> list[tuple[str, dict[str, Any]]]:
    here = sa.create_engine(f"sqlite:///{folder / 'jekulu.sqlite'}")
    with here.connect() as connection:
        rows = connection.execute(sa.select(Audit.action, Audit.after).order_by(Audit.id)).all()
    here.dispose()
    return [(action, after or {}) for action, after in rows]
