"""What happens to every request before and after its route: identity, limits, headers, figures, a line in the log."""

from __future__ import annotations

import logging
import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from fastapi import Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.kit.hygiene import faults_in_body, faults_in_head
from services.kit.logs import log_context
from services.kit.metrics import Metrics
from services.kit.problems import problem_response

REQUEST_ID_HEADER = "X-Request-ID"
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

_access = logging.getLogger("veilleur.access")
_log = logging.getLogger("veilleur.http")


def csp_nonce(request: Request) -> str:
    """The nonce that a page of ours puts on its own `<style>` and `<script>`; every answer has another."""
    return str(request.state.csp_nonce)


class TooLargeError(Exception):
    """The body is larger than the server reads."""


class GoneError(Exception):
    """The client left before its request was complete."""


@dataclass
class _Exchange:
    """One request and its answer."""

    method: str
    request_id: str
    nonce: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    status: int | None = None


class Edge:
    """ASGI middleware around the whole application.

    Args:
        app: What it wraps.
        metrics: Where answers are counted.
        max_body_bytes: Larger bodies get 413.
        raw_bodies: Paths of routes that judge their bodies themselves (`raw_body`).
        template: The route template of a scope that was routed, for figures and logs.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        metrics: Metrics,
        max_body_bytes: int,
        raw_bodies: frozenset[str],
        template: Callable[[Scope], str],
    ) -> None:
        self._app = app
        self._metrics = metrics
        self._max_body_bytes = max_body_bytes
        self._raw_bodies = raw_bodies
        self._template = template

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request; anything that is not HTTP passes through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        said = Headers(scope=scope).get(REQUEST_ID_HEADER, "")
        exchange = _Exchange(scope["method"], said if _REQUEST_ID.fullmatch(said) else uuid4().hex)
        scope.setdefault("state", {}).update(request_id=exchange.request_id, csp_nonce=exchange.nonce)
        started = time.perf_counter()
        with log_context(request_id=exchange.request_id):
            try:
                await self._handle(exchange, scope, receive, _dressed(exchange, send))
            except GoneError:
                return
            finally:
                self._count(exchange, scope, time.perf_counter() - started)

    async def _handle(self, exchange: _Exchange, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            body = await self._body(scope, receive)
            headers = Headers(scope=scope)
            faults = faults_in_head(scope["path"], scope["query_string"], scope["headers"])
            if scope["path"] not in self._raw_bodies:
                faults += faults_in_body(headers.get("content-type", ""), body)
            if faults:
                answer = problem_response(
                    422, "What was sent is not acceptable.", request_id=exchange.request_id, faults=faults
                )
                await answer(scope, receive, send)
                return
            await self._app(scope, _replayed(body, receive), send)
        except TooLargeError:
            detail = f"The body is larger than {self._max_body_bytes} bytes; send it in several requests."
            await problem_response(413, detail, request_id=exchange.request_id)(scope, receive, send)
        except GoneError:
            raise
        except Exception:
            # The one place that meets every bug: the log gets all of it, the client only where to look.
            _log.exception("A request failed")
            if exchange.status is not None:
                raise  # Half an answer is out: cut the connection rather than end it as if it were whole.
            detail = "Something went wrong here; it was logged under the request id."
            await problem_response(500, detail, request_id=exchange.request_id)(scope, receive, send)

    async def _body(self, scope: Scope, receive: Receive) -> bytes:
        declared = Headers(scope=scope).get("content-length", "")
        if declared.isdecimal() and int(declared) > self._max_body_bytes:
            raise TooLargeError
        chunks, size = [], 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise GoneError
            chunks.append(message.get("body", b""))
            size += len(chunks[-1])
            if size > self._max_body_bytes:
                raise TooLargeError
            if not message.get("more_body", False):
                return b"".join(chunks)

    def _count(self, exchange: _Exchange, scope: Scope, seconds: float) -> None:
        route = self._template(scope)
        status = exchange.status or 499  # what proxies log for a client that left before the answer
        # A method is the client's free text: an unknown one must not become a new series.
        method = exchange.method if exchange.method in _METHODS else "other"
        self._metrics.answered(method=method, route=route, status=status, seconds=seconds)
        figures: dict[str, Any] = {
            "method": method,
            "route": route,
            "status": status,
            "ms": round(seconds * 1000, 1),
        }
        _access.info("%s %s %s", method, route, status, extra=figures)


def _dressed(exchange: _Exchange, send: Send) -> Send:
    """`send` that notes the status and adds the headers that every answer has."""
    policy = (
        f"default-src 'none'; style-src 'nonce-{exchange.nonce}'; script-src 'nonce-{exchange.nonce}'; "
        "img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )

    async def dressed(message: Message) -> None:
        if message["type"] == "http.response.start":
            exchange.status = message["status"]
            headers = MutableHeaders(scope=message)
            headers[REQUEST_ID_HEADER] = exchange.request_id
            headers.setdefault("Content-Security-Policy", policy)
            headers["X-Content-Type-Options"] = "nosniff"
            headers["X-Frame-Options"] = "DENY"
            headers["Referrer-Policy"] = "no-referrer"
            # Alerts and people's addresses: not for a shared cache. Revalidation by ETag still works.
            headers.setdefault("Cache-Control", "private, no-cache")
        await send(message)

    return dressed


def _replayed(body: bytes, receive: Receive) -> Receive:
    """`receive` that gives the body that was already read, then what comes after it."""
    given = False

    async def replayed() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replayed
