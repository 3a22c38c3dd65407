"""One figure as one JSON line."""

from __future__ import annotations

import json
import sys


def figure(name: str, value: float, limit: float, ratio: float, ok: bool) -> None:
    """Print a figure beside its limit; `ratio` is what the aim speaks of."""
    row = {"name": name, "value": round(value, 4), "limit": round(limit, 4), "ratio": round(ratio, 3), "ok": ok}
    sys.stdout.write(json.dumps(row) + "\n")
    sys.stdout.flush()
