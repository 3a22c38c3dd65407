"""Value sets for DHIS2: strings, months and weeks as it writes them, what is left out, and where they may go."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from campaigns.evaluation import dhis2, indicators, instance
from campaigns.evaluation.areas import Area
from campaigns.evaluation.indicators import Figure
from campaigns.evaluation.period import parse
from campaigns.models import DhisCode
from messaging.errors import DataError, JekuluError, RefusedError
from messaging.models import Programme
from tests.fakes.dhis2 import TOKEN, Dhis2, Instance
from tests.world import World

SCHEMA = json.loads((Path(__file__).parents[2] / "data" / "datavaluesets.schema.json").read_text(encoding="utf-8"))
NOW = datetime(2026, 4, 5, 9, 0, tzinfo=UTC)
CODES = {
    ("data_set", "monthly"): "CDR_MONTHLY", ("org_unit", "Alpha"): "MLI1", ("org_unit", "Beta"): "MLI2",
    ("element", "ATT-HELD"): "CDR_SESS_HELD", ("element", "QUI-OK"): "CDR_OK", ("element", "QUI-OK:of"): "CDR_ANS",
    ("element", "ATT-MEAN"): "CDR_ATT", ("element", "RCH-PH"): "-", ("combo", "apfls"): "APFLS", ("combo", "f"): "F",
    ("combo", "apfls_f"): "APFLS_F_ADULT",
}  # fmt: skip
FIGURES = [  # code, cut, numerator, denominator
    ("ATT-HELD", {"area": 1, "kind": "apfls"}, 18, None),
    ("ATT-HELD", {"area": None, "kind": "apfls"}, 3, None),
    ("ATT-MEAN", {"area": 1, "kind": "apfls", "sex": "f"}, 216, 18),
    ("QUI-OK", {"area": 1, "sex": "f"}, 25, 41),
    ("QUI-OK", {"area": 2, "sex": "f"}, None, None),  # suppressed
    ("RCH-PH", {"area": 2}, 77, 90),
]


@pytest.fixture
def made(world: World, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Gives the value sets of the figures above, with some codes missing."""

    def compute(*_args: Any, by: tuple[str, ...], codes: set[str]) -> list[Figure]:
        return [
            Figure(code, cut, above, below, None, is_suppressed=above is None)
            for code, cut, above, below in FIGURES
            if tuple(cut) == by and code in codes
        ]

    monkeypatch.setattr(indicators, "compute", compute)
    monkeypatch.setattr(dhis2.areas, "communes", lambda *_: {1: Area(1, commune="Alpha"), 2: Area(2, commune="Beta")})

    def sets(*missing: tuple[str, str], since: str = "2026-03-01", until: str = "2026-03-31", **programme: Any) -> Any:
        with world.db.write() as session:
            row = session.get_one(Programme, world.programme_id)
            for name, value in programme.items():
                setattr(row, name, value)
            session.query(DhisCode).delete()
            session.add_all(
                DhisCode(programme_id=row.id, what=what, ours=ours, theirs=theirs)
                for (what, ours), theirs in CODES.items()
                if (what, ours) not in missing
            )
            session.flush()
            return dhis2.value_sets(session, row, parse(since, until, row.zone), NOW)

    return sets


def test_a_commune_and_month_is_one_set_of_strings(made: Any) -> None:
    found = made()
    assert found == [
        {
            "dataSet": "CDR_MONTHLY", "completeDate": "2026-04-05", "period": "202603", "orgUnit": "MLI1",
            "dataValues": [
                {"dataElement": "CDR_SESS_HELD", "categoryOptionCombo": "APFLS", "value": "18"},
                {"dataElement": "CDR_ATT", "categoryOptionCombo": "APFLS_F_ADULT", "value": "216"},
                {"dataElement": "CDR_ANS", "categoryOptionCombo": "F", "value": "41"},
                {"dataElement": "CDR_OK", "categoryOptionCombo": "F", "value": "25"},
            ],
        }
    ]  # fmt: skip  # Beta: one figure is suppressed, of the other the instance knows nothing
    jsonschema.validate(found, SCHEMA)


