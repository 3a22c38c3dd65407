"""An invented mailbox: what a mail server on loopback took."""

from __future__ import annotations

import socket
from email import message_from_bytes, policy
from typing import Any


class Box:
    """Keeps what the server took."""

    def __init__(self) -> None:
        self.letters: list[Any] = []
        self.was_secure: list[bool] = []

    async def handle_DATA(self, _server: Any, session: Any, envelope: Any) -> str:
        self.letters.append((envelope.rcpt_tos, message_from_bytes(envelope.content, policy=policy.default)))
        self.was_secure.append(session.ssl is not None)
        return "250 OK"


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
