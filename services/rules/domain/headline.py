"""One sentence that makes somebody get up, or not, in French or in English."""

from __future__ import annotations

from collections.abc import Sequence
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
_TIMES = {
    "fr": ("Deux", "Trois", "Quatre", "Cinq", "Six", "Sept", "Huit", "Neuf", "Dix"),
    "en": ("Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten"),
}
_EXCERPT = 90
_NAME = 40
_NOTABLE = 2.0  # times the usual below which a volume is not worth a superlative
# Reasons that make a matter worse or louder, but are not the matter itself.
_CIRCUMSTANCES = frozenset(
    ["negative_tone", "irony", "children", "reach", "engagement", "verified", "press", "unanswered"]
)
_ENDING = " ,;:.!?…(«“"


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
    """The headline of a window: how unusual in words, how much, how negative, how many people."""
    lead, told = _unusual(situation, moment, tongue)
    count = number(situation.mentions, tongue)
    length = span(timedelta(minutes=situation.window_minutes), tongue)
    within = f"{'en' if tongue == 'fr' else 'in'} {length}"
    volume = f"({count} {within})" if told else f"{count} {_s('mention', situation.mentions)} {within}"
    if not lead and situation.usual is not None and situation.usual >= 1:
        usual = number(situation.usual, tongue)
        volume += f" ({usual} d'habitude)" if tongue == "fr" else f" ({usual} usually)"
    noun = "auteur" if tongue == "fr" else "author"
    authors = f"{number(situation.authors, tongue)} {_s(noun, situation.authors)}"
    return f"{lead}{volume}, {_negative(situation, tongue)}, {authors}{_late(late, tongue)}"


def of_mention(
    mention: MentionFound,
    situation: Situation,
    reasons: Sequence[Reason],
    late: timedelta | None,
    tongue: Tongue,
) -> str:
    """The headline of a single mention, or of several that a single-mention rule gathered: the matter, who, what."""
    french = tongue == "fr"
    who = excerpt(mention.author.label if mention.author.label != "?" else mention.source, _NAME)
    if followers := mention.author.followers:
        fans = _s("abonné" if french else "follower", followers)
        who += f" ({number(followers, tongue)} {fans})"
    quote = excerpt(mention.title or mention.text)
    said = f"« {quote} »" if french else f"“{quote}”"
    if situation.mentions > 1:
        count, authors = number(situation.mentions, tongue), number(situation.authors, tongue)
        noun = _s("auteur" if french else "author", situation.authors)
        if french:
            who = f"{count} mentions de {authors} {noun}, dont {who}"
        else:
            who = f"{count} mentions by {authors} {noun}, such as {who}"
    colon = " :" if french else ":"
    return f"{_matter(reasons, situation, tongue)}, {who}{colon} {said}{_late(late, tongue)}"


def reasons_of_window(situation: Situation, tongue: Tongue) -> tuple[Reason, ...]:
    """Why a window fired, as named figures."""
    count = f"{number(situation.mentions, tongue)} {_s('mention', situation.mentions)}"
    if tongue == "fr":
        volume = f"{count} en {situation.window_minutes} min, {_usually(situation, tongue)}"
        rest = (
            _negative(situation, tongue),
            f"{number(situation.authors, tongue)} {_s('auteur', situation.authors)}",
            f"risque jusqu'à {situation.max_risk} sur 100",
        )
    else:
        volume = f"{count} in {situation.window_minutes} min, {_usually(situation, tongue)}"
        rest = (
            _negative(situation, tongue),
            f"{number(situation.authors, tongue)} {_s('author', situation.authors)}",
            f"risk up to {situation.max_risk} of 100",
        )
    codes = ("volume", "negative_share", "authors", "max_risk")
    return tuple(Reason(code=code, text=text) for code, text in zip(codes, (volume, *rest), strict=True))


def excerpt(text: str, limit: int = _EXCERPT) -> str:
    """The beginning of `text` on one line, cut between words."""
    line = " ".join(text.split())
    if len(line) <= limit:
        return line
    head = line[: limit - 1]
    kept = head.rsplit(" ", 1)[0] if " " in head else head
    return f"{kept.rstrip(_ENDING) or kept}…"


def _matter(reasons: Sequence[Reason], situation: Situation, tongue: Tongue) -> str:
    """What it is about, by the biggest reason that says so; the risk if none does."""
    for reason in reasons:
        if reason.code not in _CIRCUMSTANCES:
            clause = reason.text.partition(" (")[0]  # the words that told it are in the quote
            return clause[:1].upper() + clause[1:]
    risk = situation.max_risk
    return f"Risque {risk} sur 100" if tongue == "fr" else f"Risk {risk} of 100"


def _unusual(situation: Situation, moment: Moment, tongue: Tongue) -> tuple[str, bool]:
    """The lead of a window that is out of the ordinary, up to its figures; and whether it has said "mentions"."""
    usual = situation.usual
    if usual is None or situation.mentions < _NOTABLE * max(usual, 1.0):
        return "", False
    day = _DAYS[tongue][moment.weekday - 1]
    if usual < 1.0:  # "40 times" of next to nothing would be a figure without meaning
        if tongue == "fr":
            return f"Presque rien d'habitude un {day} à {moment.hour} h, et là ", False
        return f"Usually next to nothing on a {day} at {moment.hour}:00, and now ", False
    times = round(situation.mentions / usual)
    many = _TIMES[tongue][times - 2] if times <= 10 else number(times, tongue)  # noqa: PLR2004 - as words are written
    if tongue == "fr":
        return f"{many} fois plus de mentions que d'habitude un {day} à {moment.hour} h ", True
    return f"{many} times the usual mentions for a {day} at {moment.hour}:00 ", True


def _usually(situation: Situation, tongue: Tongue) -> str:
    if situation.usual is None:
        return "pas encore d'habitude connue" if tongue == "fr" else "no history yet to compare with"
    figure = f"{situation.usual:.1f}".removesuffix(".0")
    return f"{figure.replace('.', ',')} d'habitude" if tongue == "fr" else f"{figure} usually"


def _negative(situation: Situation, tongue: Tongue) -> str:
    percent = round(situation.negative_share * 100)
    if tongue == "en":
        return f"{percent}% negative"
    return f"{percent} % négatives"


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
