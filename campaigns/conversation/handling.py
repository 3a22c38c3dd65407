"""What a handler is: it acts on one reading, inside the transaction of its inbound, and says how to answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from campaigns.conversation.context import Sender
from campaigns.conversation.grammar.reading import Reading


@dataclass(frozen=True)
class Done:
    """What a handler leaves for the reply."""

    reply: bool = True  # False: nothing is sent
    key: str | None = None  # another reply than the reader's
    slots: Mapping[str, str] = field(default_factory=dict)  # for the braces, over those of the reading
    words: tuple[str, str] | None = None  # the reply itself and its language, in place of a key's
    reading: Reading | None = None  # what it turned out to be, in place of the reader's: another report came first


DONE = Done()
SILENT = Done(reply=False)
Handler = Callable[[Session, Sender, Reading, datetime], Done]
