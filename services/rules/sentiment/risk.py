"""Risk 0-100 of a mention: named reasons with points that add up, so that anyone can see why somebody was woken."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from services.contracts.events import MentionFound
from services.contracts.values import Reason, Sentiment
from services.rules.sentiment.danger import PRESS, PRESS_KINDS, Danger, books
from services.rules.sentiment.phrases import Text, fold
from services.rules.sentiment.tone import Tone

# Points, set so that an ordinary angry complaint stays under 60, and a danger to people told in anger passes 70 by
# itself and 80 with anything that makes it spread (children, a call to share, an audience, the press).
_TONE = 30.0  # for a total of -4 or worse
_TONE_FULL = 4.0
_SECOND, _FURTHER = 0.4, 0.2  # shares of the points of a second and of further kinds of danger
_REPEATED = 8.0  # two different words of the worst kind
_CHILDREN, _CALL, _UNANSWERED, _VERIFIED, _PRESS = 10.0, 12.0, 6.0, 4.0, 9.0
_REACH_PER_DECADE, _REACH_MAX, _REACH_FROM = 6.0, 18.0, 1000
_SPREAD_PER_DECADE, _SPREAD_MAX, _SPREAD_FROM = 5.0, 14.0, 30
_UNTONED = {Sentiment.NEGATIVE: 1.0, Sentiment.NEUTRAL: 0.85, Sentiment.POSITIVE: 0.3}
_HARMLESS_AUDIENCE = 0.2  # an audience is a risk to the extent that there is something to spread

Tongue = Literal["fr", "en"]
Dangers = dict[Danger, list[str]]
"""Each with the words that told it."""

_NEGATION = frozenset(["aucun", "aucune", "sans", "pas", "no", "not", "without", "never", "non", "zero"])


@dataclass(frozen=True, slots=True)
class Risk:
    """The risk, what it is made of (biggest first), and what the mention is about (sorted)."""

    score: int
    reasons: tuple[Reason, ...]
    topics: tuple[str, ...]


def risk_of(mention: MentionFound, text: Text, found: Dangers, tone: Tone, tongue: Tongue) -> Risk:
    """The risk of `mention`, whose title and text are `text` and speak of `found`; clauses in `tongue`."""
    topics: tuple[str, ...] = ()
    reasons = _tone(tone, tongue)
    if found:
        topics = tuple(sorted({danger.topic for danger in found if danger.topic} - _only_children(found)))
        reasons += _danger_reasons(found, tone.sentiment, tongue)
    grave = sum(reason.points for reason in reasons)
    if grave > 0:
        reasons += _said(text, tongue)
    weight = 1.0 if tone.sentiment is Sentiment.NEGATIVE or grave >= _TONE / 2 else _HARMLESS_AUDIENCE
    reasons += _audience(mention, weight, tongue)
    kept = sorted((reason for reason in reasons if reason.points >= 0.5), key=lambda reason: -reason.points)  # noqa: PLR2004
    return Risk(min(round(sum(reason.points for reason in kept)), 100), tuple(kept), topics)


def dangers_of(text: Text) -> Dangers:
    """The dangers, and mere topics, that `text` speaks of; not those that it denies."""
    found: dict[Danger, list[str]] = {}
    for hit in books().dangers.find(text):
        if hit.value is None:
            continue
        danger, phrase = hit.value
        before = set(text.words[max(hit.start - 2, 0) : hit.start])
        if danger.points and before & _NEGATION:
            continue  # "aucun danger", "sans blessé"
        words = found.setdefault(danger, [])
        if phrase not in words:
            words.append(phrase)
    return found


def _only_children(found: dict[Danger, list[str]]) -> set[str]:
    """Children alone make nothing a matter of product safety."""
    safety = [danger for danger in found if danger.topic == "product_safety"]
    return {"product_safety"} if safety and all(not danger.points for danger in safety) else set()


def _tone(tone: Tone, tongue: Tongue) -> list[Reason]:
    if tone.sentiment is not Sentiment.NEGATIVE:
        return []
    points = _TONE * min(-tone.total / _TONE_FULL, 1.0)
    text = "ton négatif" if tongue == "fr" else "negative tone"
    if tone.ironic:
        return [Reason(code="irony", text="ironie" if tongue == "fr" else "irony", points=round(points, 1))]
    return [Reason(code="negative_tone", text=text, points=round(points, 1))]


def _danger_reasons(found: dict[Danger, list[str]], sentiment: Sentiment, tongue: Tongue) -> list[Reason]:
    grave = sorted((danger for danger in found if danger.points), key=lambda danger: -danger.points)
    reasons = []
    for rank, danger in enumerate(grave):
        points = danger.points * (1.0, _SECOND, _FURTHER)[min(rank, 2)] * _UNTONED[sentiment]
        if rank == 0 and len(found[danger]) > 1:
            points += _REPEATED * _UNTONED[sentiment]
        clause = danger.french if tongue == "fr" else danger.english
        quoted = "« {} »" if tongue == "fr" else "“{}”"
        words = ", ".join(quoted.format(word) for word in found[danger][:3])
        reasons.append(Reason(code=danger.code, text=f"{clause} ({words})", points=round(points, 1)))
    children = next((danger for danger in found if danger.code == "children"), None)
    if children and any(danger.topic == "product_safety" for danger in grave):
        text = children.french if tongue == "fr" else children.english
        reasons.append(Reason(code="children", text=text, points=_CHILDREN * _UNTONED[sentiment]))
    return reasons


def _said(text: Text, tongue: Tongue) -> list[Reason]:
    reasons = []
    if call := next(books().calls.find(text), None):
        lead = "appel à agir" if tongue == "fr" else "call to action"
        reasons.append(
            Reason(
                code="call_to_action",
                text=f"{lead} (« {call.value} »)" if tongue == "fr" else f"{lead} (“{call.value}”)",
                points=_CALL,
            )
        )
    if next(books().unanswered.find(text), None):
        clause = "restée sans réponse" if tongue == "fr" else "left unanswered"
        reasons.append(Reason(code="unanswered", text=clause, points=_UNANSWERED))
    return reasons


def _audience(mention: MentionFound, weight: float, tongue: Tongue) -> list[Reason]:
    reasons = []
    author, french = mention.author, tongue == "fr"
    if author.followers and author.followers > _REACH_FROM:
        points = min(_REACH_PER_DECADE * math.log10(author.followers / _REACH_FROM) + 2, _REACH_MAX)
        count = f"{author.followers:,}".replace(",", " " if french else ",")
        text = f"{count} abonnés" if french else f"{count} followers"
        reasons.append(Reason(code="reach", text=text, points=round(points * weight, 1)))
    if mention.engagement and mention.engagement > _SPREAD_FROM:
        points = min(_SPREAD_PER_DECADE * math.log10(mention.engagement / _SPREAD_FROM), _SPREAD_MAX)
        text = f"{mention.engagement} réactions" if french else f"{mention.engagement} reactions"
        reasons.append(Reason(code="engagement", text=text, points=round(points * weight, 1)))
    if author.verified:
        text = "compte certifié" if french else "verified account"
        reasons.append(Reason(code="verified", text=text, points=_VERIFIED * weight))
    if _is_press(mention):
        text = "presse ou journaliste" if french else "press or journalist"
        reasons.append(Reason(code="press", text=text, points=_PRESS * weight))
    return reasons


def _is_press(mention: MentionFound) -> bool:
    if mention.source_kind in PRESS_KINDS:
        return True
    return _is_journalist(mention.author.name, mention.author.handle)


@lru_cache(maxsize=50_000)
def _is_journalist(name: str | None, handle: str | None) -> bool:
    who = fold(f"{name or ''} {handle or ''}").replace("_", " ")
    return not PRESS.isdisjoint(who.split())
