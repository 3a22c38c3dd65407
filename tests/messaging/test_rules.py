"""The table of the design, row by row: what each kind of message must pass at the last moment."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from messaging.models.post import Kind
from messaging.rules import Facts, decide

NOW = datetime(2026, 3, 12, 17, 30, tzinfo=UTC)
LATER = NOW + timedelta(hours=3)
FINE = Facts(kind=Kind.CAMPAIGN, useful_until=NOW + timedelta(days=1), opens_at=NOW)

# trouble, then for reply, service, campaign, alert: the reason, or go
TABLE = [
    ("no consent", {"consented": False}, "go", "go", "no_consent", "no_consent"),
    ("opted out", {"opted_out": True}, "go", "opted_out", "opted_out", "opted_out"),
    ("stale", {"useful_until": NOW}, "stale", "stale", "stale", "stale"),
    ("closed hours", {"opens_at": LATER}, "go", "hours", "hours", "go"),
    ("never open before its end", {"opens_at": NOW + timedelta(days=2)}, "go", "stale", "stale", "go"),
    ("cap reached", {"capped": True}, "go", "cap", "cap", "go"),
    ("ten replies in an hour", {"looping": True}, "loop", "go", "go", "go"),
    ("tag forbidden by the risk level", {"risky": True}, "go", "risk", "risk", "risk"),
    ("commune paused", {"place_paused": True}, "paused_place", "paused_place", "paused_place", "paused_place"),
    ("month's money spent", {"over_budget": True}, "go", "go", "budget", "go"),
    ("text not approved", {"approved": False}, "not_approved", "not_approved", "not_approved", "not_approved"),
    ("quarantined number", {"quarantined": True}, "quarantine", "quarantine", "quarantine", "quarantine"),
    ("no such number", {"invalid": True}, "invalid_number", "invalid_number", "invalid_number", "invalid_number"),
    ("gateway paused", {"gateway": "paused"}, "paused_gateway", "paused_gateway", "paused_gateway", "paused_gateway"),
    ("no gateway", {"gateway": "none"}, "no_gateway", "no_gateway", "no_gateway", "no_gateway"),
    ("demonstration, real gateway", {"demonstration": True}, *["demonstration"] * 4),
    ("personal, not chosen", {"personal": True}, *["personal"] * 4),
]
CASES = [
    (f"{label}: {kind}", {**facts, "kind": kind}, expected)
    for label, facts, *row in TABLE
    for kind, expected in zip((Kind.REPLY, Kind.SERVICE, Kind.CAMPAIGN, Kind.ALERT), row, strict=True)
]


@pytest.mark.parametrize(("facts", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_table(facts: dict[str, object], expected: str) -> None:
    verdict = decide(replace(FINE, **facts), NOW)  # type: ignore[arg-type]
    assert (verdict.reason.value if verdict.reason else verdict.what) == expected


def test_only_the_simulator_may_carry_a_draft() -> None:
    draft = replace(FINE, approved=False)
    assert decide(replace(draft, gateway="simulator"), NOW).what == "go"
    assert decide(draft, NOW).what == "hold"
    assert decide(replace(draft, trial=True), NOW).what == "go"


def test_what_is_dead_does_not_wait_for_an_open_hour() -> None:
    verdict = decide(replace(FINE, opted_out=True, opens_at=LATER), NOW)
    assert (verdict.what, verdict.reason.value) == ("close", "opted_out")


def test_what_a_level_or_a_pause_stops_is_held_until_somebody_lets_it_go() -> None:
    for trouble in ({"risky": True}, {"place_paused": True}):
        assert decide(replace(FINE, **trouble), NOW).what == "hold"
    assert decide(replace(FINE, risky=True, opens_at=LATER), NOW).what == "hold"


def test_what_must_wait_for_hours_is_looked_at_again_when_they_open() -> None:
    assert decide(replace(FINE, opens_at=LATER), NOW).at == LATER
