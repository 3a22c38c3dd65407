"""The bill and the days of a campaign, on the command line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from campaigns import bill
from campaigns.bill import Bill, xof
from campaigns.cli.campaign import find, programme_option
from campaigns.flow import Help
from messaging.cli.frame import command_errors, emit, json_option, moment, now_option, opened


@click.command()
@click.argument("code")
@programme_option
@click.option("--days", type=click.IntRange(1, 366), help="For how many days; else to its end.")
@now_option
@json_option
@command_errors
def cost(code: str, programme_code: str | None, days: int | None, now: str | None, as_json: bool) -> None:
    """Show the bill and the days of a campaign before it is sent."""
    with opened() as here:
        at = moment(here, now)
        with here.db.read() as session:
            found = bill.of_campaign(session, find(session, code, programme_code), at, days=days)
    emit(_as_json(code, found), as_json, "\n".join(_told(found)))


def _as_json(code: str, bill: Bill) -> dict[str, Any]:
    """The bill as `jekulu campaign cost --json` prints it; money in whole XOF."""
    return {
        "campaign": code,
        "from": bill.since.isoformat(),
        "to": bill.until.isoformat(),
        "people": bill.people,
        "messages": bill.messages,
        "segments": bill.segments,
        "xof": xof(bill.micros),
        "days": bill.days,
        "fits": bill.fits,
        "by_language": bill.by("language"),
        "by_step": bill.by("step"),
        "by_gateway": bill.by("gateway"),
        "fallbacks": bill.fallbacks(),
        "late": dict(bill.late),
        "helps": [{"what": one.what, "value": one.value} for one in bill.helps],
        "budget": [
            {
                "month": f"{one.month:%Y-%m}", "limit": xof(one.limit), "used": xof(one.used),
                "needed": xof(one.needed), "missing": xof(one.missing),
            }
            for one in bill.months
        ],
        "waiting": [
            {"language": language, "reason": reason, "people": people}
            for (language, reason), people in bill.unserved().items()
        ],
    }  # fmt: skip


def _told(bill: Bill) -> Iterator[str]:
    yield f"From {bill.since:%Y-%m-%d %H:%M} to {bill.until:%Y-%m-%d %H:%M}, as things are today:"
    yield (
        f"  {bill.people} phones, {bill.messages} messages, {bill.segments} segments, {xof(bill.micros)} XOF, "
        f"{bill.days} day(s)"
    )
    for language, row in bill.by("language").items():
        yield f"  {language}: {row['messages']} messages, {row['segments']} segments, {row['xof']} XOF"
    for row in bill.fallbacks():
        yield f"  {row['messages']} messages wanted in {row['wanted']} leave in {row['language']}"
    for (language, reason), people in bill.unserved().items():
        yield f"  {people} of {language} get nothing: {reason}"
    for step, count in bill.late.items():
        yield f"  {step}: {count} messages cannot leave in time"
    for month in bill.months:
        if month.missing:
            yield f"  {month.month:%Y-%m}: the budget of {xof(month.limit)} XOF lacks {xof(month.missing)} XOF"
    yield "It fits." if bill.fits else "It does not fit."
    for one in bill.helps:
        yield f"  {_helps(one)}"


def _helps(one: Help) -> str:
    return {
        "sims": f"{one.value} SIMs of this rate would carry it",
        "earlier": f"starting at {one.value // 60:02}:{one.value % 60:02} would do",
        "longer": f"{one.value} more day(s) of use would do",
        "clubs": f"sent to the clubs alone it would fit: {one.value} messages",
    }[one.what]
