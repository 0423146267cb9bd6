"""What a replay came to: for people, and as one JSON object."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from services.cli.replay.row import BadRow
from services.cli.replay.team import ON_CALL_ANSWERS, TEAM_ANSWERS
from services.cli.simulated.chronicle import Case, Sent

BAD_ROWS_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Report:
    """The figures and the alerts of a finished replay.

    Attributes:
        mentions: Rows that were played (with a query: that matched it).
        seconds: Machine time it took.
    """

    brand: str
    zone: ZoneInfo
    rows: int
    mentions: int
    repeated: int
    bad: Sequence[BadRow]
    first: datetime
    last: datetime
    seconds: float
    cases: Sequence[Case]

    def as_json(self) -> dict[str, Any]:
        """One object; instants are ISO 8601 in UTC, `mentions` of an alert is how many its situation had at most."""
        return {
            "brand": self.brand,
            "zone": self.zone.key,
            "rows": self.rows,
            "mentions": self.mentions,
            "repeated": self.repeated,
            "bad_rows": [{"line": row.line, "problem": row.problem} for row in self.bad],
            "from": self.first.isoformat(),
            "to": self.last.isoformat(),
            "seconds": round(self.seconds, 1),
            "alerts": [_alert(case) for case in self.cases],
        }

    def lines(self) -> Iterator[str]:
        """For people."""
        played = f"{self.mentions:,} mentions, {self._local(self.first)} to {self._local(self.last)} ({self.zone.key})"
        yield f"{played}, played in {self.seconds:.0f} s."
        if not self.cases:
            yield "No alert: nobody would have been paged."
            return
        paged = sum(bool(case.sent) for case in self.cases)
        yield f"{len(self.cases)} alerts, {paged} of them paged somebody:"
        for case in self.cases:
            yield from self._case(case)
        yield (
            f"Assumed: the team takes what is raised in its hours after {TEAM_ANSWERS.seconds // 60} min, "
            f"the person on call what they are paged for after {ON_CALL_ANSWERS.seconds // 60} min."
        )

    def _case(self, case: Case) -> Iterator[str]:
        rule = case.rule.id if case.rule else "by hand"
        when = self._local(case.raised_at) if case.raised_at else "?"
        hours = "off-hours" if case.off_hours else "team on duty"
        yield f"  {when}  {case.severity.upper():<8}  {rule} ({hours}, {case.mentions} mentions)"
        yield f"    {case.headline}"
        if not case.sent:
            yield "    nobody paged"
        for (responder, at), sends in groupby(case.sent, key=lambda sent: (sent.responder, sent.at)):
            yield f"    {self._local(at)}  {responder} paged by {' and '.join(_channels(sends))}"

    def _local(self, at: datetime) -> str:
        return f"{at.astimezone(self.zone):%a %Y-%m-%d %H:%M}"


def _channels(sends: Iterator[Sent]) -> list[str]:
    return sorted({sent.channel for sent in sends})


def _alert(case: Case) -> dict[str, Any]:
    return {
        "rule": case.rule.id if case.rule else None,
        "severity": case.severity.value,
        "raised_at": case.raised_at.isoformat() if case.raised_at else None,
        "off_hours": case.off_hours,
        "mentions": case.mentions,
        "headline": case.headline,
        "pages": [
            {"responder": sent.responder, "channel": sent.channel, "at": sent.at.isoformat()}
            for sent in case.sent
        ],
    }
