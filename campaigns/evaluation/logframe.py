"""What a donor calls our indicators in a logframe: brought with the sheet of codes, shown beside our figures."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns.models import DhisCode
from messaging.models import Programme

LOGFRAME = "logframe"  # what such a code is of


def read(session: Session, programme: Programme) -> Mapping[str, str]:
    """The donor's codes by indicator."""
    query = sa.select(DhisCode.ours, DhisCode.theirs).where(
        DhisCode.programme_id == programme.id, DhisCode.what == LOGFRAME
    )
    return dict(session.execute(query).all())
