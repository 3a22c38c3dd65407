"""The errors of the post: each carries the sentence a person reads, and knows nothing of how it is shown.

JekuluError
├── SettingError      a setting, a key file or a database that stops the start
├── DataError         a file, a form or a command holds something that cannot be taken
├── RefusedError      a rule (four eyes, a state, a demonstration) says no
└── StaleError        somebody else changed the same thing first
"""

from __future__ import annotations


class JekuluError(Exception):
    """Something went wrong that a person can mend."""

    def __str__(self) -> str:
        return super().__str__() or (self.__doc__ or "").splitlines()[0]


class SettingError(JekuluError):
    """A setting stops the start."""


class DataError(JekuluError):
    """What was given cannot be taken."""


class RefusedError(JekuluError):
    """A rule does not allow this."""


class StaleError(JekuluError):
    """Somebody else has changed this in the meantime. Load the page again and repeat the change."""


class BusyError(JekuluError):
    """The database is busy or down. Try again in a moment."""
