"""The programme as it stands beside its targets: households, members, villages, groups, advisers.

Source: the targets of the programmes, the page on evaluation, section 2.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

import sqlalchemy as sa

from campaigns.evaluation import terms
from campaigns.evaluation.cells import Cells, distinct, shares
from campaigns.evaluation.counting import Ask, Count
from messaging.models import Club, Facilitator, FacilitatorClub, Household, Member, ProgrammeVillage
from messaging.models.people import ClubKind, FacilitatorKind, Sex


def coverage(ask: Ask, codes: Collection[str]) -> Iterator[Count]:
    """The counts of these codes of the family `coverage`."""
    for code in codes:
        below = _members(ask, Sex.F, Sex.M) if code == "COV-W" else None
        yield from shares(ask, code, CODES[code](ask), below)


def _households(ask: Ask) -> Cells:
    rows = sa.select(Household.id).where(*terms.households(ask.period, ask.programme), ask.within(Household.village_id))
    by = {"area": Household.village_id, "head": Household.sex_of_head, "hea": Household.hea_band}
    return distinct(ask, rows, by, Household.id)


def _members(ask: Ask, *sexes: Sex) -> Cells:
    rows = sa.select(Member.id).where(
        *terms.active(ask.period, ask.programme), Member.sex.in_(sexes), ask.within(Member.village_id)
    )
    return distinct(ask, rows, {"area": Member.village_id}, Member.id)


def _villages(ask: Ask) -> Cells:
    own = ProgrammeVillage
    rows = sa.select(own.place_id).where(own.programme_id == ask.programme.id, ask.within(own.place_id))
    return distinct(ask, rows, {"area": own.place_id}, own.place_id)


def _clubs(ask: Ask, kind: ClubKind) -> Cells:
    rows = sa.select(Club.id).where(
        Club.programme_id == ask.programme.id, Club.kind == kind, terms.open_on(ask.period.last),
        ask.within(Club.village_id),
    )  # fmt: skip
    return distinct(ask, rows, {"area": Club.village_id}, Club.id)


def _advisers(ask: Ask) -> Cells:
    """Those of own places serve a group there."""
    served = (
        sa.select(FacilitatorClub.facilitator_id)
        .join(Club, Club.id == FacilitatorClub.club_id)
        .where(ask.within(Club.village_id))
    )
    rows = sa.select(Facilitator.id).where(
        Facilitator.programme_id == ask.programme.id, Facilitator.kind == FacilitatorKind.ADVISER, Facilitator.active
    )
    return distinct(ask, rows if ask.is_everywhere else rows.where(Facilitator.id.in_(served)), {}, Facilitator.id)


CODES: Mapping[str, Callable[[Ask], Any]] = {
    "COV-HH": _households,
    "COV-F": lambda ask: _members(ask, Sex.F),
    "COV-M": lambda ask: _members(ask, Sex.M),
    "COV-W": lambda ask: _members(ask, Sex.F),
    "COV-VIL": _villages,
    "COV-APFLS": lambda ask: _clubs(ask, ClubKind.APFLS),
    "COV-COOP": lambda ask: _clubs(ask, ClubKind.COOPERATIVE),
    "COV-ADV": _advisers,
}
