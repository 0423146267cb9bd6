"""Ops at work: the REST API of a process, from inside it, as an admin."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx

from services.compose import Process
from services.contracts.errors import PermanentError
from services.kit.http import API
from services.kit.tokens import issue_token


class RefusedByApiError(PermanentError):
    """The API said no to something that a simulation takes for granted."""


class Ops:
    """Documents are written and alerts answered the way people do it, over the API.

    Attributes:
        token: The bearer token that is used.
    """

    def __init__(self, client: httpx.AsyncClient, token: str) -> None:
        self._client = client
        self.token = token

    async def define(self, path: str, identifier: str, document: Mapping[str, Any]) -> None:
        """Create a document, unless an earlier run of the same simulation did."""
        answer = await self._client.put(
            f"{API}{path}/{identifier}", json=document, headers={"If-None-Match": "*"}
        )
        if answer.status_code != httpx.codes.PRECONDITION_FAILED:
            _checked(answer)

    async def push(self, mentions: Sequence[Mapping[str, Any]]) -> None:
        """`POST /mentions`, as NDJSON."""
        lines = "\n".join(json.dumps(mention, ensure_ascii=False) for mention in mentions)
        headers = {"Content-Type": "application/x-ndjson"}
        _checked(await self._client.post(f"{API}/mentions", content=lines.encode(), headers=headers))

    async def get(self, path: str, **query: str | int) -> Any:  # noqa: ANN401 - JSON
        """What the API answers to a GET."""
        return _checked(await self._client.get(f"{API}{path}", params=query)).json()

    async def all(self, path: str, **query: str | int) -> list[dict[str, Any]]:
        """Every item of a paged list."""
        page = await self.get(path, **query)
        items: list[dict[str, Any]] = list(page["items"])
        while page.get("next"):
            page = await self.get(path, **{**query, "after": page["next"]})
            items += page["items"]
        return items

    async def post(self, path: str, document: Mapping[str, Any] | None = None) -> Any:  # noqa: ANN401 - JSON
        """What the API answers to a POST."""
        return _checked(await self._client.post(f"{API}{path}", json=document)).json()


@asynccontextmanager
async def open_ops(process: Process, *, name: str = "ops", role: str = "admin") -> AsyncIterator[Ops]:
    """The client of somebody called `name`, with a token of its own; by default an admin's."""
    kit = process.kit
    async with kit.database.transaction() as tx:
        token = await issue_token(tx, name=name, role=role, at=kit.clock.now())
    transport = httpx.ASGITransport(app=process.app)
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(
        transport=transport, base_url=kit.settings.public_url, headers=headers
    ) as client:
        yield Ops(client, token)


def _checked(answer: httpx.Response) -> httpx.Response:
    if answer.is_error:
        request = answer.request
        raise RefusedByApiError(
            f"{request.method} {request.url.path} was answered {answer.status_code}: {answer.text}"
        )
    return answer
