"""An application behind the web server that the product uses, on a free port of the loopback."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from flask import Flask
from waitress.server import create_server


@contextmanager
def served(app: Flask, threads: int = 8) -> Iterator[str]:
    """Serve until the end; gives the base address."""
    server: Any = create_server(app, host="127.0.0.1", port=0, threads=threads)

    def run() -> None:
        with suppress(OSError):  # it may be waiting on a line that is closed under its hands
            server.run()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.effective_port}"
    finally:
        server.close()
        thread.join(10)
