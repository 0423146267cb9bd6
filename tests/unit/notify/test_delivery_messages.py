from __future__ import annotations

import html
import re
from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from services.contracts.values import Author, EvidenceMention, Playbook, Sentiment, Severity, Situation
from services.notify.domain.alert import Verdict
from services.notify.domain.gsm import segments
from services.notify.domain.message import PageFacts
from services.notify.templates.render import link_page, page_message


def plain(text: str) -> str:
    """Without the spaces that do not break: for reading."""
    return html.unescape(text).replace("\u00a0", " ").replace("\u202f", " ")


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
    text = plain(page_message(FACTS).text)

    assert "● Critique, Maison Lacombe" in text
    assert "Un appel au boycott enfle" in text
    assert "Depuis samedi 7 mars à 22 h 40, alerte donnée à 23 h 10 (heure de Paris)." in text
    assert "61 mentions de 40 auteurs en 30 min (4,2 d'habitude), 82 % négatives" in text
    assert "portée 123 456 abonnés" in text
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
        (datetime(2026, 3, 29, 0, 59, tzinfo=UTC), "dimanche 29 mars à 1 h 59"),
        (datetime(2026, 3, 29, 1, 0, tzinfo=UTC), "dimanche 29 mars à 3 h,"),
        (datetime(2026, 10, 25, 1, 30, tzinfo=UTC), "dimanche 25 octobre à 2 h 30"),
        (datetime(2026, 5, 1, 6, 0, tzinfo=UTC), "vendredi 1er mai à 8 h,"),
    ],
)
def test_times_follow_the_wall_clock_across_clock_changes(began: datetime, told: str) -> None:
    assert told in plain(page_message(replace(FACTS, began_at=began)).text)


def test_the_sms_keeps_its_link_and_two_segments_however_long_the_headline() -> None:
    short = page_message(replace(FACTS, headline="Une très longue phrase « indignée » " * 20)).short

    assert segments(short) <= 2
    assert short.endswith(LINK)
    assert short.startswith("Critique, Maison Lacombe : Une très longue phrase")
    assert "... Depuis sam. 22 h 40 (Paris)." in short or '..." Depuis sam. 22 h 40 (Paris).' in short


def test_html_escapes_what_people_wrote() -> None:
    nasty = replace(
        FACTS, headline="<script>alert(1)</script>", mentions=(mention('<img src=x onerror="p()">'),)
    )

    for page in (page_message(nasty).html, link_page("open", "fr", nonce="n", facts=nasty)):
        assert "<script>alert" not in page
        assert "<img" not in page
        assert "&lt;script&gt;" in page


def test_a_hostile_playbook_link_is_never_clickable() -> None:
    facts = replace(FACTS, playbook=Playbook(text="x", links=("javascript:alert(1)",)))

    assert 'href="javascript' not in page_message(facts).html
    assert 'href="javascript' not in link_page("open", "fr", nonce="n", facts=facts)


def test_mentions_are_data_and_not_templates() -> None:
    facts = replace(FACTS, headline="{{ 7 * 7 }} {% raise %}")

    assert "{{ 7 * 7 }}" in page_message(facts).text


def test_a_single_mention_and_a_human_alarm_read_naturally() -> None:
    single = Situation(mentions=1, authors=1, negative_share=1, reach=0, max_risk=88)
    alone = plain(page_message(replace(FACTS, situation=single)).text)
    human = page_message(replace(FACTS, situation=None, mentions=(), playbook=Playbook())).text

    assert "Une seule mention a suffi, risque 88 sur 100." in alone
    assert "mention" not in human
    assert "À faire" not in human


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("state", ["open", "taken", "yours", "declined", "resolved", "expired", "unknown"])
def test_the_link_page_is_small_and_needs_nobody(language: str, state: str) -> None:
    facts = None if state in ("expired", "unknown") else replace(FACTS, language=language)
    verdict = Verdict.REAL if state == "resolved" else None
    page = link_page(state, language, nonce="abc", facts=facts, who="Bruno", when=SATURDAY, verdict=verdict)

    assert len(page.encode()) < 10_000
    assert "<script" not in page
    assert "style=" not in page, "the content security policy lets no style attribute through"
    assert not re.search(r"(?:src|action)=", page)
    assert re.findall(r'href="https?://([^/"]+)', page) in ([], ["wiki.example.org"])
    assert page.count("<button") == {"open": 2, "declined": 1}.get(state, 0)


