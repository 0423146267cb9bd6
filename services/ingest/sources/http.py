"""Reading a document from the web without being led into a private network, drowned, or kept waiting.

The address that is checked is the address that is connected to, at every redirect: a name that answers with a
public address first and a private one second gains nothing.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx

from services.contracts.errors import RetryableError

MAX_REDIRECTS = 5
"""Browsers allow 20; a feed that moved needs one or two."""

# Where IPv6 addresses hold an IPv4 one that a translator would deliver to (RFC 6052).
_NAT64 = ipaddress.ip_network("64:ff9b::/96")

_NOT_MODIFIED = 304
_LONGEST_VALIDATOR = 1_000

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Host and port to addresses, as text."""


class FetchError(RetryableError):
    """A document could not be read this time.

    Attributes:
        status: The HTTP status, if there was one.
        retry_after: How long the server asks us to stay away.
    """

    def __init__(self, why: str, *, status: int | None = None, retry_after: timedelta | None = None) -> None:
        super().__init__(why)
        self.status = status
        self.retry_after = retry_after


class BlockedAddressError(FetchError):
    """The host is on a private, loopback, link-local or otherwise special network."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """A document, or the word that it did not change (`status` 304, empty body)."""

    status: int
    body: bytes
    url: str
    content_type: str | None
    etag: str | None
    last_modified: str | None

    @property
    def unchanged(self) -> bool:
        """Whether the server says that it is what was read before."""
        return self.status == _NOT_MODIFIED


class Reader:
    """An HTTP client for documents of strangers.

    Args:
        allow_hosts: Lower-case host names whose addresses are not checked.
        user_agent: How to introduce oneself.
        timeout_seconds: For one document in all.
        max_bytes: Largest document, after decompression.
        resolve: How names become addresses.
    """

    def __init__(
        self,
        *,
        allow_hosts: frozenset[str],
        user_agent: str,
        timeout_seconds: float,
        max_bytes: int,
        resolve: Resolve | None = None,
    ) -> None:
        self._timeout = timeout_seconds
        self._max_bytes = max_bytes
        self._allow_hosts = allow_hosts
        self._resolve = resolve or system_resolve
        self._certificates = httpx.create_ssl_context()
        self._headers = {
            "User-Agent": user_agent,
            "Accept": "application/atom+xml, application/rss+xml, application/xml;q=0.9, */*;q=0.1",
            "Accept-Encoding": "gzip",
        }

    async def fetch(self, url: str, *, etag: str | None, last_modified: str | None, now: datetime) -> Fetched:
        """The document at `url`, unless it is still what the validators name.

        Args:
            url: An http(s) address.
            etag: Of the document read last.
            last_modified: Of the document read last.
            now: What a `Retry-After` date is counted from.

        Raises:
            FetchError: Anything went wrong; says what.
        """
        validators = {"If-None-Match": etag, "If-Modified-Since": last_modified}
        headers = {name: value for name, value in validators.items() if value}
        try:
            async with (
                asyncio.timeout(self._timeout),
                self._client() as client,
                client.stream("GET", url, headers=headers) as response,
            ):
                return await self._read(response, now)
        except TimeoutError as error:
            raise FetchError(f"No complete answer within {self._timeout:g} s.") from error
        except httpx.TooManyRedirects as error:
            raise FetchError(f"More than {MAX_REDIRECTS} redirects.") from error
        except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError, UnicodeError) as error:
            raise FetchError(f"{type(error).__name__}: {error}".rstrip(": ")) from error

    def _client(self) -> httpx.AsyncClient:
        # `trust_env=False`: a proxy or a .netrc of the machine is not for strangers' addresses. A client of its own
        # for each document keeps no cookies.
        return httpx.AsyncClient(
            transport=_GuardedTransport(self._allow_hosts, self._resolve, self._certificates),
            headers=self._headers,
            follow_redirects=True,
            max_redirects=MAX_REDIRECTS,
            timeout=httpx.Timeout(self._timeout, connect=min(10.0, self._timeout)),
            trust_env=False,
        )

    async def _read(self, response: httpx.Response, now: datetime) -> Fetched:
        status, headers = response.status_code, response.headers
        if status not in (httpx.codes.OK, _NOT_MODIFIED):
            waiting = retry_after(headers.get("retry-after"), now)
            raise FetchError(f"The server answered {status}.", status=status, retry_after=waiting)
        if "," in headers.get("content-encoding", ""):
            raise FetchError("Compressed several times over.", status=status)
        body = bytearray()
        async for chunk in response.aiter_bytes(65_536):
            body += chunk
            if len(body) > self._max_bytes:
                raise FetchError(f"Larger than {self._max_bytes} bytes.", status=status)
        return Fetched(
            status=status,
            body=bytes(body),
            url=str(response.url),
            content_type=headers.get("content-type"),
            etag=_validator(headers.get("etag")),
            last_modified=_validator(headers.get("last-modified")),
        )


class _GuardedTransport(httpx.AsyncBaseTransport):
    """Looks the host up, refuses special addresses, and connects to the very address it checked."""

    def __init__(self, allow_hosts: frozenset[str], resolve: Resolve, certificates: ssl.SSLContext) -> None:
        self._allow_hosts = allow_hosts
        self._resolve = resolve
        # No connection is kept: an idle one to an address may have been made under another name's certificate.
        limits = httpx.Limits(max_keepalive_connections=0)
        self._inner = httpx.AsyncHTTPTransport(verify=certificates, limits=limits, trust_env=False)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        host = request.url.raw_host.decode("ascii").lower()
        port = request.url.port or (443 if request.url.scheme == "https" else 80)
        failure: httpx.TransportError | None = None
        for address in await self._addresses(host, port):
            try:
                return await self._inner.handle_async_request(_pinned(request, host, address))
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                failure = error
        raise failure or httpx.ConnectError(f"'{host}' has no address.")

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def _addresses(self, host: str, port: int) -> Sequence[str]:
        try:
            addresses = await self._resolve(host, port)
        except OSError as error:
            raise FetchError(f"The name '{host}' cannot be looked up: {error}.") from error
        if host not in self._allow_hosts:
            for address in addresses:
                if not is_public(address):
                    raise BlockedAddressError(
                        f"'{host}' is on a private or special network ({address}); "
                        "VEILLEUR_INGEST_ALLOW_HOSTS can allow it."
                    )
        return addresses


def is_public(address: str) -> bool:
    """Whether `address` is one that anybody on the Internet could reach, seen through IPv4-in-IPv6 forms."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour or (found.teredo[1] if found.teredo else None)
        if found in _NAT64:
            inner = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
    return found.is_global and not found.is_multicast


