"""`make bench`: prints one JSON line a figure: name, value, limit, ratio, ok."""

from __future__ import annotations

import sys

from tests.benchmarks import door, exporting, inbound, members, memory, planning, sending

BENCHES = {
    "planning": planning.run, "members": members.run, "inbound": inbound.run, "door": door.run, "sending": sending.run,
    "exporting": exporting.run, "memory": memory.run,
}  # fmt: skip


def main(names: list[str]) -> None:
    """Run the named benches, or all."""
    for name in names or BENCHES:
        BENCHES[name]()


if __name__ == "__main__":
    main(sys.argv[1:])