@pytest.mark.parametrize(
    ("state", "french", "english"),
    [
        (
            "taken",
            "Bruno s'en occupe depuis samedi 7 mars à 22 h 40. Vous pouvez vous rendormir.",
            "Bruno has had it since Saturday 7 March at 22:40. You can go back to sleep.",
        ),
        (
            "yours",
            "C'est noté : l'alerte est à vous depuis samedi 7 mars à 22 h 40.",
            "Noted: the alert is yours since Saturday 7 March at 22:40.",
        ),
        (
            "declined",
            "C'est noté : on passe à la personne suivante.",
            "Noted: the next person is paged.",
        ),
        (
            "resolved",
            "Cette alerte est close depuis samedi 7 mars à 22 h 40. Fausse alerte, selon Bruno.",
            "This alert has been over since Saturday 7 March at 22:40. A false alarm, says Bruno.",
        ),
    ],
)
def test_the_link_page_says_first_what_became_of_the_alert(state: str, french: str, english: str) -> None:
    for language, told in (("fr", french), ("en", english)):
        facts = replace(FACTS, language=language)
        verdict = Verdict.FALSE_ALARM if state == "resolved" else None
        page = plain(
            link_page(state, language, nonce="n", facts=facts, who="Bruno", when=SATURDAY, verdict=verdict)
        )
        assert re.search(r'<h1 role="status">(.*)</h1>', page)[1] == told


def test_nobody_is_sent_back_to_sleep_at_noon() -> None:
    noon = SATURDAY.replace(hour=11)

    assert "rendormir" not in link_page("taken", "fr", nonce="n", facts=FACTS, who="Bruno", when=noon)


def test_the_link_page_is_dark_off_duty_whatever_the_phone_prefers() -> None:
    night = link_page("open", "fr", nonce="n", facts=FACTS)
    day = link_page("open", "fr", nonce="n", facts=replace(FACTS, off_hours=False))

    for page in (night, link_page("expired", "fr", nonce="n")):
        assert ":root{--b:#0e1320" in page
        assert "prefers-color-scheme" not in page
    assert ":root{--b:#f7f8fa" in day
    assert "@media(prefers-color-scheme:dark){:root{--b:#0e1320" in day


def test_a_headline_does_not_quote_what_stands_in_full_below_it() -> None:
    worst = (mention("Ma fille a recraché du métal. Vérifiez vos paquets !"), mention("Autre chose"))
    facts = replace(
        FACTS, headline="Danger, @julie (12 000 abonnés) : « Ma fille a recraché… »", mentions=worst
    )
    late = replace(facts, headline="Danger, @julie : « Ma fille a recraché… » (a commencé il y a 6 h)")
    other = replace(facts, headline="Danger, @julie : « Rien à voir… »")

    for shown in (link_page("open", "fr", nonce="n", facts=facts), page_message(facts).html):
        assert ">Danger, @julie (12 000 abonnés)</h1>" in plain(shown)
    assert ">Danger, @julie (a commencé il y a 6 h)</h1>" in plain(page_message(late).html)
    assert ">Danger, @julie : « Rien à voir… »</h1>" in plain(page_message(other).html)


