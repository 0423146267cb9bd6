"""The names that rules may speak of, with their types, and the functions beyond those of CEL itself."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from cel_expr_python import cel

from services.contracts.coverage import CoverageSpec
from services.contracts.events import MentionFound
from services.coverage.calendar import Calendar
from services.rules.domain.assessment import Assessment
from services.rules.domain.window import Figures

Values = Mapping[str, Any]
"""Variable name to value: int, float, bool, str or list of str, as CEL takes them."""

_MOMENT = {
    "brand": cel.Type.STRING,
    "off_hours": cel.Type.BOOL,
    "hour": cel.Type.INT,
    "weekday": cel.Type.INT,
}
_STRINGS = cel.Type.List(cel.Type.STRING)

MENTION: Mapping[str, cel.Type] = _MOMENT | {
    "text": cel.Type.STRING,
    "language": cel.Type.STRING,
    "sentiment": cel.Type.STRING,
    "confidence": cel.Type.DOUBLE,
    "risk": cel.Type.INT,
    "topics": _STRINGS,
    "followers": cel.Type.INT,
    "engagement": cel.Type.INT,
    "verified": cel.Type.BOOL,
    "source": cel.Type.STRING,
    "source_kind": cel.Type.STRING,
    "watches": _STRINGS,
}
WINDOW: Mapping[str, cel.Type] = _MOMENT | {
    "mentions": cel.Type.INT,
    "negative": cel.Type.INT,
    "negative_share": cel.Type.DOUBLE,
    "authors": cel.Type.INT,
    "reach": cel.Type.INT,
    "max_risk": cel.Type.INT,
    "usual": cel.Type.DOUBLE,
    "ratio": cel.Type.DOUBLE,
}

_WORD = re.compile(r"\w+")


@lru_cache(maxsize=2048)
def words_of(text: str) -> str:
    """The words of `text` without case or accents, each between single spaces, with one at both ends."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return f" {' '.join(_WORD.findall(''.join(c for c in plain if not unicodedata.combining(c))))} "


def contains_any(text: str, phrases: Sequence[str]) -> bool:
    """Whether `text` has any of `phrases` as whole words, whatever the case and the accents."""
    words = words_of(text)
    return any(words_of(phrase) in words for phrase in phrases)


FUNCTIONS = (
    cel.FunctionDecl(
        "contains_any",
        [
            cel.Overload(
                "contains_any_string_list",
                cel.Type.BOOL,
                [cel.Type.STRING, _STRINGS],
                is_member=False,
                impl=contains_any,
            )
        ],
    ),
)


class Moment(NamedTuple):
    """An instant as a brand's team sees it: `weekday` is ISO (1 is Monday), `hour` on the wall clock."""

    off_hours: bool
    hour: int
    weekday: int


class TeamClock:
    """A brand's wall clock and duty hours. Without a coverage every instant is off-hours.

    Args:
        spec: The brand's coverage, or None while nobody has written one.
        zone: IANA zone to use without a coverage.
    """

    def __init__(self, spec: CoverageSpec | None, zone: str) -> None:
        self.zone = ZoneInfo(spec.zone if spec else zone)
        self._calendar = Calendar(spec) if spec else None
        self._seen: dict[datetime, Moment] = {}

    def at(self, instant: datetime) -> Moment:
        """The moment at `instant`, told to the minute (duty windows are written in minutes)."""
        minute = instant.replace(second=0, microsecond=0)
        if (known := self._seen.get(minute)) is not None:
            return known
        if len(self._seen) > 10_000:  # noqa: PLR2004 - a week of minutes; a long-lived process must not grow
            self._seen.clear()
        local = minute.astimezone(self.zone)
        off_hours = self._calendar is None or not self._calendar.at(minute).on_duty
        return self._seen.setdefault(minute, Moment(off_hours, local.hour, local.isoweekday()))


def of_mention(mention: MentionFound, assessment: Assessment, moment: Moment) -> dict[str, Any]:
    """The variables of a rule on single mentions. What the source does not tell counts as 0."""
    return {
        "brand": mention.brand,
        "text": f"{mention.title}\n{mention.text}" if mention.title else mention.text,
        "language": assessment.language,
        "sentiment": assessment.sentiment.value,
        "confidence": float(assessment.confidence),
        "risk": assessment.risk,
        "topics": list(assessment.topics),
        "followers": mention.author.followers or 0,
        "engagement": mention.engagement or 0,
        "verified": mention.author.verified,
        "source": mention.source,
        "source_kind": mention.source_kind,
        "watches": [watch.id for watch in mention.watches],
        **moment._asdict(),
    }


def of_window(brand: str, figures: Figures, usual: float | None, moment: Moment) -> dict[str, Any]:
    """The variables of a rule on a window.

    `usual` is 0.0 while there is no history; `ratio` is mentions / max(usual, 1), so that a brand nobody
    usually speaks of does not give endless ratios.
    """
    return {
        "brand": brand,
        "mentions": figures.mentions,
        "negative": figures.negative,
        "negative_share": figures.negative_share,
        "authors": figures.authors,
        "reach": figures.reach,
        "max_risk": figures.max_risk,
        "usual": usual or 0.0,
        "ratio": figures.mentions / max(usual or 0.0, 1.0),
        **moment._asdict(),
    }
