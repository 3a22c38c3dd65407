"""The product's own table of languages and the fallback chains; knows nothing of any catalogue."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from messaging.database import Base


class Language(Base):
    """One language or variety by its shortest BCP 47 tag; seeded from `languages.toml`, staff may add rows."""

    __tablename__ = "language"

    code: Mapped[str] = mapped_column(sa.String(12), primary_key=True)
    name_fr: Mapped[str] = mapped_column(sa.String(80))
    name_own: Mapped[str] = mapped_column(sa.String(80))
    family: Mapped[str] = mapped_column(sa.String(20))  # french, manding, dogon, fula, other
    direction: Mapped[str] = mapped_column(sa.String(3), default="ltr")
    formats: Mapped[str] = mapped_column(sa.String(12), default="fr")  # locale of dates and numbers on staff pages
    profile: Mapped[str] = mapped_column(sa.String(20))  # SMS letter profile
    plural_forms: Mapped[str] = mapped_column(sa.String(80))


class Chain(Base):
    """What a programme falls back to, in order, for one language; no row or an empty list: this language or nothing."""

    __tablename__ = "chain"

    programme_id: Mapped[int] = mapped_column(sa.ForeignKey("programme.id"), primary_key=True)
    language: Mapped[str] = mapped_column(sa.ForeignKey("language.code"), primary_key=True)
    falls_to: Mapped[list[str]]
