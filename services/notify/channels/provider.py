"""Apprise, asked politely: one service, one message, and the reason when it says no."""

from __future__ import annotations

import asyncio
import logging
import re
import threading
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import apprise
from apprise import plugins
from apprise.manager_plugins import NotificationManager

from services.contracts.errors import Fault, InvalidError
from services.notify.channels.protocol import ProviderAwayError, Receipt, RefusedError
from services.notify.domain.message import Message

_ASSET = apprise.AppriseAsset(
    app_id="Veilleur",
    app_desc="Veilleur",
    async_mode=False,
    # Nothing is fetched from anybody's host for decoration, and nothing is kept on disk between sends.
    image_url_mask="",
    image_url_logo="",
    storage_mode=apprise.PersistentStoreMode.MEMORY,
)
_LATER = frozenset({408, 425, 429})  # HTTP: time-out, too early, too many requests
_CODE = re.compile(
    r"(?<![\d.:])([45]\d\d)(?![\d:]|\.\d)"
)  # not a port, not a part of an address or of "5.7.8"
_SECRETS = re.compile(r"[^\s\"'<>({]+@[^\s\"'<>)}]+|\b\w+://\S+|\+?\d{7,}")
_LONGEST = 300
HTML = "html"
TEXT = "text"


class _Overheard(logging.Handler):
    """Apprise answers True or False and logs the reason: this hears what the current thread's send logs.

    Its lines carry addresses and hosts, so they stop here and reach the process's log only redacted.
    """

    def __init__(self) -> None:
        super().__init__(level=logging.DEBUG)
        self.local = threading.local()

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the line for the send that this thread does."""
        lines = getattr(self.local, "lines", None)
        if lines is not None:
            lines.append(record.getMessage())


_OVERHEARD = _Overheard()


@lru_cache(maxsize=1)
def prepare() -> None:
    """Load Apprise's services, which takes a second or two, and take over its log. Once a process."""
    logger = logging.getLogger("apprise")
    logger.addHandler(_OVERHEARD)
    logger.propagate = False
    logger.setLevel(logging.DEBUG)
    with warnings.catch_warnings():
        # Some of its hundred modules use what Python will drop; that is for its authors to mend.
        warnings.simplefilter("ignore", DeprecationWarning)
        NotificationManager().load_modules()  # type: ignore[no-untyped-call]


@dataclass(frozen=True)
class Provider:
    """One Apprise URL to send through.

    Attributes:
        url: A secret.
        timeout: Machine seconds for each read and write of its connection.
        headers: Extra headers, where the service has any (e-mail).
    """

    url: str = field(repr=False)
    timeout: float = 15
    headers: Mapping[str, str] = field(default_factory=dict)

    async def send(self, body: str, message: Message, *, form: str, to: str | None = None) -> Receipt:
        """Send `body` to recipient `to`, or to those the URL names.

        Raises:
            ProviderAwayError: It may work later.
            RefusedError: The URL or the recipient is wrong, or the provider said so.
        """
        lines: list[str] = []
        title = message.subject if form == HTML else ""

        def notify() -> bool:
            service = self._service(to)
            _OVERHEARD.local.lines = lines
            return bool(service.notify(body=body, title=title, body_format=form))

        if await _in_own_thread(notify):
            return Receipt()
        smtp = self.url.lower().startswith("mailto")
        raise failure(lines, secrets=(self.url, to or ""), smtp=smtp)

    def _service(self, to: str | None) -> Any:  # noqa: ANN401 - Apprise's plug-ins share no typed surface
        prepare()
        parts: dict[str, Any] | None = plugins.url_to_dict(self.url)  # type: ignore[no-untyped-call]
        if parts is None:
            raise RefusedError("url_invalid", "This is not an Apprise URL.")
        if to is not None:
            parts["targets"] = [to]
        if self.headers and "headers" in parts:
            parts["headers"] = {**parts["headers"], **self.headers}
        service = apprise.Apprise.instantiate(parts, asset=_ASSET)
        if service is None:
            raise RefusedError("url_invalid", "The service does not accept this URL or this recipient.")
        service.socket_connect_timeout = self.timeout
        service.socket_read_timeout = self.timeout
        return service


def failure(lines: list[str], *, secrets: tuple[str, ...], smtp: bool) -> ProviderAwayError | RefusedError:
    """What Apprise's log lines say about a send that failed, without addresses and keys.

    SMTP (RFC 5321) and HTTP share the habit that 4xx and 5xx mean failure, but disagree on which is passing: SMTP's
    4yz is passing and its 5yz final, HTTP's 5xx is passing and its 4xx final, but for a few.
    """
    said = "; ".join(lines)
    codes = [int(code) for code in _CODE.findall(said)]
    detail = redact(said, secrets)
    if not codes:
        return ProviderAwayError(
            "unreachable", detail or "The provider did not take the message and gave no reason."
        )
    code = codes[-1]
    passing = code < 500 if smtp else code >= 500 or code in _LATER  # noqa: PLR2004 - see the docstring
    return (ProviderAwayError if passing else RefusedError)(str(code), detail)


def redact(said: str, secrets: tuple[str, ...]) -> str:
    """`said` without addresses, URLs, long numbers, and any part of `secrets`; shortened."""
    for secret in secrets:
        for part in re.split(r"[/:@?&=]+", secret):
            if len(part) >= 4:  # noqa: PLR2004 - shorter parts are words like "smtp", not keys
                said = said.replace(part, "***")
    return _SECRETS.sub("***", said)[:_LONGEST]


def check_url(url: str, where: str) -> None:
    """See that Apprise knows the service and accepts the URL; nothing is sent.

    Raises:
        InvalidError: It does not; says so without repeating the URL.
    """
    prepare()
    if url.lower().startswith("sandbox://"):
        return
    if apprise.Apprise.instantiate(url, asset=_ASSET) is None:
        scheme = url.partition("://")[0].lower()
        known = scheme in NotificationManager()  # type: ignore[no-untyped-call]
        problem = (
            f"Apprise does not accept this {scheme}:// URL."
            if known
            else f"Apprise knows no service '{scheme}'."
        )
        fix = (
            "Check the keys and targets that this service asks for, in the order its documentation gives."
            if known
            else "Start it with a service that Apprise knows, such as slack://, discord:// or tgram://."
        )
        raise InvalidError(Fault(where, problem, fix))


async def _in_own_thread(work: Callable[[], bool]) -> bool:
    """Run `work` in a thread made for it.

    Not in a pool: a hung provider would fill it and hold everybody else's sends. A daemon, because a send that
    was given up must not hold the end of the process either.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[bool] = loop.create_future()

    def settle(result: bool | None, error: BaseException | None) -> None:
        if done.done():
            return
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(bool(result))

    def run() -> None:
        result: bool | None = None
        error: BaseException | None = None
        try:
            result = work()
        except BaseException as raised:  # noqa: BLE001 - handed to the awaiting side, whatever it is
            error = raised
        try:
            loop.call_soon_threadsafe(settle, result, error)
        except RuntimeError:
            return  # the loop is closed: the process has given this send up, and its lease tells

    threading.Thread(target=run, name="veilleur-send", daemon=True).start()
    return await done
