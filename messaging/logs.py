"""Logs: one line an event, with anything that looks like a phone number masked in one place."""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import MutableMapping
from typing import Any

import structlog

from messaging.phones import redact

LOUD = ("apscheduler", "twilio.http_client", "urllib3")  # they log numbers, or every tick
LOUDEST = "waitress.queue"  # warns of each call that has to wait


def set_up(level: str, as_json: bool = False) -> None:
    """Send our own and all libraries' logs through the mask to standard error."""
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        without_words,
        mask,
    ]
    render = structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer(colors=False)
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, render],
            foreign_pre_chain=shared,
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in LOUD:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger(LOUDEST).setLevel(logging.ERROR)


def mask(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Take every run of digits that looks like a phone number out of every text of a line."""
    for key, value in event.items():
        if isinstance(value, str) and key != "timestamp":
            event[key] = redact(value)
    return event


def without_words(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Show an error by its kind and place."""
    given = event.pop("exc_info", None)
    error = given if isinstance(given, BaseException) else given[1] if isinstance(given, tuple) else sys.exc_info()[1]
    if given and error is not None:
        event["exception"] = trouble(error)
    return event


def trouble(error: BaseException) -> str:
    """The kind and place of an error and of what caused it; its own text may hold a number or the words of an SMS."""
    told = type(error).__name__ + "\n" + "".join(traceback.format_tb(error.__traceback__))
    cause = error.__cause__ or error.__context__
    return told if cause is None else f"{told}after {trouble(cause)}"
