"""The people of the demo: what each of them does about what really reaches them."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import httpx

from services.cli.demo.mailbox import Mail, Mailbox
from services.cli.demo.story import BRUNO, RESOLVED, TEAM
from services.cli.simulated.chronicle import Case, Chronicle
from services.cli.simulated.ops import Ops
from services.contracts.errors import PermanentError
from services.kit.runtime import Ticker

BRUNO_WAKES = timedelta(minutes=4)
TEAM_READS = timedelta(minutes=6)
TEAM_CONCLUDES = timedelta(minutes=40)

_LINK = re.compile(r"https?://[^\s\"'<>]+/p/[\w-]+")


class NoLinkError(PermanentError):
    """A page arrived that nobody could answer."""


@dataclass(frozen=True, slots=True)
class Errand:
    """Something a person will do; `key` keeps it from being done twice in this process."""

    key: str
    due: datetime
    do: Callable[[], Awaitable[None]]


class Cast:
    """Alice sleeps. Bruno answers each page that reaches him, from its link. By day the team takes its alerts itself.

    What is to be done follows from what has arrived and from the alerts as they stand, so that people who are
    restarted in the middle of the night remember what they were about to do.

    Args:
        chronicle: The alerts, kept up to date by somebody else.
        mailbox: The mail that arrived.
        ops: For reading the sandbox's SMS.
        bruno: The API with Bruno's token.
        team: The API with the team's token.
        browser: A client without any token, for links.
    """

    def __init__(
        self,
        *,
        chronicle: Chronicle,
        mailbox: Mailbox,
        ops: Ops,
        bruno: Ops,
        team: Ops,
        browser: httpx.AsyncClient,
    ) -> None:
        self._chronicle = chronicle
        self._mailbox = mailbox
        self._ops = ops
        self._bruno = bruno
        self._team = team
        self._browser = browser
        self._done: set[str] = set()

    def ticker(self) -> Ticker:
        """How a simulation calls them."""
        return Ticker("people", timedelta(seconds=1), self.tick, self.next_due)

    async def tick(self, now: datetime) -> bool:
        """Do what is due; True if anything was."""
        due = [errand for errand in self._errands() if errand.due <= now]
        for errand in due:
            self._done.add(errand.key)
            await errand.do()
        return bool(due)

    async def next_due(self, after: datetime) -> datetime | None:
        """When one of them will do something next."""
        return min((errand.due for errand in self._errands() if errand.due > after), default=None)

    def _errands(self) -> list[Errand]:
        planned = [
            Errand(f"answer {number}", mail.at + BRUNO_WAKES, partial(self._answer, number, mail))
            for number, mail in enumerate(self._mailbox.of(BRUNO.mailbox))
        ]
        for case in self._chronicle.cases():
            planned += self._errands_of(case)
        return [errand for errand in planned if errand.key not in self._done]

    def _errands_of(self, case: Case) -> list[Errand]:
        if case.open and case.off_hours is False and not case.sent and case.raised_at:
            due = case.raised_at + TEAM_READS
            return [Errand(f"take {case.id}", due, partial(self._take, case))]
        if case.state != "acknowledged" or case.answered_at is None:
            return []
        if case.answered_by == TEAM:
            due = case.answered_at + TEAM_CONCLUDES
            note = "Réservations de la banque, pas des débits : annulées le soir même."
            return [
                Errand(f"end {case.id}", due, partial(self._resolve, self._team, case, "false_alarm", note))
            ]
        due = max(RESOLVED, case.answered_at)
        note = "Lame de découpe brisée, rappel des lots L0721 à L0725."
        return [Errand(f"end {case.id}", due, partial(self._resolve, self._bruno, case, "real", note))]

    async def _answer(self, number: int, mail: Mail) -> None:
        """Open the link of a page, look, and press the button; that of its SMS every other time."""
        link = _link_in(mail.text, mail)
        if number % 2:
            link = _link_in(await self._sms(link), mail)
        shown = await self._browser.get(link)
        shown.raise_for_status()
        if 'value="taken"' in shown.text:
            (await self._browser.post(link, data={"answer": "taken"})).raise_for_status()

    async def _sms(self, link: str) -> str:
        """The SMS of the page whose e-mail has this link; "" if there is none."""
        sent = [m["body"] for m in await self._ops.all("/sandbox/messages") if m["recipient"] == BRUNO.phone]
        return next((str(body) for body in sent if link in body), "")

    async def _take(self, case: Case) -> None:
        await self._team.post(f"/alerts/{case.id}/acknowledge")

    async def _resolve(self, who: Ops, case: Case, verdict: str, note: str) -> None:
        await who.post(f"/alerts/{case.id}/resolve", {"verdict": verdict, "note": note})


def _link_in(text: str, mail: Mail) -> str:
    found = _LINK.search(text)
    if found is None:
        raise NoLinkError(f"What {mail.recipient} got at {mail.at} has no link: {text[:200]!r}")
    return found[0]
