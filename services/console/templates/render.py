"""From what was gathered to HTML. Templates escape everything that people wrote."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache, partial

from jinja2 import Environment, PackageLoader, StrictUndefined

from services.console.templates import clock, curl, sparkline
from services.console.templates.words import say
from services.console.views.alert import AlertPage
from services.console.views.tonight import Tonight
from services.contracts.values import Severity
from services.notify.domain.responder import Language
from services.notify.templates.telling import Telling, web
from services.notify.templates.typography import one_line, shorten

_SHAPES = {Severity.CRITICAL: "●", Severity.WARNING: "◆", Severity.INFO: "○"}


class Pages:
    """The pages of one installation.

    Args:
        language: Of the installation.
        public_url: Under which it is reached.
    """

    def __init__(self, language: Language, *, public_url: str) -> None:
        self._language = language
        self._public_url = public_url
        self._environment = _environment(language)

    def tonight(self, tonight: Tonight, *, health: Mapping[str, str | None], nonce: str) -> str:
        """The first page; `health` is every check by name, with why it fails."""
        setup = tonight.setup
        return self._render(
            "tonight.html",
            nonce=nonce,
            night=tonight.night,
            now=tonight.now,
            tonight=tonight,
            failing=sorted(name.removeprefix("worker ") for name, why in health.items() if why is not None),
            workers=sum(name.startswith("worker ") for name in health),
            fallback=setup.fallback,
            steps=() if setup.complete else curl.steps(setup, self._public_url, self._language),
        )

    def alert(self, page: AlertPage, *, nonce: str) -> str:
        """One alert."""
        return self._render("alert.html", nonce=nonce, night=page.night, now=page.now, page=page)

    def error(self, status: int, *, nonce: str) -> str:
        """Why there is no page, and what to do; `status` is 401, 403, 404 or 503."""
        return self._render("error.html", nonce=nonce, night=True, status=status)

    def _render(self, name: str, **content: object) -> str:
        return self._environment.get_template(name).render(**content)


@lru_cache(maxsize=2)
def _environment(language: Language) -> Environment:
    environment = Environment(
        loader=PackageLoader("services.console", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    telling = Telling(language, "UTC")  # of its methods only those that tell no time
    environment.filters.update(
        number=telling.number,
        percent=telling.percent,
        span=telling.span,
        place=telling.place,
        shape=_SHAPES.__getitem__,
        line=one_line,
        shorten=shorten,
        web=web,
        points=sparkline.points,
    )
    environment.globals.update(
        language=language,
        t=lambda key, **parts: say(key, language, **parts),
        when=partial(_told, clock.when, language),
        at=partial(_told, clock.at, language),
        due=partial(_told, clock.due, language),
        day=clock.day,
        semicolon="\u202f; " if language == "fr" else "; ",
        width=sparkline.WIDTH,
        height=sparkline.HEIGHT,
    )
    return environment


def _told(tell: clock.Teller, language: Language, instant: datetime, now: datetime, zone: str) -> str:
    return tell(instant, now, zone, language)