def test_all_missing_codes_are_told_at_once(made: Any) -> None:
    with pytest.raises(DataError) as told:
        made(("combo", "apfls"), ("element", "QUI-OK"), ("org_unit", "Alpha"), ("data_set", "monthly"))
    assert "for: combo apfls; data_set monthly; element QUI-OK; org_unit Alpha. " in str(told.value)


@pytest.mark.parametrize(("since", "until"), [("2026-03-02", "2026-03-31"), ("2026-03-01", "2026-03-30")])
def test_a_month_is_whole(made: Any, since: str, until: str) -> None:
    with pytest.raises(DataError, match="whole months"):
        made(since=since, until=until)


def test_a_month_that_is_not_over_is_not_complete(made: Any) -> None:
    march, april = made(until="2026-04-30")
    assert ("completeDate" in march, "completeDate" in april) == (True, False)


def test_invented_people_are_marked(made: Any) -> None:
    (found,) = made(demonstration=True)
    assert {one["comment"] for one in found["dataValues"]} == {"DEMONSTRATION"}
    jsonschema.validate([found], SCHEMA)


@pytest.mark.parametrize(
    ("day", "month", "week"),
    [
        (date(2026, 2, 23), "202602", "2026W9"), (date(2026, 3, 2), "202603", "2026W10"),
        (date(2027, 1, 1), "202701", "2026W53"), (date(2024, 12, 30), "202412", "2025W1"),
    ],
)  # fmt: skip
def test_periods_as_dhis2_writes_them(day: date, month: str, week: str) -> None:
    assert (dhis2.month_of(day), dhis2.week_of(day)) == (month, week)


