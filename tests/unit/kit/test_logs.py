"""Log lines: JSON, with their context, without secrets."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from services.kit.logs import configure_logging, current_context, log_context, redacted


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    names = (None, "uvicorn", "uvicorn.error", "uvicorn.access", "apscheduler", "httpx", "httpcore")
    loggers = [logging.getLogger(name) for name in names]
    kept = [(one, one.handlers[:], one.level, one.propagate) for one in loggers]
    yield io.StringIO()
    for logger, handlers, level, propagate in kept:
        logger.handlers[:] = handlers
        logger.setLevel(level)
        logger.propagate = propagate


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_carries_the_event_it_is_about(stream: io.StringIO) -> None:
    configure_logging("INFO", "json", stream=stream)
    with log_context(event_id="e1", brand="acme"), log_context(request_id=None, batch=3):
        logging.getLogger("rules").warning("Odd: %s", "ça", extra={"records": 2})
    logging.getLogger("rules").info("After")
    first, second = lines(stream)
    assert first["message"] == "Odd: ça"
    assert first["level"] == "warning"
    assert first["time"].endswith("+00:00")
    assert {"event_id": "e1", "brand": "acme", "batch": "3", "records": 2}.items() <= first.items()
    assert "request_id" not in first
    assert "event_id" not in second
    assert current_context() == {}


def test_a_traceback_stays_on_one_line(stream: io.StringIO) -> None:
    configure_logging("INFO", "json", stream=stream)
    try:
        raise ValueError("two\nlines")  # noqa: TRY301
    except ValueError:
        logging.getLogger("rules").exception("It failed")
    (line,) = lines(stream)
    assert "ValueError: two" in line["exception"]


def test_uvicorn_speaks_the_same_format_and_leaves_access_lines_to_us(stream: io.StringIO) -> None:
    configure_logging("INFO", "json", stream=stream)
    logging.getLogger("uvicorn.error").info("Started")
    logging.getLogger("uvicorn.access").info("GET /p/signed-secret")
    assert [line["message"] for line in lines(stream)] == ["Started"]


def test_text_is_for_people(stream: io.StringIO) -> None:
    configure_logging("INFO", "text", stream=stream)
    with log_context(brand="acme"):
        logging.getLogger("rules").warning("Odd")
    logging.getLogger("rules").debug("Not shown")
    assert stream.getvalue().endswith("WARNING rules: Odd  brand=acme\n")


@pytest.mark.parametrize("log_format", ["json", "text"])
def test_secrets_never_appear(stream: io.StringIO, log_format: str) -> None:
    configure_logging("INFO", log_format, stream=stream)
    token = "vlr_AbCdEfGhIjKlMnOpQrStUvWxYz0123456789-_abcde"
    logging.getLogger("x").info("token %s", token)
    logging.getLogger("x").info("url", extra={"url": "postgresql://me:hunter2@db/x"})
    try:
        raise RuntimeError("Authorization: Basic dG9rZW46aHVudGVyMg==")  # noqa: TRY301
    except RuntimeError:
        logging.getLogger("x").exception("bad")
    said = stream.getvalue()
    for secret in (token, "hunter2", "dG9rZW46"):
        assert secret not in said


def test_redaction_leaves_the_rest() -> None:
    assert (
        redacted("see https://example.org/a:b@c and a basic thing")
        == "see https://example.org/a:b@c and a basic thing"
    )


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("stream", "is_json"), [(io.StringIO(), True), (_Terminal(), False)])
def test_people_at_a_terminal_read_text_and_machines_read_json(stream, is_json):
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    try:
        configure_logging("INFO", "auto", stream=stream)
        logging.getLogger("veilleur.test").info("here")
    finally:
        root.handlers[:] = before
        root.setLevel(level)
    assert stream.getvalue().startswith("{") is is_json
