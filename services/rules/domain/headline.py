"""One sentence that makes somebody get up, or not, in French or in English."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from services.contracts.events import MentionFound
from services.contracts.values import Reason, Situation
from services.rules.domain.variable import Moment

Tongue = Literal["fr", "en"]

_DAYS = {
    "fr": ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
_EXCERPT = 90
_NOTABLE = 2.0  # times the usual below which a volume is not worth a superlative


def number(value: float, tongue: Tongue) -> str:
    """A whole number with its thousands apart."""
    return f"{round(value):,}".replace(",", " " if tongue == "fr" else ",")


def span(length: timedelta, tongue: Tongue) -> str:
    """A length of time, to the unit that matters: 25 min, 6 h, 3 jours."""
    minutes = max(int(length.total_seconds() // 60), 1)
    if minutes < 60:  # noqa: PLR2004 - minutes in an hour
        return f"{minutes} min"
    if minutes < 48 * 60:
        return f"{minutes // 60} h"
    return f"{minutes // 1440} {'jours' if tongue == 'fr' else 'days'}"


def of_window(situation: Situation, moment: Moment, late: timedelta | None, tongue: Tongue) -> str:
    """The headline of a window: how unusual, how much, how negative, how many people."""
    percent = round(situation.negative_share * 100)
    length = span(timedelta(minutes=situation.window_minutes), tongue)
    count, authors = number(situation.mentions, tongue), number(situation.authors, tongue)
    if tongue == "fr":
        facts = (
            f"{count} {_s('mention', situation.mentions)} en {length}, {percent} % négatives, "
            f"{authors} {_s('auteur', situation.authors)}"
        )
    else:
        facts = (
            f"{count} {_s('mention', situation.mentions)} in {length}, {percent}% negative, "
            f"{authors} {_s('author', situation.authors)}"
        )
    return _led(_unusual(situation, moment, tongue), facts, tongue) + _late(late, tongue)


def of_mention(mention: MentionFound, situation: Situation, late: timedelta | None, tongue: Tongue) -> str:
    """The headline of a single mention, or of several that a single-mention rule gathered."""
    followers = mention.author.followers
    who = mention.author.label if mention.author.label != "?" else mention.source
    fans = ""
    if followers:
        fans = f" ({number(followers, tongue)} {'abonnés' if tongue == 'fr' else 'followers'})"
    quote = excerpt(mention.title or mention.text)
    said = f"« {quote} »" if tongue == "fr" else f"“{quote}”"
    if situation.mentions > 1:
        count, authors = number(situation.mentions, tongue), number(situation.authors, tongue)
        if tongue == "fr":
            lead = f"{count} mentions, {authors} {_s('auteur', situation.authors)}, risque jusqu'à {situation.max_risk}"
        else:
            lead = f"{count} mentions, {authors} {_s('author', situation.authors)}, risk up to {situation.max_risk}"
    else:
        lead = f"Risque {situation.max_risk}" if tongue == "fr" else f"Risk {situation.max_risk}"
    return _led(lead, f"{who}{fans} {said}", tongue) + _late(late, tongue)


def reasons_of_window(situation: Situation, tongue: Tongue) -> tuple[Reason, ...]:
    """Why a window fired, as named figures."""
    percent = round(situation.negative_share * 100)
    usual = situation.usual
    if tongue == "fr":
        volume = f"{situation.mentions} mentions en {situation.window_minutes} min"
        volume += (
            f", {usual:.1f} d'habitude".replace(".", ",")
            if usual is not None
            else ", pas encore d'habitude connue"
        )
        rest = (
            f"{percent} % négatives",
            f"{situation.authors} auteurs",
            f"risque jusqu'à {situation.max_risk}",
        )
    else:
        volume = f"{situation.mentions} mentions in {situation.window_minutes} min"
        volume += f", {usual:.1f} usually" if usual is not None else ", no history yet to compare with"
        rest = (f"{percent}% negative", f"{situation.authors} authors", f"risk up to {situation.max_risk}")
    codes = ("volume", "negative_share", "authors", "max_risk")
    return tuple(Reason(code=code, text=text) for code, text in zip(codes, (volume, *rest), strict=True))


def excerpt(text: str, limit: int = _EXCERPT) -> str:
    """The beginning of `text` on one line, cut between words."""
    line = " ".join(text.split())
    if len(line) <= limit:
        return line
    head = line[: limit - 1]
    return f"{head.rsplit(' ', 1)[0] if ' ' in head else head}…"


def _unusual(situation: Situation, moment: Moment, tongue: Tongue) -> str:
    usual = situation.usual
    if usual is None or situation.mentions < _NOTABLE * max(usual, 1.0):
        return ""
    day = _DAYS[tongue][moment.weekday - 1]
    if usual < 1.0:  # "40 times" of next to nothing would be a figure without meaning
        return (
            f"Inhabituel pour un {day} {moment.hour} h"
            if tongue == "fr"
            else f"Unusual for a {day} at {moment.hour}:00"
        )
    times = round(situation.mentions / usual)
    if tongue == "fr":
        return f"{times} fois l'habitude pour un {day} {moment.hour} h"
    return f"{times} times the usual for a {day} at {moment.hour}:00"


def _led(lead: str, facts: str, tongue: Tongue) -> str:
    return f"{lead}{' :' if tongue == 'fr' else ':'} {facts}" if lead else facts


def _late(late: timedelta | None, tongue: Tongue) -> str:
    if late is None:
        return ""
    return (
        f" (a commencé il y a {span(late, tongue)})"
        if tongue == "fr"
        else f" (began {span(late, tongue)} ago)"
    )


def _s(noun: str, count: int) -> str:
    return noun if count <= 1 else f"{noun}s"
