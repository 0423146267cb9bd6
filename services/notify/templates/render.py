"""Messages and link pages, written from facts. Templates run in Jinja2's sandbox; HTML escapes what people wrote."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Literal

from jinja2 import PackageLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from services.notify.domain.gsm import fit
from services.notify.domain.handover import Handover
from services.notify.domain.message import Message, PageFacts
from services.notify.domain.responder import Language
from services.notify.templates.telling import Telling, shorten
from services.notify.templates.words import say

LinkState = Literal["open", "taken", "yours", "declined", "resolved", "expired", "unknown"]

_SUBJECT = 150
"""Characters of a subject that phones still show, generously."""


@lru_cache(maxsize=256)
def _environment(language: Language, zone: str) -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        loader=PackageLoader("services.notify", "templates"),
        autoescape=lambda name: bool(name and name.endswith(".html")),
        undefined=StrictUndefined,
        trim_blocks=False,
        keep_trailing_newline=False,
    )
    environment.filters.update(Telling(language, zone).filters())
    return environment


def page_message(facts: PageFacts) -> Message:
    """A page in every form."""
    language = facts.language
    environment = _environment(language, facts.zone)
    gravity = say(f"severity_{facts.severity.value}", language)
    subject = say("subject", language, severity=gravity, brand=facts.brand_name, headline=facts.headline)
    tail = f" {say('take', language)} {facts.link}" if facts.link else ""
    return Message(
        subject=shorten(subject, _SUBJECT),
        text=environment.get_template(f"page.{language}.txt").render(facts=facts).strip(),
        html=environment.get_template("page.html").render(facts=facts, language=language),
        short=fit(subject, tail),
    )


def handover_message(handover: Handover) -> Message:
    """A handover in every form."""
    language = handover.language
    environment = _environment(language, handover.zone)
    text = environment.get_template(f"handover.{language}.txt").render(handover=handover).strip()
    content = handover.content
    subject = say(
        "handover_subject",
        language,
        brand=content.brand_name,
        alerts=len(content.alerts),
        unfinished=len(content.unfinished),
    )
    html = environment.get_template("handover.html").render(subject=subject, text=text, language=language)
    return Message(subject=shorten(subject, _SUBJECT), text=text, html=html, short=fit(subject, ""))


def trial_message(reader: str, language: Language) -> Message:
    """A message that only proves that a contact works."""
    subject = say("test_subject", language)
    text = say("test_text", language, name=reader)
    html = (
        _environment(language, "UTC")
        .get_template("handover.html")
        .render(subject=subject, text=text, language=language)
    )
    return Message(subject=subject, text=text, html=html, short=fit(f"{subject}. {text}", ""))


def link_page(
    state: LinkState,
    language: Language,
    *,
    nonce: str,
    facts: PageFacts | None = None,
    who: str = "",
    when: datetime | None = None,
) -> str:
    """The page behind a signed link. `nonce` is what the answer's content security policy lets through."""
    template = _environment(language, facts.zone if facts else "UTC").get_template("link.html")
    return template.render(state=state, language=language, nonce=nonce, facts=facts, who=who, when=when)
