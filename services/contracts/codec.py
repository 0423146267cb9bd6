"""Events to bytes and back.

The wire format is one JSON object: `{"id", "type", "version", "brand", "occurred_at", "data"}`. A reader ignores
fields it does not know; a version it does not know is dead-lettered, never guessed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pydantic import ValidationError

from services.contracts.errors import UndecodableError
from services.contracts.events import ALL, Event
from services.contracts.topics import Topic

_TYPES: dict[tuple[str, int], type[Event]] = {(event.type, event.version): event for event in ALL}


@dataclass(frozen=True, slots=True)
class Message:
    """What is published: bytes for a topic, ordered among those of the same key.

    Attributes:
        topic: Where.
        key: The brand; equal keys stay in order.
        value: The encoded event.
        headers: Event id, type and version, for tools that do not decode.
        compaction_key: On a compacted topic, what a newer message of the same key supersedes.
    """

    topic: Topic
    key: str
    value: bytes
    headers: dict[str, str]
    compaction_key: str


@dataclass(frozen=True, slots=True)
class Envelope:
    """A decoded message: the event, its id, and the business time at which it was said."""

    id: UUID
    occurred_at: datetime
    event: Event


def encode(event: Event, occurred_at: datetime) -> Message:
    """The message for an event that happened at `occurred_at` (business time, aware)."""
    identifier = str(event.event_id)
    head = {
        "id": identifier,
        "type": event.type,
        "version": event.version,
        "brand": event.brand,
        "occurred_at": occurred_at.isoformat(),
    }
    # The event is serialised once, by pydantic's own writer, and spliced in: it is most of the bytes.
    value = (
        json.dumps(head, separators=(",", ":"))[:-1].encode()
        + b',"data":'
        + event.model_dump_json().encode()
        + b"}"
    )
    headers = {"id": identifier, "type": event.type, "version": str(event.version)}
    return Message(event.topic, event.brand, value, headers, event.compaction_key)


def decode(value: bytes) -> Envelope:
    """The event in `value`.

    Raises:
        UndecodableError: Not JSON, not an envelope, an unknown type or version, or data of another shape.
    """
    try:
        raw = json.loads(value)
        event_type = _TYPES[raw["type"], raw["version"]]
        event = event_type.model_validate(raw["data"])
        return Envelope(UUID(raw["id"]), datetime.fromisoformat(raw["occurred_at"]), event)
    except KeyError as error:
        raise UndecodableError(f"Unknown event, or a field is missing: {error}") from error
    except (ValidationError, ValueError, TypeError) as error:
        raise UndecodableError(f"Not a readable event: {error}") from error
