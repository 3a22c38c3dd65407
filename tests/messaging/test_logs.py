"""What an error says may hold the words of an SMS: a log shows its kind and place alone."""

from __future__ import annotations

import logging

import structlog

from messaging import logs

SAID, NUMBER = "mon mari me frappe", "appelez le 70 06 14 82"


def test_an_error_is_shown_by_its_kind_and_place(capsys) -> None:
    before, root = structlog.get_config(), logging.getLogger()
    handlers, level = root.handlers[:], root.level
    logs.set_up("INFO")
    try:
        try:
            try:
                raise KeyError(SAID)
            except KeyError as error:
                raise ValueError(NUMBER) from error
        except ValueError:
            structlog.get_logger("essai").error("a job failed", job="converse", exc_info=True)
    finally:
        structlog.configure(**before)
        root.handlers[:], root.level = handlers, level
    told = capsys.readouterr().err
    assert "KeyError" in told
    assert "ValueError" in told
    assert "test_logs.py" in told
    assert "frappe" not in told
    assert "14 82" not in told


def test_the_trouble_of_an_error_without_a_place_is_its_kind() -> None:
    assert logs.trouble(ValueError("un texte")) == "ValueError\n"
