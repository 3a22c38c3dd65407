"""A DHIS2 instance as far as `dataValueSets` go: keeps values, counts what changed, refuses what it does not know.

Written from DHIS2's public pages and shared with none of the product's own code, so that it can be its judge.

    with Dhis2(...) as there: …        a server on the loopback; `there.url`
    Instance(...)                        the same without any network
"""

from __future__ import annotations

import json
import re
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "d2pat_an-invented-token"
PERIOD = re.compile(r"\d{4}(0[1-9]|1[0-2])|\d{4}W([1-9]|[1-4]\d|5[0-3])")  # months, and weeks without a leading zero
NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?")
DEFAULT = "default"
Answer = tuple[int, dict[str, Any]]
Key = tuple[str, str, str, str, str]  # data set, period, unit, element, combination


@dataclass
class Instance:
    """What one instance knows and keeps; `calls` are (dry run?, value set), in order."""

    data_sets: set[str]
    elements: set[str]
    combos: set[str]
    units: set[str]
    values: dict[Key, str] = field(default_factory=dict)
    calls: list[tuple[bool, dict[str, Any]]] = field(default_factory=list)

    def take(self, query: dict[str, str], body: bytes) -> Answer:
        """POST /api/dataValueSets."""
        for name in ("dataElementIdScheme", "orgUnitIdScheme", "categoryOptionComboIdScheme"):
            if query.get(name) != "CODE":
                return 409, error(f"{name}: no UID")
        try:
            one = json.loads(body)
            rows = list(one["dataValues"])
        except (ValueError, KeyError, TypeError):
            return 400, error("The body is no value set")
        dry_run = query.get("dryRun") == "true"
        self.calls.append((dry_run, one))
        wrong = [text for text in self._head(one) if text]
        if wrong:
            return 409, summary({"ignored": len(rows)}, wrong)
        counts = dict.fromkeys(("imported", "updated", "ignored", "deleted"), 0)
        for row in rows:
            fault = self._fault(row)
            counts["ignored" if fault else self._store(one, row, dry_run)] += 1
            wrong += [fault] if fault else []
        return (409 if wrong else 200), summary(counts, wrong)

    def _head(self, one: dict[str, Any]) -> list[str]:
        return [
            "" if one.get("dataSet") in self.data_sets else f"Data set not found: {one.get('dataSet')}",
            "" if one.get("orgUnit") in self.units else f"Org unit not found: {one.get('orgUnit')}",
            "" if PERIOD.fullmatch(str(one.get("period"))) else f"Period not valid: {one.get('period')}",
        ]

    def _fault(self, row: dict[str, Any]) -> str:
        value = row.get("value")
        if row.get("dataElement") not in self.elements:
            return f"Data element not found: {row.get('dataElement')}"
        if row.get("categoryOptionCombo", DEFAULT) not in {*self.combos, DEFAULT}:
            return f"Category option combo not found: {row['categoryOptionCombo']}"
        if not isinstance(value, str) or not NUMBER.fullmatch(value):
            return f"Value is no number as a string: {value!r}"
        return ""

    def _store(self, one: dict[str, Any], row: dict[str, Any], dry_run: bool) -> str:
        combo = row.get("categoryOptionCombo", DEFAULT)
        key = (one["dataSet"], one["period"], one["orgUnit"], row["dataElement"], combo)
        before = self.values.get(key)
        if not dry_run:
            self.values[key] = row["value"]
        return "imported" if before is None else "ignored" if before == row["value"] else "updated"


class Dhis2(Instance):
    """The same over HTTP on the loopback, to whoever has the token."""

    def __enter__(self) -> Dhis2:
        """Start to listen on a free port."""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        """Stop."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)

    @property
    def url(self) -> str:
        """The base address."""
        return f"http://127.0.0.1:{self._server.server_port}"


def summary(counts: dict[str, int], conflicts: list[str]) -> dict[str, Any]:
    """An import summary as newer instances wrap it."""
    status = "WARNING" if conflicts else "SUCCESS"
    return {
        "httpStatus": "Conflict" if conflicts else "OK", "httpStatusCode": 409 if conflicts else 200, "status": status,
        "response": {
            "responseType": "ImportSummary", "status": status,
            "importCount": {"imported": 0, "updated": 0, "ignored": 0, "deleted": 0} | counts,
            "conflicts": [{"object": text.rpartition(": ")[2], "value": text} for text in conflicts],
        },
    }  # fmt: skip


def error(words: str) -> dict[str, Any]:
    """A refusal without a summary."""
    return {"httpStatus": "Conflict", "httpStatusCode": 409, "status": "ERROR", "message": words}


def _handler(instance: Dhis2) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            parts = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            if self.headers.get("Authorization") != f"ApiToken {TOKEN}":
                self._say(401, error("Unauthorized"))
            elif parts.path != "/api/dataValueSets":
                self._say(404, error("Not found"))
            else:
                self._say(*instance.take(query, body))

        def _say(self, status: int, answer: dict[str, Any]) -> None:
            raw = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler
