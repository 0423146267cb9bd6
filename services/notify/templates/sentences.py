"""What pages and handovers say, sentence by sentence.

In Python and not in a template's macro: a macro's result counts as safe HTML wherever it is called, and these sentences
hold names that strangers chose. What a filter returns is escaped like any other text.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from services.contracts.values import EvidenceMention, Severity, Situation
from services.notify.domain.handover import HandedAlert, HandedPage, Handover, HandoverContent
from services.notify.domain.message import PageFacts
from services.notify.domain.page import FALLBACK
from services.notify.templates.telling import Telling
from services.notify.templates.typography import one_line, shorten
from services.notify.templates.words import say

_QUOTED = re.compile(r",? ?:? [«“]\s?(?P<said>[^«»“”]+?)…?\s?[»”](?= \(|$)")
_HEADLINE = 300
_NAME = 60
"""Characters of a name: no real one is longer."""


@dataclass(frozen=True, slots=True)
class Sentences:
    """The sentences for one reader."""

    telling: Telling

    def filters(self) -> dict[str, Callable[..., object]]:
        """What templates call, by name."""
        return self.telling.filters() | {
            "gravity": self.gravity,
            "title": title,
            "since": self.since,
            "figures": self.figures,
            "author": self.author,
            "named": lambda name: shorten(name, _NAME),
            "span_away": self.span_away,
            "total": self.total,
            "woken": self.woken,
            "outcome": self.outcome,
        }

    @property
    def _french(self) -> bool:
        return self.telling.language == "fr"

    def gravity(self, severity: Severity) -> str:
        """A severity in a word."""
        return say(f"severity_{Severity(severity).value}", self.telling.language)

    def since(self, facts: PageFacts) -> str:
        """Since when it goes on, and when somebody noticed; the zone is named."""
        tell = self.telling
        began, place = tell.moment(facts.began_at), tell.place(facts.zone)
        noticed = tell.clock(facts.raised_at)
        if not tell.same_day(facts.began_at, facts.raised_at):
            noticed = tell.moment(facts.raised_at)
        if tell.moment(facts.raised_at) == began:
            return f"Depuis {began} ({place})." if self._french else f"Since {began} ({place})."
        if self._french:
            joint = "à " if tell.same_day(facts.began_at, facts.raised_at) else ""
            return f"Depuis {began}, alerte donnée {joint}{noticed} ({place})."
        joint = "at " if tell.same_day(facts.began_at, facts.raised_at) else ""
        return f"Since {began}, raised {joint}{noticed} ({place})."

    def figures(self, situation: Situation) -> str:
        """How much, by how many, how negative, how risky, how far it carries."""
        parts = [self._volume(situation)]
        if situation.window_minutes:
            negative = self.telling.percent(situation.negative_share)
            parts.append(f"{negative} {'négatives' if self._french else 'negative'}")
        parts.append(self._risk(situation))
        if situation.reach and situation.mentions > 1:  # of a single mention, the author's audience is told
            reach = self.telling.number(situation.reach)
            one = situation.reach == 1
            parts.append(
                f"portée {reach} {'abonné' if one else 'abonnés'}"
                if self._french
                else f"reach {reach} {'follower' if one else 'followers'}"
            )
        return f"{', '.join(parts)}."

    def author(self, mention: EvidenceMention) -> str:
        """Who said it, with the audience; `?` stands for somebody the source does not name."""
        label = shorten(mention.author.label, _NAME)
        if label in {"", "?", "@"}:
            label = "auteur inconnu" if self._french else "unknown author"
        followers = mention.author.followers
        if not followers:
            return label
        noun = "abonné" if self._french else "follower"
        return f"{label} ({self.telling.number(followers)} {noun}{'s' if followers > 1 else ''})"

    def span_away(self, handover: Handover) -> str:
        """What the handover is about."""
        tell, brand = self.telling, shorten(handover.content.brand_name, _NAME)
        since, at, place = tell.moment(handover.since), tell.moment(handover.at), tell.place(handover.zone)
        if self._french:
            return f"Ce qui s'est passé pour {brand}, du {since} au {at} ({place})."
        return f"What happened for {brand}, from {since} to {at} ({place})."

    def total(self, content: HandoverContent) -> str:
        """How many alerts there were, and how many are left to do."""
        return say(_total_code(content), self.telling.language, alerts=len(content.alerts), unfinished=len(content.unfinished))  # fmt: skip

    def woken(self, page: HandedPage, alert: HandedAlert) -> str:
        """Who was paged when, by what, and what came of it."""
        tell, name = self.telling, shorten(page.responder, _NAME)
        at = tell.clock(page.at) if tell.same_day(page.at, alert.raised_at) else tell.brief(page.at)
        start = f"{at} : {name}" if self._french else f"{at}: {name}"
        if not page.channels:
            return f"{start}, {say('answer_unsent', self.telling.language)}"
        end = self._answer(page, alert)
        return ", ".join(part for part in (start, self._by(page.channels), end) if part)

    def outcome(self, alert: HandedAlert) -> str:
        """How an alert stands at the handover."""
        if alert.verdict:
            return say(f"outcome_{alert.verdict}", self.telling.language)
        if alert.acknowledged_by and alert.acknowledged_at:
            when = self.telling.moment(alert.acknowledged_at)
            return say(
                "outcome_taken", self.telling.language, who=shorten(alert.acknowledged_by, _NAME), when=when
            )
        return say("outcome_unanswered" if alert.pages else "outcome_open", self.telling.language)

    def _volume(self, situation: Situation) -> str:
        tell = self.telling
        mentions, authors = tell.number(situation.mentions), tell.number(situation.authors)
        many, several = "s" if situation.mentions > 1 else "", "s" if situation.authors > 1 else ""
        if not situation.window_minutes and situation.mentions == 1:
            return "Une seule mention a suffi" if self._french else "One single mention was enough"
        if self._french:
            text = f"{mentions} mention{many} de {authors} auteur{several}"
        else:
            text = f"{mentions} mention{many} by {authors} author{several}"
        if situation.window_minutes:
            text += f" {'en' if self._french else 'in'} {tell.span(situation.window_minutes)}"
        if situation.usual:
            usual = tell.number(situation.usual)
            text += f" ({usual} d'habitude)" if self._french else f" ({usual} is usual)"
        return text

    def _risk(self, situation: Situation) -> str:
        code = "risk" if situation.mentions == 1 else "risk_up_to"
        return say(code, self.telling.language, risk=situation.max_risk)

    def _by(self, kinds: tuple[str, ...]) -> str:
        if FALLBACK in kinds:
            return ""
        names = [say(f"channel_{kind}", self.telling.language) for kind in kinds]
        listed = (
            names[0]
            if len(names) == 1
            else f"{', '.join(names[:-1])} {'et' if self._french else 'and'} {names[-1]}"
        )
        return f"{'par' if self._french else 'by'} {listed}"

    def _answer(self, page: HandedPage, alert: HandedAlert) -> str:
        if page.answer:
            return say(f"answer_{page.answer}", self.telling.language)
        if alert.acknowledged_by == page.responder:
            return say("answer_taken", self.telling.language)
        return say("answer_sent" if FALLBACK in page.channels else "answer_none", self.telling.language)


def title(facts: PageFacts) -> str:
    """The headline, without the quotation of a mention that is shown in full below it."""
    headline = shorten(facts.headline, _HEADLINE)
    quoted = _QUOTED.search(headline)
    if quoted and any(one_line(m.text).startswith(quoted["said"].strip()) for m in facts.worst):
        return headline[: quoted.start()] + headline[quoted.end() :]
    return headline


def _total_code(content: HandoverContent) -> str:
    if not content.alerts:
        return "total_none"
    if not content.unfinished:
        return "total_done"
    return "total_all_open" if len(content.unfinished) == len(content.alerts) else "total_open"
