"""A mail server on this machine that really takes what is sent, and delivers it to nobody else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

from services.contracts.errors import PermanentError
from services.kit.clock import Clock

_ARRIVED = "X-Veilleur-Demo-Arrived"


class NoMailServerError(PermanentError):
    """The library that speaks SMTP is not installed."""


@dataclass(frozen=True, slots=True)
class Mail:
    """A message as it arrived; `at` is business time."""

    at: datetime
    recipient: str
    subject: str
    text: str


class Mailbox:
    """Every mailbox of the demo's people: a folder of files that any mail program opens, in the order of arrival.

    Args:
        folder: Where the files are; those of an earlier run are found again.
        clock: Business time, which arrivals are dated by.

    Attributes:
        folder: The same.
        mails: Everything that arrived.
        url: The Apprise URL to send by.
    """

    def __init__(self, folder: Path, clock: Clock) -> None:
        self.folder = folder
        self.url = ""
        self._clock = clock
        self.mails = [_read(path) for path in sorted(folder.glob("*.eml"))]

    def of(self, recipient: str) -> list[Mail]:
        """What one of them got."""
        return [mail for mail in self.mails if mail.recipient == recipient]

    async def handle_DATA(self, server: object, session: object, envelope: Any) -> str:  # noqa: ANN401, N802 - aiosmtpd calls it
        """Keep a message; the answer is SMTP's."""
        del server, session
        # Not before there is something to keep: the embedded server wants a data directory for itself to begin with.
        self.folder.mkdir(exist_ok=True)
        for recipient in envelope.rcpt_tos:
            head = f"Delivered-To: {recipient}\r\n{_ARRIVED}: {self._clock.now().isoformat()}\r\n"
            name = f"{len(self.mails) + 1:03}-{recipient.partition('@')[0]}.eml"
            # Under its own name only when it is whole: whoever is killed here has not said 250 yet.
            draft = self.folder / f".{name}"
            draft.write_bytes(head.encode() + envelope.content)
            draft.replace(self.folder / name)
            self.mails.append(_read(self.folder / name))
        return "250 OK"


@asynccontextmanager
async def open_mailbox(folder: Path, clock: Clock) -> AsyncIterator[Mailbox]:
    """Listen on a free port of this machine.

    Raises:
        NoMailServerError: `aiosmtpd` is missing.
    """
    try:
        from aiosmtpd.smtp import SMTP  # noqa: PLC0415 - an extra: only the demo needs it
    except ImportError as error:
        raise NoMailServerError("The demo needs its own extra: pip install 'veilleur[embedded]'.") from error
    mailbox = Mailbox(folder, clock)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(mailbox, hostname="localhost", loop=loop), host="127.0.0.1", port=0
    )
    port = server.sockets[0].getsockname()[1]
    mailbox.url = (
        f"mailto://127.0.0.1:{port}?from=veilleur@maison-lacombe.example&name=Veilleur&mode=insecure"
    )
    try:
        yield mailbox
    finally:
        server.close()


def _read(path: Path) -> Mail:
    message = message_from_bytes(path.read_bytes(), policy=policy.default)
    body = message.get_body(preferencelist=("plain", "html"))
    return Mail(
        datetime.fromisoformat(message[_ARRIVED]),
        message["Delivered-To"],
        message["Subject"],
        str(body.get_content()) if body is not None else "",
    )
