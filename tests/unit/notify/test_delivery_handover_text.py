"""What the team reads on Monday."""

from __future__ import annotations

import html
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from services.contracts.values import Severity
from services.notify.domain.handover import HandedAlert, HandedPage, Handover, HandoverContent
from services.notify.domain.responder import Language
from services.notify.templates.render import handover_message

SATURDAY = datetime(2026, 3, 7, 21, 40, tzinfo=UTC)


def plain(text: str) -> str:
    """Without the spaces that do not break: for reading."""
    return html.unescape(text).replace("\u00a0", " ").replace("\u202f", " ")


def handover(language: Language, *alerts: HandedAlert) -> Handover:
    return Handover(
        id=uuid4(),
        brand="lacombe",
        team="Équipe",
        language=language,
        zone="Europe/Paris",
        since=datetime(2026, 3, 6, 17, tzinfo=UTC),
        at=datetime(2026, 3, 9, 8, tzinfo=UTC),
        content=HandoverContent(brand_name="Maison Lacombe", alerts=alerts),
    )


def test_a_handover_tells_the_night_in_order() -> None:
    page = HandedPage(responder="Alice", at=SATURDAY, channels=("email", "sms"), answer=None)
    taken = HandedPage(responder="Bruno", at=SATURDAY.replace(minute=50), channels=("sms",), answer="taken")
    lost = HandedPage(responder="Chloé", at=SATURDAY.replace(minute=55), channels=(), answer=None)
    midnight = SATURDAY.replace(hour=23, minute=10)
    rescue = HandedPage(responder="Secours", at=midnight, channels=("fallback",), answer=None)
    alert = HandedAlert(
        alert_id=uuid4(),
        headline="Un appel au boycott enfle",
        severity=Severity.CRITICAL,
        raised_at=SATURDAY,
        state="acknowledged",
        acknowledged_by="Bruno",
        acknowledged_at=SATURDAY.replace(minute=52),
        verdict=None,
        pages=(page, taken, lost, rescue),
    )

    message = handover_message(handover("fr", alert))
    text = plain(message.text)

    assert message.subject == "Relève, Maison Lacombe : 1 alerte à reprendre"
    assert "1 alerte à reprendre." in text
    assert "22 h 40 : Alice, par e-mail et SMS, sans réponse" in text
    assert "22 h 50 : Bruno, par SMS, a répondu « je prends »" in text
    assert "22 h 55 : Chloé, aucun message n'a pu partir" in text
    assert "dim. 0 h 10 : Secours, message envoyé" in text
    assert "Bruno s'en occupe depuis samedi 7 mars à 22 h 52. Encore ouverte." in text
    assert "du vendredi 6 mars à 18 h au lundi 9 mars à 9 h (heure de Paris)" in text
    for told in ("Alice, par e-mail et SMS", "Un appel au boycott enfle", "Encore ouverte."):
        assert told in plain(message.html)
    assert "still open" not in text
    assert "Still open." in handover_message(handover("en", alert)).text


def test_a_quiet_night_says_so_in_a_sentence() -> None:
    assert "Rien à signaler" in handover_message(handover("fr")).text
    assert "All quiet" in handover_message(handover("en")).text


@pytest.mark.parametrize(
    ("states", "french", "english"),
    [
        (["resolved"], "1 alerte, rien à reprendre", "1 alert, nothing left open"),
        (["resolved", "open"], "2 alertes, dont 1 à reprendre", "2 alerts, 1 still to take care of"),
        (["open", "open"], "2 alertes à reprendre", "2 alerts to take care of"),
    ],
)
def test_a_handover_counts_in_real_plurals(states: list[str], french: str, english: str) -> None:
    alerts = [
        HandedAlert(
            alert_id=uuid4(),
            headline="Un appel au boycott enfle",
            severity=Severity.WARNING,
            raised_at=SATURDAY,
            state=state,
            acknowledged_by=None,
            acknowledged_at=None,
            verdict="real" if state == "resolved" else None,
        )
        for state in states
    ]

    assert handover_message(handover("fr", *alerts)).subject == f"Relève, Maison Lacombe : {french}"
    assert handover_message(handover("en", *alerts)).subject == f"Handover, Maison Lacombe: {english}"


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", '"><img src=x onerror=p()>'])
def test_a_handover_escapes_names(name: str) -> None:
    content = HandoverContent(brand_name=name)

    page = handover_message(handover("fr").model_copy(update={"content": content})).html

    assert "<script>alert" not in page
    assert "<img" not in page
    assert "&lt;" in page
