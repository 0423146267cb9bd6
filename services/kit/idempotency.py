"""`Idempotency-Key`: a repeated POST gives the answer of the first one, and creates nothing twice."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Header, Request, Response
from sqlalchemy import text

from services.contracts.errors import Fault
from services.kit.auth import Principal
from services.kit.database import Transaction
from services.kit.problems import ProblemError

LIFETIME_HOURS = 24
"""How long an answer is remembered, in machine time: a client that retries later than that is not retrying."""

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        pattern=r"^[\x21-\x7e]+$",
        description=f"Any unique text. The same POST sent again within {LIFETIME_HOURS} h gets the first one's answer.",
    ),
]
"""Annotate a parameter with it, so that the header is checked and documented; pass its value to `once`."""

# Of an answer, what a repeat must say again. Everything else (length, request id, security) is made afresh.
_KEPT_HEADERS = frozenset({"content-type", "location", "etag"})
_SWEEP = 200


async def once(
    tx: Transaction,
    request: Request,
    principal: Principal,
    key: str | None,
    create: Callable[[], Awaitable[Response]],
) -> Response:
    """The answer of `create`, or the one it gave before to the same key, by the same principal, on the same route.

    The answer is remembered in the transaction of the creation, so there is never one without the other. Duplicates
    that arrive together wait for the first one. An error is not remembered: nothing was created, so trying again is
    right.

    Args:
        tx: The transaction in which `create` writes.
        request: Whose body the key belongs to.
        principal: Keys of different principals do not meet.
        key: The `Idempotency-Key`, or None to just create.
        create: Writes, and returns the complete answer.

    Raises:
        ProblemError: 422, the key was used with another body.
    """
    if key is None:
        return await create()
    place = {
        "owner": str(principal.token_id or principal.name),
        "route": f"{request.method} {request.url.path}",
        "key": key,
    }
    await tx.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:place, 7))"),
        {"place": "\n".join(place.values())},
    )
    digest = hashlib.sha256(await request.body()).digest()
    if (remembered := await _recall(tx, place, digest)) is not None:
        return remembered
    response = await create()
    await _remember(tx, place, digest, response)
    return response


async def _recall(tx: Transaction, place: dict[str, str], digest: bytes) -> Response | None:
    result = await tx.execute(
        text(
            """
            SELECT request_hash, status, CAST(headers AS text) AS headers, body FROM kit.idempotency
            WHERE owner = :owner AND route = :route AND key = :key
              AND created_at > clock_timestamp() - make_interval(hours => :lifetime)
            """
        ),
        {**place, "lifetime": LIFETIME_HOURS},
    )
    row = result.one_or_none()
    if row is None:
        return None
    if row.request_hash != digest:
        raise ProblemError(
            422,
            "This Idempotency-Key was used with another body.",
            faults=[
                Fault("Idempotency-Key", "It belongs to another request.", "Use a new key for a new request.")
            ],
        )
    headers = {**json.loads(row.headers), "Idempotency-Replayed": "true"}
    return Response(row.body, status_code=row.status, headers=headers)


async def _remember(tx: Transaction, place: dict[str, str], digest: bytes, response: Response) -> None:
    headers = {name: value for name, value in response.headers.items() if name.lower() in _KEPT_HEADERS}
    await tx.execute(
        text(
            """
            INSERT INTO kit.idempotency (owner, route, key, request_hash, status, headers, body)
            VALUES (:owner, :route, :key, :hash, :status, CAST(:headers AS jsonb), :body)
            ON CONFLICT (owner, route, key) DO UPDATE SET request_hash = excluded.request_hash,
                status = excluded.status, headers = excluded.headers, body = excluded.body,
                created_at = clock_timestamp()
            """
        ),
        {
            **place,
            "hash": digest,
            "status": response.status_code,
            "headers": json.dumps(headers),
            "body": bytes(response.body),
        },
    )
    await _sweep(tx)


async def _sweep(tx: Transaction) -> None:
    """Forget some of what expired: a little at each creation keeps the table small without a job of its own."""
    # The statement's time, which is one instant: by a clock that goes on, every key would be looked at each time.
    await tx.execute(
        text(
            """
            DELETE FROM kit.idempotency WHERE (owner, route, key) IN (
                SELECT owner, route, key FROM kit.idempotency
                WHERE created_at < statement_timestamp() - make_interval(hours => :lifetime)
                ORDER BY created_at LIMIT :sweep FOR UPDATE SKIP LOCKED)
            """
        ),
        {"lifetime": LIFETIME_HOURS, "sweep": _SWEEP},
    )
