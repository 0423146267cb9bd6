"""Messages and link pages, written from facts. Templates run in Jinja2's sandbox; HTML escapes what people wrote."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Literal

from jinja2 import PackageLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from services.notify.domain.alert import Verdict
from services.notify.domain.gsm import fit
from services.notify.domain.handover import Handover
from services.notify.domain.message import Message, PageFacts
from services.notify.domain.responder import Language
from services.notify.templates.sentences import Sentences
from services.notify.templates.telling import Telling
from services.notify.templates.typography import one_line, shorten, typeset, typeset_html
from services.notify.templates.words import say

LinkState = Literal["open", "taken", "yours", "declined", "resolved", "expired", "unknown"]

_SUBJECT = 150
"""Characters of a subject that phones still show, generously."""
_CLOSED = '.!?"»”)…'


@lru_cache(maxsize=256)
def _environment(language: Language, zone: str) -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        loader=PackageLoader("services.notify", "templates"),
        autoescape=lambda name: bool(name and name.endswith(".html")),
        undefined=StrictUndefined,
        trim_blocks=False,
        keep_trailing_newline=False,
    )
    environment.filters.update(Sentences(Telling(language, zone)).filters())
    return environment


def _write(name: str, language: Language, zone: str, **values: object) -> str:
    written = _environment(language, zone).get_template(name).render(language=language, **values).strip()
    return (typeset_html if name.endswith(".html") else typeset)(written, language)


def page_message(facts: PageFacts) -> Message:
    """A page in every form."""
    language, zone = facts.language, facts.zone
    gravity = say(f"severity_{facts.severity.value}", language)
    brand, headline = shorten(facts.brand_name, 60), one_line(facts.headline)
    subject = say("subject", language, severity=gravity, brand=brand, headline=headline)
    return Message(
        subject=shorten(subject, _SUBJECT),
        text=_write(f"page.{language}.txt", language, zone, facts=facts),
        html=_write("page.html", language, zone, facts=facts),
        short=fit(subject if subject.endswith(tuple(_CLOSED)) else f"{subject}.", _sms_tail(facts)),
    )


def _sms_tail(facts: PageFacts) -> str:
    """What of an SMS is never cut: since when, and the link."""
    telling = Telling(facts.language, facts.zone)
    since, place = telling.brief(facts.began_at), telling.city(facts.zone)
    tail = say("sms_since", facts.language, since=since, place=place)
    return tail + (say("sms_link", facts.language, link=facts.link) if facts.link else "")


def handover_message(handover: Handover) -> Message:
    """A handover in every form."""
    language, zone = handover.language, handover.zone
    total = Sentences(Telling(language, zone)).total(handover.content)
    brand = shorten(handover.content.brand_name, 60)
    subject = say("handover_subject", language, brand=brand, total=total)
    return Message(
        subject=subject,
        text=_write(f"handover.{language}.txt", language, zone, handover=handover),
        html=_write("handover.html", language, zone, handover=handover, subject=subject),
        short=fit(subject, ""),
    )


def trial_message(reader: str, language: Language) -> Message:
    """A message that only proves that a contact works."""
    subject = say("test_subject", language)
    text = typeset(say("test_text", language, name=shorten(reader, 60)), language)
    html = _write("trial.html", language, "UTC", subject=subject, text=text)
    return Message(subject=subject, text=text, html=html, short=fit(f"{subject}. {text}", ""))


def link_page(
    state: LinkState,
    language: Language,
    *,
    nonce: str,
    facts: PageFacts | None = None,
    who: str = "",
    when: datetime | None = None,
    verdict: Verdict | None = None,
) -> str:
    """The page behind a signed link. `nonce` is what the answer's content security policy lets through."""
    zone = facts.zone if facts else "UTC"
    values = {"state": state, "nonce": nonce, "facts": facts, "who": who, "when": when, "verdict": verdict}
    return _write("link.html", language, zone, **values)