async def system_resolve(host: str, port: int) -> Sequence[str]:
    """What the machine's resolver says, each address once, in its order of preference."""
    loop = asyncio.get_running_loop()
    rows = await loop.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(row[4][0]) for row in rows))


def retry_after(value: str | None, now: datetime) -> timedelta | None:
    """How long a `Retry-After` header (seconds or an HTTP date) asks to wait; None if it says nothing readable."""
    if value is None:
        return None
    value = value.strip()
    if value.isascii() and value.isdigit():
        return timedelta(seconds=min(int(value[:9]), 10**8))
    try:
        until = parsedate_to_datetime(value)
    except ValueError:
        return None
    until = until.replace(tzinfo=UTC) if until.tzinfo is None else until
    return max(until - now, timedelta())


def _validator(value: str | None) -> str | None:
    """A validator that can be sent back: one that is odd or huge is done without, at the price of a full read."""
    return (
        value
        if value and len(value) <= _LONGEST_VALIDATOR and value.isascii() and value.isprintable()
        else None
    )


def _pinned(request: httpx.Request, host: str, address: str) -> httpx.Request:
    """`request` to `address`; the Host header and the TLS name stay those of `host`."""
    return httpx.Request(
        request.method,
        request.url.copy_with(host=address),
        headers=request.headers,
        stream=request.stream,
        extensions={**request.extensions, "sni_hostname": host.strip("[]")},
    )
