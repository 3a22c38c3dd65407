"""Texts out to translators and back, as a sheet: nothing changes by itself, nothing approved is lost unseen."""

from campaigns.translation.entries import Entry, entries
from campaigns.translation.sheet import named, write
from campaigns.translation.taking import Change, Taken, take

__all__ = ["Change", "Entry", "Taken", "entries", "named", "take", "write"]
