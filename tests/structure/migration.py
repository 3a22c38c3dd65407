"""Writes the next migration from the difference between the tables as migrated and the models."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import sqlalchemy as sa
from alembic import command

import campaigns.models  # noqa: F401 - fills the metadata
from messaging import migrations
from messaging.database import Base

VERSIONS = Path(migrations.__file__).parent / "versions"


def main(name: str) -> None:
    """Write one script; what it holds is for a person to read before it is committed."""
    VERSIONS.mkdir(exist_ok=True)
    number = f"{len(list(VERSIONS.glob('[0-9]*.py'))) + 1:04d}"
    engine = sa.create_engine("sqlite://")
    with engine.begin() as connection:
        settings = migrations.config(connection)
        settings.attributes["metadata"] = Base.metadata
        if number != "0001":
            command.upgrade(settings, "head")
        command.revision(settings, message=name, autogenerate=True, rev_id=number)
    made = next(VERSIONS.glob(f"{number}_*.py"))
    plain = re.sub(r"messaging\.database\.UtcDateTime\([^)]*\)", "sa.DateTime(timezone=True)", made.read_text())
    made.write_text(plain.replace("none_as_null=True", ""))
    print(made.name)


if __name__ == "__main__":
    main(sys.argv[1])
