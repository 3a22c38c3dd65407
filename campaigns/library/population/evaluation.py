"""Targets, an invented baseline, invented distributions, a curriculum and arms: what an evaluation has beside counts.

Nothing here throws the dice, so that people and groups stay the same whatever is added.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from campaigns.evaluation import dhis2
from campaigns.library.population.land import OLD_SCHEME, find
from campaigns.library.population.making import Making
from campaigns.models import ClubCurriculum, Curriculum, DhisCode, Distribution, Lesson, Measure, MeasureKind
from messaging.batches import insert, insert_with_ids
from messaging.models import Club
from messaging.models.people import Sex

SAID = Path(__file__).parent / "evaluation.toml"
INVENTED = "enquête inventée"
DOCUMENTED = "document de programme"
SURVEYED = timedelta(days=200)  # before today
MILLION = 1_000_000
MEASURE: sa.Table = Measure.__table__  # type: ignore[assignment]
DISTRIBUTION: sa.Table = Distribution.__table__  # type: ignore[assignment]
CODE: sa.Table = DhisCode.__table__  # type: ignore[assignment]
CURRICULUM: sa.Table = Curriculum.__table__  # type: ignore[assignment]
LESSON: sa.Table = Lesson.__table__  # type: ignore[assignment]
FOLLOWER: sa.Table = ClubCurriculum.__table__  # type: ignore[assignment]

Row = dict[str, Any]


def make_evaluation(making: Making) -> None:
    """Make what is brought to the evaluation of one programme; its groups are there already."""
    own = said()[making.plan["code"]]
    session = making.session
    insert(session, MEASURE, [*_targets(making, own["targets"]), *_baseline(making, said()["baseline"]["rows"])])
    insert(session, DISTRIBUTION, (_distribution(making, one) for one in own.get("distribution", ())))
    insert(session, CODE, _codes(making))
    if "curriculum" in own:
        _curriculum(making, own["curriculum"])
    if "arms" in own:
        _arms(making, own["arms"])


@cache
def said() -> dict[str, Any]:
    """What stands in `evaluation.toml`."""
    return tomllib.loads(SAID.read_text(encoding="utf-8"))


def _targets(making: Making, targets: dict[str, float]) -> Iterator[Row]:
    by_when = date(making.today.year, 12, 31)
    for code, value in targets.items():
        yield _measure(making, code, MeasureKind.TARGET, value, by_when, DOCUMENTED)


def _baseline(making: Making, rows: Iterable[tuple[str, str, int, int]]) -> Iterator[Row]:
    for code, sex, above, below in rows:
        value = round(100 * above / below, 1)
        row = _measure(making, code, MeasureKind.BASELINE, value, making.today - SURVEYED, INVENTED)
        yield row | {"sex": Sex(sex), "numerator": above, "denominator": below}


def _measure(making: Making, code: str, kind: MeasureKind, value: float, day: date, source: str) -> Row:
    return {
        "programme_id": making.programme.id, "indicator": code, "kind": kind, "sex": Sex.UNKNOWN, "numerator": None,
        "denominator": None, "value": value, "day": day, "source": source,
    }  # fmt: skip


def _distribution(making: Making, one: Row) -> Row:
    """Seeds in kind, in one of the programme's communes."""
    commune = list(making.plan["communes"])[one["commune"]]
    return {
        "programme_id": making.programme.id, "code": one["code"], "modality": "in_kind", "unit": "kg",
        "day": making.today - timedelta(days=one["days_ago"]), "place_id": find(making, f"{OLD_SCHEME}:{commune}"),
        "value_micros": one["xof"] * MILLION,
        **{name: one[name] for name in ("item", "planned", "served", "served_women_headed", "quantity")},
    }  # fmt: skip


def _codes(making: Making) -> Iterator[Row]:
    """The codes of a fictitious instance: for all that is sent and for each commune, and all begin with DEMO."""
    kinds = {*making.plan["club_kinds"], *(("cooperative",) if "cooperatives" in making.plan else ())}
    heads = [sex.value for sex in Sex] + ["none", "jf", "jg"]
    ours = {
        "data_set": [dhis2.MONTHLY], "org_unit": making.plan["communes"],
        "element": dict.fromkeys(value.element for value in dhis2.VALUES),
        "combo": [*Sex, "none", *making.programme.languages, *sorted(kinds),
                  *(f"{kind}_{head}" for kind in sorted(kinds) for head in heads)],
    }  # fmt: skip
    for place, indicator in enumerate(("COV-HH", "RCH-HH", "ATT-W", "QUI-GAIN"), start=1):
        yield {"programme_id": making.programme.id, "what": "logframe", "ours": indicator, "theirs": f"DEMO R1.{place}"}
    for what, words in ours.items():
        for word in words:
            theirs = f"DEMO_{word}".upper().replace(":", "_").replace("-", "_")
            yield {"programme_id": making.programme.id, "what": what, "ours": str(word), "theirs": theirs}


def _curriculum(making: Making, plan: Row) -> None:
    """A curriculum with its lessons, and some groups that have followed it since some weeks ago."""
    head = {"programme_id": making.programme.id, "code": plan["code"], "title": plan["title"]}
    (ident,) = insert_with_ids(making.session, CURRICULUM, [head])
    lessons = (
        {"curriculum_id": ident, "number": number, "topic": topic, "track": track, "titles": {"fr": title},
         "week": number - 1}
        for number, (topic, track, title) in enumerate(plan["lessons"], 1)
    )  # fmt: skip
    insert(making.session, LESSON, lessons)
    monday = making.today - timedelta(days=making.today.weekday(), weeks=plan["weeks_ago"])
    clubs = making.session.scalars(_of_kind(making, plan["kind"])).all()[:: plan["every"]]
    insert(making.session, FOLLOWER, ({"club_id": c, "curriculum_id": ident, "starts_on": monday} for c in clubs))


def _arms(making: Making, plan: Row) -> None:
    for place, village in enumerate(making.villages[: plan["villages"]]):
        own = sa.update(Club).where(Club.village_id == village.id, Club.id.in_(_of_kind(making, plan["kind"])))
        making.session.execute(own.values(arm=plan["words"][place % len(plan["words"])]))


def _of_kind(making: Making, kind: str) -> sa.Select[int]:
    mine = (Club.programme_id == making.programme.id, Club.kind == kind)
    return sa.select(Club.id).where(*mine).order_by(Club.id)
