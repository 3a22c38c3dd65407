"""Reach, ladder, delivery, cost and coverage of a small world, each number counted by hand; see `post`."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa

from campaigns.evaluation import areas
from campaigns.models import Campaign, Step
from messaging.models import Club, Member, Programme
from messaging.models.people import ClubKind
from messaging.models.post import Kind
from tests.campaigns.evaluation.meetings import at, counted, valued
from tests.campaigns.evaluation.post import Post
from tests.world import World

ALL, A, B = (), "alpha", "beta"
WHOLE = (
    # an indicator, and what it is of the whole programme in March
    ("RCH-PH", 3, 5),  # 01, 02 (an answer proves it), 05; of 01 02 05 06 08: 05 stopped within the period
    ("RCH-NR", 1, 4),  # 06; of 01 02 05 06: what goes to the club on 08 reaches nobody
    ("RCH-HH", 5, 6),  # all but H6
    ("RCH-HH-PH", 3, 6),  # H1 (by both ways: once), H2 (on a shared phone), H4
    ("RCH-HH-GR", 2, 6),  # H3 has no phone, H5 no receipt
    ("RCH-IND", 29, None),  # 22 of the larger session of 1041, and 7
    ("RCH-IND-F", 19, None),
    ("RCH-IND-M", 8, None),
    ("RCH-IND-JF", 2, None),
    ("RCH-IND-JG", 0, None),
    ("RCH-IND-FE", 0, None),
    ("RCH-IND-FA", 0, None),
    ("RCH-RAD", 1, 2),
    ("RCH-RAD-L", 20, None),
    ("RCH-EST", 40, None),  # 5 households at 8 people: (6 + 8 + 10) / 3
    ("LAD-1", 7, None),
    ("LAD-2", 6, 7),  # djeneba has no phone, and gave no consent to messages
    ("LAD-3", 5, 6),  # ama, bina, coura, fanta, goundo
    ("LAD-4", 4, 5),  # not goundo
    ("LAD-5", 2, 4),  # bina and coura, on one phone
    ("LAD-6", 0, 2),
    ("LAD-7", 2, 7),  # djeneba and goundo, of 1055; 1041 kept its own in February
    ("MSG-DR", 5, 7),
    ("MSG-NR", 1, 7),
    ("MSG-LOST", 1, 7),
    ("MSG-ANS", 1, 5),
    ("MSG-STALE", 1, 7),  # of those due in March: one more that did not leave, one less due in February
    ("MSG-OPT", 1, 4),
    ("CST-REACH", 5150, 3),  # ten SMS with reply and trial, one of 30 XOF, and 5 000 of a slot
    ("CST-IND", 5150, 29),
    ("CST-QUIZ", 0, 0),
    ("CST-SES", 30, 3),
    ("CST-SEG", 8, 7),
    ("COV-HH", 6, None),
    ("COV-F", 5, None),
    ("COV-M", 2, None),
    ("COV-W", 5, 7),
    ("COV-VIL", 2, None),
    ("COV-APFLS", 0, None),
    ("COV-COOP", 0, None),
    ("COV-ADV", 0, None),
)
CUT = (
    # an indicator, a cut, and its cells
    ("RCH-PH", "area", {A: (2, 3), B: (1, 2)}),
    ("RCH-PH", "sex", {"f": (2, 3), "m": (1, 2)}),  # 02 is bina's own, whoever shares it
    ("RCH-PH", "language", {"fr": (2, 4), "bm": (1, 1)}),
    ("RCH-PH", "pillar", {"social": (3, 5)}),
    ("RCH-PH", "agency", {None: (3, 5)}),
    ("RCH-PH", "month", {"2026-03": (3, 5)}),
    ("RCH-NR", "area", {A: (0, 2), B: (1, 2)}),
    ("RCH-HH", "head", {"f": (2, 2), "m": (2, 3), "unknown": (1, 1)}),
    ("RCH-HH", "hea", {"very_poor": (2, 2), "poor": (1, 1), "middle": (1, 1), "better_off": (0, 1), None: (1, 1)}),
    ("RCH-HH", "area", {A: (2, 3), B: (3, 3)}),
    ("RCH-HH-PH", "pillar", {"social": (3, 6)}),
    ("RCH-IND", "area", {A: (22, None), B: (7, None)}),
    ("RCH-RAD", "area", {A: (1, 1), B: (0, 1)}),
    ("RCH-EST", "area", {A: (16, None), B: (24, None)}),
    ("LAD-4", "sex", {"f": (3, 3), "m": (1, 2)}),
    ("LAD-3", "area", {A: (3, 4), B: (2, 2)}),
    ("MSG-DR", "area", {A: (4, 4), B: (1, 3)}),
    ("MSG-DR", "language", {"fr": (5, 7)}),  # what was sent, not what was wanted
    ("MSG-DR", "pillar", {"social": (5, 7)}),
    ("MSG-STALE", "month", {"2026-03": (1, 7)}),
    ("MSG-OPT", "area", {A: (0, 3), B: (1, 1)}),
    ("CST-SEG", "month", {"2026-03": (8, 7)}),
    ("COV-HH", "head", {"f": (2, None), "m": (3, None), "unknown": (1, None)}),
    ("COV-W", "area", {A: (3, 4), B: (2, 3)}),
)
TWO_MONTHS = ("2026-02-01", "2026-03-31")
BY_MONTH = (
    ("RCH-PH", {"2026-02": (1, 5), "2026-03": (3, 5)}),  # ama in both
    ("RCH-IND", {"2026-02": (0, None), "2026-03": (29, None)}),
    ("MSG-DR", {"2026-02": (1, 1), "2026-03": (5, 7)}),
    ("MSG-STALE", {"2026-02": (0, 2), "2026-03": (1, 7)}),
)


@pytest.fixture
def post(world: World) -> Post:
    return Post(world).build()


def test_every_number_as_counted_by_hand(post: Post) -> None:
    codes = [row[0] for row in WHOLE]
    found = counted(post.world, codes)
    assert {code: found[code][()] for code in codes} == {code: (above, below) for code, above, below in WHOLE}
    post.neighbour()  # changes nothing here
    assert counted(post.world, codes) == found


def test_the_cells_of_each_cut(post: Post) -> None:
    places = {A: post.alpha, B: post.beta}
    for code, by, cells in CUT:
        wanted = {(places.get(key, key) if by == "area" else key,): pair for key, pair in cells.items()}
        assert counted(post.world, [code], (by,))[code] == wanted, (code, by)


def test_each_month_is_a_period_of_its_own(post: Post) -> None:
    for code, cells in BY_MONTH:
        found = counted(post.world, [code], ("month",), days=TWO_MONTHS)[code]
        assert found == {(month,): pair for month, pair in cells.items()}, code
    both = counted(post.world, ["RCH-IND"], ("area", "month"), days=TWO_MONTHS)["RCH-IND"]
    assert both == {(post.alpha, "2026-03"): (22, None), (post.beta, "2026-03"): (7, None)}


def test_the_gaps_between_households(post: Post) -> None:
    values = valued(post.world, ["EQU-HEAD", "EQU-POOR"])
    assert values == {("EQU-HEAD",): pytest.approx(100 / 3), ("EQU-POOR",): pytest.approx(100 / 3)}
    by_place = valued(post.world, ["EQU-HEAD", "EQU-POOR"], ("area",))
    assert by_place[("EQU-HEAD", post.alpha)] == pytest.approx(50)  # H1 against H2 and H6


def test_own_places_alone(post: Post) -> None:
    def within(column: Any) -> sa.ColumnElement[bool]:
        return sa.and_(column == post.villages[B])

    found = counted(post.world, ["RCH-PH", "RCH-HH", "LAD-1", "MSG-DR", "CST-REACH", "COV-VIL"], within=within)
    assert found == {
        "RCH-PH": {(): (1, 2)}, "RCH-HH": {(): (3, 3)}, "LAD-1": {(): (3, None)}, "MSG-DR": {(): (1, 3)},
        "CST-REACH": {}, "COV-VIL": {(): (1, None)},
    }  # fmt: skip


def test_two_programmes_side_by_side(post: Post) -> None:
    other = post.neighbour()
    found = counted(other, ["RCH-PH", "MSG-DR", "LAD-4", "COV-F"])
    assert found == {
        "RCH-PH": {(): (1, 1)}, "MSG-DR": {(): (1, 1)}, "LAD-4": {(): (1, 1)}, "COV-F": {(): (1, None)}
    }  # fmt: skip


def test_a_commune_that_moved_counts_once_and_lies_where_it_lay(post: Post) -> None:
    with post.world.db.read() as session:
        programme = session.get_one(Programme, post.world.programme_id)
        lay = {
            day: areas.communes(session, programme, day)[post.beta].cercle
            for day in (date(2026, 3, 31), date(2026, 4, 1))
        }
    assert list(lay.values()) == ["Premier", "Second"]


def test_who_learned_was_right_after_or_did_better(post: Post) -> None:
    """Bina was wrong before and right after; coura was right both times, on a phone that both share."""
    with post.world.db.write() as session:
        campaign = session.scalars(sa.select(Campaign.id)).one()
        rows = [
            Step(campaign_id=campaign, code=wave, position=place, kind="question", send_as=Kind.CAMPAIGN,
                 definition={"question": {"wave": wave, "correct": [1]}})
            for place, wave in enumerate(("pre", "mid", "post"), start=5)
        ]  # fmt: skip
        session.add_all(rows)
        session.flush()
        waves = {row.code: row.id for row in rows}
    for wave, right, day in (("pre", False, "03-07"), ("mid", True, "03-08")):
        sent = post.send("bina", day, step_id=waves[wave])
        post.answer(sent, day, member_id=post.members["bina"], correct=right)
    assert counted(post.world, ["LAD-6"])["LAD-6"][()] == (0, 2)
    after = post.send("bina", "03-20", step_id=waves["post"])
    post.answer(after, "03-21", member_id=post.members["bina"], correct=True)
    assert counted(post.world, ["LAD-6"])["LAD-6"][()] == (1, 2)
    assert counted(post.world, ["CST-QUIZ"])["CST-QUIZ"][()] == (45, 3)


def test_groups_that_are_open_and_households_of_the_programme(post: Post) -> None:
    for code, kind in (("2035", ClubKind.APFLS), ("3115", ClubKind.APFLS), ("4122", ClubKind.COOPERATIVE)):
        post.world.club(code, kind)
    with post.world.db.write() as session:
        session.execute(sa.update(Club).where(Club.code == "2035").values(closed_on=date(2026, 3, 31)))
        session.execute(sa.update(Member).where(Member.id == post.members["ama"]).values(created_at=at("04-01")))
    found = counted(post.world, ["COV-APFLS", "COV-COOP", "COV-F"])
    assert {code: cells[()][0] for code, cells in found.items()} == {"COV-APFLS": 1, "COV-COOP": 1, "COV-F": 4}
