"""Logs: one JSON object a line, carrying the event, brand and request that the line is about."""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, TextIO

_CONTEXT: ContextVar[Mapping[str, str]] = ContextVar("veilleur_log_context", default={})  # noqa: B039 - never mutated

_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {
    "message",
    "asctime",
    "taskName",
    "color_message",
}

# What must not reach a log whatever a library prints: our tokens, credentials inside URLs, authorization headers.
_SECRETS = (
    (re.compile(r"vlr_[A-Za-z0-9_-]{8,}"), "vlr_**********"),
    (re.compile(r"(\w[\w+.-]*://)[^\s/@:]*:[^\s/@]+@"), r"\1**********@"),
    (re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9+/=._~-]{8,}"), r"\1 **********"),
)


def current_context() -> Mapping[str, str]:
    """What lines logged here and now carry: `request_id`, `event_id`, `brand`..."""
    return _CONTEXT.get()


@contextmanager
def log_context(**fields: object) -> Iterator[None]:
    """Make every line logged inside the block carry `fields`; None leaves a field out.

    `with log_context(event_id=event.event_id, brand=event.brand): ...`
    """
    known = {name: str(value) for name, value in fields.items() if value is not None}
    token = _CONTEXT.set({**_CONTEXT.get(), **known})
    try:
        yield
    finally:
        _CONTEXT.reset(token)


def redacted(text: str) -> str:
    """`text` without tokens and credentials."""
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return text


class ContextFilter(logging.Filter):
    """Attaches the context to each record when it is made: handlers may run elsewhere."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Always true; the record gains its context."""
        record.context = dict(_CONTEXT.get())
        return True


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, logger, message, the context, and what was given as `extra`."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as JSON."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **_carried(record),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return redacted(json.dumps(line, ensure_ascii=False, default=str))


class TextFormatter(logging.Formatter):
    """The same for people: `10:31:07 WARNING rules: message  brand=acme`."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as a line of text, with a traceback under it if there is one."""
        time = datetime.fromtimestamp(record.created).astimezone().strftime("%H:%M:%S")
        carried = " ".join(f"{name}={value}" for name, value in _carried(record).items())
        line = f"{time} {record.levelname:<7} {record.name}: {record.getMessage()}"
        parts = [f"{line}  {carried}" if carried else line]
        if record.exc_info:
            parts.append(self.formatException(record.exc_info))
        return redacted("\n".join(parts))


def configure_logging(level: str, log_format: str, *, stream: TextIO | None = None) -> None:
    """Send every log line of the process to `stream` (stderr) in one format; uvicorn's included.

    `auto` is text at a terminal, where people read, and JSON elsewhere, where machines do.

    Run uvicorn with `log_config=None`. Its own access lines are silenced: ours (`veilleur.access`) tell the route
    instead of the path, because a path may carry a signed link.
    """
    target = stream or sys.stderr
    as_text = log_format == "text" or (log_format == "auto" and target.isatty())
    handler = logging.StreamHandler(target)
    handler.addFilter(ContextFilter())
    handler.setFormatter(TextFormatter() if as_text else JsonFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = name != "uvicorn.access"
    # They say every job and every connection at INFO: noise that hides what happened.
    for name in ("apscheduler", "httpx", "httpcore"):
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLevelName(level)))


def _carried(record: logging.LogRecord) -> dict[str, Any]:
    extra = {
        name: value for name, value in record.__dict__.items() if name not in _STANDARD and name != "context"
    }
    return {**getattr(record, "context", {}), **extra}
