"""Writes the pages of `docs/` that come from the code; a test holds each to its source."""

from __future__ import annotations

import json
from pathlib import Path

from campaigns import definitions, retention
from messaging import settings
from tests.structure import indicators, status

DOCS = Path(__file__).parent.parent.parent / "docs"


def main() -> None:
    """Write them all."""
    (DOCS / "settings.md").write_text(settings.document(), encoding="utf-8")
    (DOCS / "languages.md").write_text(status.page(), encoding="utf-8")
    (DOCS / "indicators.md").write_text(indicators.page(), encoding="utf-8")
    (DOCS / "retention.md").write_text(retention.document(), encoding="utf-8")
    schema = json.dumps(definitions.schema(), ensure_ascii=False, indent=2)
    (DOCS / "campaign.schema.json").write_text(schema + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
