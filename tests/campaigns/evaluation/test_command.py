"""`jekulu indicators`: words and JSON, small counts, targets, and what it says to a wrong code or cut."""

from __future__ import annotations

import json
from contextlib import nullcontext

import pytest
from click.testing import CliRunner, Result

from campaigns.cli import indicators as command
from campaigns.models import Measure, MeasureKind
from messaging.installation import Installation
from tests.campaigns.evaluation.post import Post
from tests.world import World

DAYS = ("--from", "2026-03-01", "--to", "2026-03-31")
WRONG = [
    (["--code", "RCHPH"], "« RCHPH »: there is no such indicator. There is: RCH-PH, RCH-NR,"),
    (["--by", "regoin"], "« regoin »: indicators are not cut so. There is: area, month,"),
    (["--code", "RCH-RAD", "--by", "sex"], "RCH-RAD cannot be cut by sex. It can be by: area, month."),
    (["--by", "hea,quiz"], "No indicator can be cut by hea, quiz at once."),
]


def run(*words: str) -> Result:
    return CliRunner().invoke(command.indicators, [*DAYS, *words])


@pytest.mark.parametrize(("words", "says"), WRONG, ids=[row[0][1] for row in WRONG])
def test_what_is_wrong_is_named_before_anything_is_opened(words: list[str], says: str) -> None:
    done = run(*words)
    assert done.exit_code == 1
    assert says in done.stderr


def test_figures_with_their_target_and_without_small_counts(
    world: World, installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    Post(world).build()
    with world.db.write() as session:
        session.add(Measure(programme_id=world.programme_id, indicator="RCH-PH", kind=MeasureKind.TARGET, value=80))
    monkeypatch.setattr(command, "opened", lambda: nullcontext(installation))
    said = run("--code", "RCH-PH,LAD-6").stdout
    assert "Phones reached: 60 % (3 of 5)  target 80" in said
    assert "Learned: <5" in said
    found = {one["code"]: one for one in json.loads(run("--code", "RCH-PH,LAD-6", "--json").stdout)["figures"]}
    assert (found["RCH-PH"]["numerator"], found["RCH-PH"]["target"]) == (3, 80)
    small = found["LAD-6"]
    assert (small["numerator"], small["denominator"], small["value"], small["suppressed"]) == (None, None, None, True)
    by_place = run("--code", "RCH-IND", "--by", "area,month").stdout
    assert "Alpha, 2026-03" in by_place and "22 people" in by_place
    assert "lies before" in run("--to", "2026-02-01").stderr
