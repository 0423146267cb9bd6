"""What pydantic says about a wrong value, said to the person who has to mend it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from services.contracts.errors import Fault

_PLACES = {"body", "query", "path", "header", "cookie"}

# By pydantic's error type; `{name}` is filled in from the error's context. What is not listed gets a general hint.
_FIXES: Mapping[str, str] = {
    "missing": "Add this field.",
    "extra_forbidden": "Remove this field, or check its spelling: nothing of that name is known here.",
    "json_invalid": "Send valid JSON; check it near the place that is named.",
    "string_type": "Write a text between quotes.",
    "string_too_short": "Write at least {min_length} characters.",
    "string_too_long": "Write at most {max_length} characters.",
    "string_pattern_mismatch": "Write a text of the form {pattern}.",
    "int_type": "Write a whole number without quotes.",
    "int_parsing": "Write a whole number.",
    "int_from_float": "Write a whole number, without a fraction.",
    "float_type": "Write a number without quotes.",
    "float_parsing": "Write a number, with a point before the decimals.",
    "finite_number": "Write a finite number.",
    "bool_type": "Write true or false, without quotes.",
    "bool_parsing": "Write true or false.",
    "greater_than": "Write a number above {gt}.",
    "greater_than_equal": "Write {ge} or more.",
    "less_than": "Write a number below {lt}.",
    "less_than_equal": "Write {le} or less.",
    "enum": "Write one of {expected}.",
    "literal_error": "Write one of {expected}.",
    "list_type": "Write a list: [ ... ].",
    "tuple_type": "Write a list: [ ... ].",
    "too_short": "Give at least {min_length}.",
    "too_long": "Give at most {max_length}.",
    "dict_type": "Write an object: {{ ... }}.",
    "model_type": "Write an object: {{ ... }}.",
    "model_attributes_type": "Write an object: {{ ... }}, and send it as application/json.",
    "union_tag_invalid": "Write one of {expected_tags}.",
    "union_tag_not_found": "Add the field {discriminator}, which says what kind of thing this is.",
    "none_required": "Write null, or leave the field out.",
    "uuid_type": "Write a UUID, such as 3f2b8c1e-5d0a-4d7e-9a53-0c1f6b1f2a77.",
    "uuid_parsing": "Write a UUID, such as 3f2b8c1e-5d0a-4d7e-9a53-0c1f6b1f2a77.",
    "timezone_aware": "Add the time zone: 2026-03-07T23:10:00+01:00, or Z for UTC.",
    "url_parsing": "Write a full address, such as https://example.org/feed.xml.",
    "url_scheme": "Start the address with one of {expected_schemes}.",
}

# By the start of pydantic's error type, for families of errors that are mended alike.
_FAMILIES: Sequence[tuple[str, str]] = (
    ("datetime_", "Write an instant as ISO 8601 with its zone, such as 2026-03-07T23:10:00+01:00."),
    ("date_", "Write a day as 2026-03-07."),
    ("time_delta_", "Write a duration in seconds, or as ISO 8601, such as PT10M."),
    ("time_", "Write a time of day as 09:00."),
    ("uuid_", "Write a UUID, such as 3f2b8c1e-5d0a-4d7e-9a53-0c1f6b1f2a77."),
    ("url_", "Write a full address, such as https://example.org/feed.xml."),
    ("string_", "Write a text between quotes."),
)
_GENERAL = "Write a value of the kind that the API document says for this field."


def faults_of(errors: Iterable[Mapping[str, Any]] | ValidationError) -> list[Fault]:
    """Pydantic's errors as faults: where, what is wrong, how to mend it."""
    rows: Iterable[Any] = errors.errors(include_url=False) if isinstance(errors, ValidationError) else errors
    return [Fault(_field(row), _problem(row), _fix(row)) for row in rows]


def path_of(location: Sequence[str | int]) -> str:
    """`("body", "steps", 1, "after_minutes")` as `steps[1].after_minutes`."""
    parts = list(location)
    if parts and parts[0] in _PLACES:
        parts.pop(0)
    path = ""
    for part in parts:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else part
    return path


def _field(row: Mapping[str, Any]) -> str:
    # What is not JSON has no fields; its location is a position in the text.
    return "" if row["type"] == "json_invalid" else path_of(row["loc"])


def _problem(row: Mapping[str, Any]) -> str:
    if row["type"] == "json_invalid":
        error = row.get("ctx", {}).get("error", "it cannot be read")
        return f"This is not JSON: {error} at character {row['loc'][-1]}."
    # `value_error` prefixes what our own validators say with words that help nobody.
    message = str(row["msg"]).removeprefix("Value error, ").removeprefix("Assertion failed, ")
    message = message[:1].upper() + message[1:]
    return message if message.endswith((".", "!", "?")) else f"{message}."


def _fix(row: Mapping[str, Any]) -> str:
    kind = str(row["type"])
    if template := _FIXES.get(kind):
        try:
            return template.format_map(row.get("ctx") or {})
        except KeyError:
            return _GENERAL
    return next((fix for start, fix in _FAMILIES if kind.startswith(start)), _GENERAL)
