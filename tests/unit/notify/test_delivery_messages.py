from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from services.contracts.values import Author, EvidenceMention, Playbook, Sentiment, Severity, Situation
from services.notify.domain.gsm import segments
from services.notify.domain.handover import HandedAlert, HandedPage, Handover, HandoverContent
from services.notify.domain.message import PageFacts
from services.notify.templates.render import handover_message, link_page, page_message

LINK = "https://veilleur.example.org/p/" + "a" * 40
SATURDAY = datetime(2026, 3, 7, 21, 40, tzinfo=UTC)


def mention(text: str, risk: int = 90) -> EvidenceMention:
    return EvidenceMention(
        mention_id=uuid4(),
        text=text,
        author=Author(handle="julie", followers=12_000),
        url="https://forum.example.org/1",
        source="forum",
        published_at=SATURDAY,
        sentiment=Sentiment.NEGATIVE,
        risk=risk,
    )


FACTS = PageFacts(
    reader="Alice",
    language="fr",
    zone="Europe/Paris",
    brand_name="Maison Lacombe",
    headline="Un appel au boycott enfle",
    severity=Severity.CRITICAL,
    began_at=SATURDAY,
    raised_at=SATURDAY.replace(hour=22, minute=10),
    situation=Situation(
        mentions=61, authors=40, negative_share=0.82, reach=123_456, max_risk=91, usual=4.2, window_minutes=30
    ),
    mentions=(mention("Première"), mention("Deuxième"), mention("Troisième")),
    playbook=Playbook(text="Prévenir la direction.", links=("https://wiki.example.org/crise",)),
    why_you="",
    link=LINK,
)


def test_a_french_page_says_who_what_how_bad_why_now_and_what_to_do() -> None:
    text = page_message(FACTS).text

    assert "● Critique, Maison Lacombe" in text
    assert "Un appel au boycott enfle" in text
    assert "Depuis samedi 7 mars à 22:40, alerte donnée à 23:10 (heure de Paris)." in text
    assert "61 mentions de 40 auteurs en 30 min (4,2 d'habitude), 82\u202f% négatives" in text
    assert "portée 123\u202f456 abonnés" in text
    assert "Première" in text
    assert "Deuxième" in text
    assert "Troisième" not in text
    assert "Prévenir la direction." in text
    assert text.endswith(LINK)


def test_an_english_page_is_english_and_tells_the_time_in_its_readers_zone() -> None:
    text = page_message(replace(FACTS, language="en", zone="America/New_York")).text

    assert "● Critical, Maison Lacombe" in text
    assert "Since Saturday 7 March at 16:40, raised at 17:10 (New York time)." in text
    assert "61 mentions by 40 authors in 30 min (4.2 is usual), 82% negative" in text
    assert "auteurs" not in text


@pytest.mark.parametrize(
    ("began", "told"),
    [
        (datetime(2026, 3, 29, 0, 59, tzinfo=UTC), "dimanche 29 mars à 01:59"),
        (datetime(2026, 3, 29, 1, 0, tzinfo=UTC), "dimanche 29 mars à 03:00"),
        (datetime(2026, 10, 25, 1, 30, tzinfo=UTC), "dimanche 25 octobre à 02:30"),
        (datetime(2026, 5, 1, 6, 0, tzinfo=UTC), "vendredi 1er mai à 08:00"),
    ],
)
def test_times_follow_the_wall_clock_across_clock_changes(began: datetime, told: str) -> None:
    assert told in page_message(replace(FACTS, began_at=began)).text


def test_the_sms_keeps_its_link_and_two_segments_however_long_the_headline() -> None:
    short = page_message(replace(FACTS, headline="Une très longue phrase « indignée » " * 20)).short

    assert segments(short) <= 2
    assert short.endswith(LINK)
    assert "Maison Lacombe, critique" in short


def test_html_escapes_what_people_wrote() -> None:
    nasty = replace(
        FACTS, headline="<script>alert(1)</script>", mentions=(mention('<img src=x onerror="p()">'),)
    )

    for html in (page_message(nasty).html, link_page("open", "fr", nonce="n", facts=nasty)):
        assert "<script>alert" not in html
        assert "<img" not in html
        assert "&lt;script&gt;" in html


def test_a_hostile_playbook_link_is_never_clickable() -> None:
    facts = replace(FACTS, playbook=Playbook(text="x", links=("javascript:alert(1)",)))

    assert 'href="javascript' not in page_message(facts).html
    assert 'href="javascript' not in link_page("open", "fr", nonce="n", facts=facts)


def test_mentions_are_data_and_not_templates() -> None:
    facts = replace(FACTS, headline="{{ 7 * 7 }} {% raise %}")

    assert "{{ 7 * 7 }}" in page_message(facts).text


def test_a_single_mention_and_a_human_alarm_read_naturally() -> None:
    single = Situation(mentions=1, authors=1, negative_share=1, reach=0, max_risk=88)
    alone = page_message(replace(FACTS, situation=single)).text
    human = page_message(replace(FACTS, situation=None, mentions=(), playbook=Playbook())).text

    assert "Une seule mention a suffi, risque 88 sur 100." in alone
    assert "mention" not in human
    assert "À faire" not in human


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("state", ["open", "taken", "yours", "declined", "resolved", "expired", "unknown"])
def test_the_link_page_is_small_and_needs_nobody(language: str, state: str) -> None:
    facts = None if state in ("expired", "unknown") else replace(FACTS, language=language)
    html = link_page(state, language, nonce="abc", facts=facts, who="Bruno", when=SATURDAY)

    assert len(html.encode()) < 10_000
    assert "<script" not in html
    assert not re.search(r"(?:src|action)=", html)
    assert re.findall(r'href="https?://([^/"]+)', html) in ([], ["wiki.example.org"])
    assert html.count("<button") == {"open": 2, "declined": 1}.get(state, 0)


def test_taken_says_by_whom_and_when() -> None:
    french = link_page("taken", "fr", nonce="n", facts=FACTS, who="Bruno", when=SATURDAY)
    english = link_page(
        "taken", "en", nonce="n", facts=replace(FACTS, language="en"), who="Bruno", when=SATURDAY
    )

    assert "Déjà pris en charge par Bruno, samedi 7 mars à 22:40" in french
    assert "Already taken by Bruno, Saturday 7 March at 22:40" in english


def handover(language: str, *alerts: HandedAlert) -> Handover:
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
    alert = HandedAlert(
        alert_id=uuid4(),
        headline="Un appel au boycott enfle",
        severity=Severity.CRITICAL,
        raised_at=SATURDAY,
        state="acknowledged",
        acknowledged_by="Bruno",
        acknowledged_at=SATURDAY.replace(minute=52),
        verdict=None,
        pages=(page, taken, lost),
    )

    message = handover_message(handover("fr", alert))

    assert "1 alerte, dont 1 à reprendre." in message.text
    assert "22:40 Alice prévenu par email, sms" in message.text
    assert "22:50 Bruno prévenu par sms, a répondu « je prends »" in message.text
    assert "22:55 Chloé n'a pas pu être joint" in message.text
    assert "Prise par Bruno, samedi 7 mars à 22:52. Encore ouverte." in message.text
    assert "de vendredi 6 mars à 18:00 à lundi 9 mars à 09:00 (heure de Paris)" in message.text
    assert "still open" not in message.text
    assert "Still open." in handover_message(handover("en", alert)).text


def test_a_quiet_night_says_so_in_a_sentence() -> None:
    assert "Rien à signaler" in handover_message(handover("fr")).text
    assert "All quiet" in handover_message(handover("en")).text