@pytest.mark.parametrize(
    ("label", "change"),
    [
        ("a number", {"dataValues": [{"dataElement": "CDR_OK", "value": 25}]}),
        ("a week with a zero", {"period": "2026W09"}),
        ("no values", {"dataValues": []}),
        ("a day", {"period": "2026-03"}),
    ],
)
def test_the_schema_refuses(label: str, change: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate([one_set(**change)], SCHEMA)


def one_set(**change: Any) -> dict[str, Any]:
    values = [{"dataElement": "CDR_OK", "categoryOptionCombo": "F", "value": "25"}]
    return {"dataSet": "CDR_MONTHLY", "period": "202603", "orgUnit": "MLI1", "dataValues": values, **change}


def known() -> dict[str, set[str]]:
    return {"data_sets": {"CDR_MONTHLY"}, "elements": {"CDR_OK"}, "combos": {"F"}, "units": {"MLI1"}}


INVENTED = one_set(dataValues=[{"dataElement": "CDR_OK", "value": "1", "comment": "DEMONSTRATION"}])


@pytest.mark.parametrize(
    ("label", "address", "token", "sets", "error"),
    [
        ("nothing", "https://dhis2.example.org", TOKEN, [], DataError),
        ("no token", "https://dhis2.example.org", "", [one_set()], DataError),
        ("a token that no header takes", "https://dhis2.example.org", "secret\u2192", [one_set()], DataError),
        ("open to all", "http://dhis2.example.org", TOKEN, [one_set()], RefusedError),
        ("a password in the address", "https://awa:secret@dhis2.example.org", TOKEN, [one_set()], RefusedError),
        ("a host that is another", "https://127.0.0.1@dhis2.example.org", TOKEN, [INVENTED], RefusedError),
        ("invented people", "https://dhis2.example.org", TOKEN, [INVENTED], RefusedError),
        ("invented people in the office", "http://192.168.1.2", TOKEN, [INVENTED], RefusedError),
        ("invented people on this machine", "http://127.0.0.1:8080", TOKEN, [INVENTED], None),
        ("real ones", "https://dhis2.example.org", TOKEN, [one_set()], None),
    ],
)
def test_where_values_may_go(
    label: str, address: str, token: str, sets: list[dict[str, Any]], error: type[JekuluError] | None
) -> None:
    if error is None:
        instance.check(address, token, sets)
    else:
        with pytest.raises(error) as told:
            instance.check(address, token, sets)
        assert "secret" not in str(told.value)


def test_what_an_instance_answers() -> None:
    with Dhis2(**known()) as there:
        tried = instance.bring(there.url, TOKEN, [one_set()], dry_run=True)
        assert (tried.imported, tried.is_clean, there.values) == (1, True, {})
        instance.bring(there.url, TOKEN, [one_set()], dry_run=False)
        again = instance.bring(there.url, TOKEN, [one_set()], dry_run=True)
        assert (again.imported, again.ignored, again.is_clean) == (0, 1, True)
        wrong = instance.bring(there.url, TOKEN, [one_set(orgUnit="MLI9"), one_set()], dry_run=True)
        assert (wrong.ignored, wrong.conflicts) == (2, ("MLI9 202603: MLI9 Org unit not found: MLI9",))
        with pytest.raises(DataError, match="does not let us in"):
            instance.bring(there.url, "another", [one_set()], dry_run=True)
        with pytest.raises(DataError, match="base address of a DHIS2"):
            instance.bring(f"{there.url}/else", TOKEN, [one_set()], dry_run=True)
    with pytest.raises(DataError, match="did not answer"):
        instance.bring(there.url, TOKEN, [one_set()], dry_run=True)


@pytest.mark.parametrize(
    ("label", "change", "conflict"),
    [
        ("a number that is no string", {"dataValues": [{"dataElement": "CDR_OK", "value": 25}]}, "Value is no number"),
        ("a word", {"dataValues": [{"dataElement": "CDR_OK", "value": "beaucoup"}]}, "Value is no number"),
        ("an unknown element", {"dataValues": [{"dataElement": "X", "value": "1"}]}, "Data element not found"),
        ("an unknown data set", {"dataSet": "X"}, "Data set not found"),
        ("a week with a zero", {"period": "2026W09"}, "Period not valid"),
    ],
)
def test_the_fake_refuses_what_dhis2_refuses(label: str, change: dict[str, Any], conflict: str) -> None:
    there = Instance(**known())
    query = {**instance.BY_CODE, "dryRun": "false"}
    status, said = there.take(query, json.dumps(one_set(**change)).encode())
    assert status == 409
    assert conflict in said["response"]["conflicts"][0]["value"]
    assert there.values == {}


@contextmanager
def answering(status: int, body: str, wait: float = 0, **headers: str) -> Iterator[str]:
    """An address that answers every call in one way, some seconds later."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            time.sleep(wait)
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


def test_a_token_follows_no_redirect_and_stands_in_no_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(instance, "WITHIN", timedelta(seconds=0.2))
    with Dhis2(**known()) as elsewhere:
        for status, wait, more, said in (
            (302, 0, {"Location": f"{elsewhere.url}/api/dataValueSets"}, "answered 302"),
            (307, 0, {"Location": f"{elsewhere.url}/api/dataValueSets"}, "answered 307"),
            (200, 0.5, {}, "did not answer"),
            (500, 0, {}, "answered 500"),
        ):
            with answering(status, "{}", wait, **more) as there, pytest.raises(DataError, match=said) as told:
                instance.bring(there, TOKEN, [one_set()], dry_run=True)
            assert TOKEN not in str(told.value)
            assert told.value.__suppress_context__
        assert elsewhere.calls == []


def test_what_an_instance_refuses_without_a_conflict_is_not_clean() -> None:
    body = json.dumps({"status": "WARNING", "response": {"importCount": {"ignored": 1}}})
    with answering(409, body) as there:
        assert not instance.bring(there, TOKEN, [one_set()], dry_run=True).is_clean
    with answering(200, body) as there:
        assert instance.bring(there, TOKEN, [one_set()], dry_run=True).is_clean  # it was there already
