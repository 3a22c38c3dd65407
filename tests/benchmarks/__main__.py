"""`make bench`: prints one JSON line a figure: name, value, limit, ratio, ok."""

from __future__ import annotations

import sys

from tests.benchmarks import inbound, members, planning

BENCHES = {"planning": planning.run, "members": members.run, "inbound": inbound.run}


def main(names: list[str]) -> None:
    """Run the named benches, or all."""
    for name in names or BENCHES:
        BENCHES[name]()


if __name__ == "__main__":
    main(sys.argv[1:])