def test_a_stranger_can_neither_start_a_line_nor_reverse_one() -> None:
    hostile = Author(
        name="Léa\r\nBcc: x@example.org\n\nJe prends : https://evil.example/p/\u202eabc" + "x" * 5000
    )
    worst = mention("Bonjour\r\n\r\nÀ faire : rien\u2028" + "A" * 5000).model_copy(update={"author": hostile})
    facts = replace(
        FACTS,
        brand_name="Maison\r\nBcc: y@example.org",
        headline="Alerte\r\nBcc: z@example.org\u2029\u202efin",
        mentions=(worst,),
    )

    message = page_message(facts)

    assert len(message.subject.splitlines()) == 1
    assert len(message.subject) <= 150
    assert not [
        line for line in message.text.splitlines() if line.lower().startswith(("bcc", "à faire : rien"))
    ]
    assert sum(line.startswith("Je prends") for line in message.text.splitlines()) == 1
    for shown in (
        message.subject,
        message.text,
        message.html,
        link_page("open", "fr", nonce="n", facts=facts),
    ):
        assert "\u202e" not in shown
        assert len(shown) < 10_000


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", '"><img src=x onerror=p()>'])
def test_html_escapes_the_names_that_strangers_chose(name: str) -> None:
    worst = mention("Bonjour").model_copy(update={"author": Author(name=name), "source": name})
    facts = replace(FACTS, mentions=(worst,), brand_name=name)

    for page in (
        page_message(facts).html,
        link_page("open", "fr", nonce="n", facts=facts),
        link_page("taken", "fr", nonce="n", facts=facts, who=name, when=SATURDAY),
    ):
        assert "<script>alert" not in page
        assert "<img" not in page
        assert "&lt;" in page


@pytest.mark.parametrize(
    "url", ["http://[half", "https://x.example/\nBcc: a", "javascript:alert(1)", "", None]
)
def test_an_address_that_is_none_is_not_shown(url: str | None) -> None:
    worst = mention("Bonjour").model_copy(update={"url": url})

    message = page_message(replace(FACTS, mentions=(worst,), playbook=Playbook()))

    assert message.text.count("://") == 1
    assert message.html.count('href="') == 1


def test_french_is_printed_with_spaces_that_do_not_break() -> None:
    facts = replace(
        FACTS, headline="Boycott : « assez ! » dit-on", mentions=(mention("Vraiment ? Oui : 100 %"),)
    )

    for shown in (page_message(facts).text, page_message(facts).html):
        assert "Boycott\u00a0: «\u00a0assez\u202f!\u00a0» dit-on" in shown
        assert "Vraiment\u202f? Oui\u00a0: 100\u202f%" in shown
        assert "22\u00a0h\u00a040" in shown
    english = page_message(replace(facts, language="en", mentions=())).text
    assert "\u00a0" not in english


def test_typography_leaves_tags_and_styles_alone() -> None:
    page = link_page(
        "open", "fr", nonce="n", facts=replace(FACTS, headline="x", mentions=(), playbook=Playbook())
    )
    style = page[page.index("<style") : page.index("</style>")]

    assert "\u00a0" not in style
    assert "\u202f" not in style


def test_a_single_voice_is_not_added_up_and_several_are() -> None:
    several = Situation(mentions=6, authors=5, negative_share=1, reach=18_700, max_risk=100)
    text = plain(page_message(replace(FACTS, situation=several)).text)

    assert "6 mentions de 5 auteurs, risque jusqu'à 100 sur 100, portée 18 700 abonnés." in text
    assert "Une seule mention" not in text


def test_an_sms_says_how_bad_who_what_since_when_and_where_to_answer() -> None:
    short = page_message(replace(FACTS, headline="Danger, @julie : « Déjà vu ? »")).short
    english = page_message(replace(FACTS, language="en", zone="Europe/London", headline="Danger")).short

    assert short == (
        f'Critique, Maison Lacombe : Danger, @julie : "Déjà vu ?" Depuis sam. 22 h 40 (Paris). Répondre : {LINK}'
    )
    assert english == f"Critical, Maison Lacombe: Danger. Since Sat 21:40 (London). Answer: {LINK}"


@pytest.mark.parametrize(
    ("zone", "place"),
    [
        ("Europe/London", "heure de Londres"),
        ("Europe/Amsterdam", "heure d'Amsterdam"),
        ("Africa/Cairo", "heure du Caire"),
        ("Indian/Reunion", "heure de La Réunion"),
        ("UTC", "UTC"),
    ],
)
def test_a_zone_is_named_as_people_name_it(zone: str, place: str) -> None:
    assert f"({place})" in page_message(replace(FACTS, zone=zone)).text
