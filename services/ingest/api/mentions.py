"""`POST /mentions`: whatever found a mention pushes it here."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated, Any, NoReturn

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from services.contracts.errors import Fault, InvalidError
from services.ingest.domain.plain import shortened
from services.ingest.domain.submission import SubmittedMention
from services.ingest.handlers.load_matcher import Watchlist
from services.ingest.handlers.submit_mentions import MAX_ITEMS, submit_mentions
from services.kit.auth import Principal, requires
from services.kit.context import Kit
from services.kit.hygiene import raw_body
from services.kit.problems import PROBLEMS, ProblemError, documented

JSON = "application/json"
NDJSON = "application/x-ndjson"

_DESCRIPTION = f"""
Send one mention (an object), a list of them, or one object a line (`{NDJSON}`): at most {MAX_ITEMS} in a request.

The answer comes when every accepted mention is durable on the bus. A mention that cannot be read is rejected alone and
listed in `rejected`; only when none could be read is the answer 422. Mentions that match no watch are counted and not
kept. One that concerns two brands is a mention of each.

Sending a mention again changes nothing, so a request whose answer was lost is simply repeated: a mention is known by
`source` and `external_id`, or by its content where it has no id. To report an edit, send the same `external_id` with a
higher `revision`, or with `edited_at`.
"""


class RejectedFault(BaseModel):
    """One thing wrong with a mention."""

    field: str = Field(description="Where in the mention; empty for the whole.")
    problem: str
    fix: str


class RejectedMention(BaseModel):
    """A mention that could not be read."""

    index: int = Field(ge=0, description="Its place in the request, from 0; blank lines do not count.")
    errors: list[RejectedFault]


class MentionReceipt(BaseModel):
    """What became of the mentions of one request."""

    accepted: int = Field(ge=1, description="Read and compared with every watch: `matched` plus `unmatched`.")
    matched: int = Field(ge=0, description="Concern at least one brand, and are durable on the bus.")
    unmatched: int = Field(ge=0, description="Match no watch; nothing is kept of them.")
    truncated: int = Field(ge=0, description="Accepted, but too long: the end of their text was cut.")
    rejected: list[RejectedMention]


def mention_routes(kit: Kit, watchlist: Watchlist) -> APIRouter:
    """The router of `/mentions`."""
    router = APIRouter(tags=["Mentions"])

    @router.post(
        "/mentions",
        status_code=202,
        summary="Push mentions",
        description=_DESCRIPTION,
        responses={
            **{status: PROBLEMS[status] for status in (400, 401, 403, 413, 422, 503)},
            415: documented(f"The body is neither {JSON} nor {NDJSON}."),
        },
        openapi_extra={"requestBody": {"required": True, "content": _body_schema()}},
        dependencies=[raw_body("one unfit mention must not refuse the others")],
    )
    async def push_mentions(
        request: Request, principal: Annotated[Principal, requires("mentions:write")]
    ) -> MentionReceipt:
        del principal  # may push: that is all there is to know
        items = decode_body(await request.body(), request.headers.get("content-type", JSON))
        receipt = await submit_mentions(kit, watchlist, items)
        return MentionReceipt(
            accepted=receipt.matched + receipt.unmatched,
            matched=receipt.matched,
            unmatched=receipt.unmatched,
            truncated=receipt.truncated,
            rejected=[
                RejectedMention(
                    index=rejection.index,
                    errors=[
                        RejectedFault(field=_encodable(f.field), problem=_encodable(f.problem), fix=f.fix)
                        for f in rejection.faults
                    ],
                )
                for rejection in receipt.rejected
            ],
        )

    return router


def _encodable(text: str) -> str:
    """`text` without halves of surrogate pairs: names of fields come back as they were sent."""
    return text.encode("utf-8", "replace").decode()


def decode_body(body: bytes, content_type: str) -> Sequence[object]:
    """The JSON values in a request's body; a line of NDJSON that is no JSON becomes a `Fault` in its place.

    Raises:
        ProblemError: 415, another content type.
        InvalidError: The whole body is no JSON.
    """
    kind = content_type.partition(";")[0].strip().lower()
    body = body.removeprefix(b"\xef\xbb\xbf")
    if kind == NDJSON:
        return [_line(number, line) for number, line in enumerate(body.split(b"\n"), 1) if line.strip()]
    if kind != JSON:
        shown = shortened(kind.encode("ascii", "replace").decode(), 100)
        raise ProblemError(415, f"Send the mentions as {JSON} or {NDJSON}, not as '{shown}'.")
    try:
        value = _decoded(body)
    except (ValueError, RecursionError) as error:
        raise InvalidError(Fault("", f"This is not JSON: {_reason(error)}.", "Send valid JSON.")) from error
    return value if isinstance(value, list) else [value]


def _line(number: int, line: bytes) -> object:
    try:
        return _decoded(line)
    except (ValueError, RecursionError) as error:
        return Fault("", f"Line {number} is not JSON: {_reason(error)}.", "Send one JSON object a line.")


def _decoded(raw: bytes) -> object:
    return json.loads(raw.decode("utf-8"), parse_constant=_refuse_constant)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def _reason(error: ValueError | RecursionError) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deep"
    if isinstance(error, UnicodeDecodeError):
        return f"it is not UTF-8 at byte {error.start}"
    return str(error).rstrip(".")


def _body_schema() -> dict[str, Any]:
    one = _inlined(SubmittedMention.model_json_schema())
    example = {
        "external_id": "post-4711",
        "text": "Encore une fuite à l'usine Lacombe, et toujours aucune réponse.",
        "published_at": "2026-03-07T23:10:00+01:00",
        "author": {"handle": "riverain12", "followers": 1800},
        "source": "forum",
    }
    many = {"type": "array", "items": one, "minItems": 1, "maxItems": MAX_ITEMS}
    line = {"type": "string", "description": "One JSON object a line, each as in application/json."}
    return {
        JSON: {"schema": {"anyOf": [one, many]}, "example": example},
        NDJSON: {"schema": line, "example": json.dumps(example, ensure_ascii=False) + "\n"},
    }


def _inlined(schema: dict[str, Any]) -> dict[str, Any]:
    """`schema` with its local definitions in place: inside an OpenAPI document, `#/$defs` would point elsewhere."""
    definitions = schema.pop("$defs", {})

    def resolve(node: object) -> object:
        if isinstance(node, dict):
            if "$ref" in node:
                return resolve(definitions[node["$ref"].rsplit("/", 1)[1]])
            return {key: resolve(value) for key, value in node.items()}
        return [resolve(value) for value in node] if isinstance(node, list) else node

    return {key: resolve(value) for key, value in schema.items()}
