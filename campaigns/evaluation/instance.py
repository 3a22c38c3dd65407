"""Takes value sets to a DHIS2 instance: always tried first, and really brought only when all of it was taken well.

Source: the page on evaluation, section 5. A value that is there already counts as ignored: that is no failure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from requests import Request

from campaigns.evaluation.dhis2 import DEMONSTRATION
from messaging.errors import DataError, RefusedError
from messaging.gateways import is_loopback
from messaging.gateways.line import Line, LostError, is_private

PATH = "/api/dataValueSets"
BY_CODE = dict.fromkeys(
    ("dataSetIdScheme", "dataElementIdScheme", "orgUnitIdScheme", "categoryOptionComboIdScheme"), "CODE"
)
WITHIN = timedelta(seconds=60)  # an instance takes its time
COUNTS = ("imported", "updated", "ignored", "deleted")
Sets = Sequence[dict[str, Any]]


@dataclass(frozen=True)
class Summary:
    """What an instance said of some value sets; conflicts are its own words."""

    imported: int = 0
    updated: int = 0
    ignored: int = 0
    deleted: int = 0
    conflicts: tuple[str, ...] = ()

    @property
    def is_clean(self) -> bool:
        """Whether everything was understood; what was there already is ignored, and well so."""
        return not self.conflicts

    def row(self) -> dict[str, Any]:
        """As JSON."""
        return {**asdict(self), "conflicts": list(self.conflicts)}

    def __add__(self, other: Summary) -> Summary:
        counts = {name: getattr(self, name) + getattr(other, name) for name in COUNTS}
        return Summary(**counts, conflicts=self.conflicts + other.conflicts)


def check(address: str, token: str, sets: Sets) -> None:
    """Whether value sets may go to an address at all.

    Raises:
        DataError: there is nothing to bring, or no token.
        RefusedError: invented people would get into a real instance, or others could read on the way.
    """
    if set(address.partition("://")[2]) & set("@?#"):  # it stands in the audit log and in sentences
        raise RefusedError("The address of the instance holds more than a place: no user, password or question in it.")
    if not sets:
        raise DataError("These files hold no value set. Write them with: jekulu export --format dhis2")
    if not token:
        raise DataError("The token of the DHIS2 instance is missing. Set JEKULU_DHIS2_TOKEN.")
    if not (token.isascii() and token.isprintable()):
        raise DataError("JEKULU_DHIS2_TOKEN holds a sign that no token has: copy it again.")
    if not is_private(address):
        raise RefusedError(f"{address} can be read on the way: token and values go by https only.")
    is_invented = any(one.get("comment") == DEMONSTRATION for values in sets for one in values["dataValues"])
    if is_invented and not is_loopback(address):
        raise RefusedError(
            "These values are of a demonstration, whose people are invented: they go to an instance on this machine "
            "alone (http://127.0.0.1:8080)."
        )


def bring(
    address: str, token: str, sets: Sets, *, dry_run: bool, tell: Callable[[int], None] = lambda done: None
) -> Summary:
    """Bring value sets one by one, or only try to.

    Args:
        address: base address of the instance.
        token: a personal access token.
        sets: as `dhis2.value_sets` gives them.
        dry_run: the instance says what it would do, and does nothing.
        tell: told how many sets are done.

    Raises:
        DataError: the instance does not answer, does not let us in, or answers what nobody understands.
    """
    line = Line(address, 1, WITHIN)
    whole = Summary()
    try:
        for place, one in enumerate(sets, 1):
            whole += _post(line, address, token, one, dry_run)
            tell(place)
    finally:
        line.close()
    return whole


def _post(line: Line, address: str, token: str, one: dict[str, Any], dry_run: bool) -> Summary:
    asked = {**BY_CODE, "dryRun": "true" if dry_run else "false"}
    head = {"Authorization": f"ApiToken {token}", "Accept": "application/json"}
    try:
        reply = line.call(Request("POST", address + PATH, params=asked, json=one, headers=head))
    except LostError as error:
        raise DataError(f"{address} did not answer ({error.code}). {_again(dry_run)}") from None
    if reply.status_code in (401, 403):
        raise DataError(f"{address} does not let us in ({reply.status_code}). Check JEKULU_DHIS2_TOKEN and its rights.")
    try:
        return _summary(reply.json(), f"{one['orgUnit']} {one['period']}", is_refused=reply.status_code >= 400)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise DataError(
            f"{address} answered {reply.status_code} without an import summary: is it the base address of a DHIS2? "
            f"{_again(dry_run)}"
        ) from None


def _again(dry_run: bool) -> str:
    """What a person may do then; bringing the same values twice changes nothing."""
    return "Nothing was changed." if dry_run else "Some of it may be stored: run the same command again."


def _summary(said: dict[str, Any], where: str, *, is_refused: bool) -> Summary:
    """An import summary, alone as older instances tell it, or inside `response`."""
    told = said.get("response", said)
    counts = told["importCount"]
    return Summary(
        **{name: int(counts.get(name, 0)) for name in COUNTS}, conflicts=tuple(_conflicts(told, where, is_refused))
    )  # fmt: skip


def _conflicts(told: dict[str, Any], where: str, is_refused: bool) -> Iterator[str]:
    found: Iterable[dict[str, Any]] = told.get("conflicts") or ()
    for one in found:
        yield f"{where}: {one.get('object', '')} {one.get('value', '')}".strip()
    if not found and (is_refused or str(told.get("status")).upper() == "ERROR"):
        yield f"{where}: {told.get('description') or 'refused without a reason'}"
