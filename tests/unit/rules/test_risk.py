"""Risk: what it adds up, what it leaves alone, and the clauses that people read."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from services.contracts.events import MentionFound
from services.contracts.ids import mention_id
from services.contracts.values import Author
from services.rules.domain.assessment import Assessment
from services.rules.sentiment.assessor import LexiconAssessor
from services.rules.sentiment.language import languages_of

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)


def mention(text: str, **fields: object) -> MentionFound:
    fields = {"source": "api", "source_kind": "push"} | fields
    return MentionFound(
        brand="lumea",
        mention_id=mention_id("api", text, "lumea"),
        external_id=text[:100],
        text=text,
        published_at=NOW,
        received_at=NOW,
        **fields,
    )


def assess(text: str, tongue: str = "fr", **fields: object) -> Assessment:
    return LexiconAssessor(tongue).assess([mention(text, **fields)])[0]


@pytest.mark.parametrize(
    ("text", "code", "topic"),
    [
        (
            "Ma fille a des brûlures au visage après la crème, on a fini aux urgences",
            "health",
            "product_safety",
        ),
        ("Une enceinte de la marque a pris feu dans le salon, nous sommes furieux", "fire", "product_safety"),
        ("Un salarié est mort dans l'usine, la direction se tait, scandaleux", "death", "product_safety"),
        ("Fuite de données massive, mes mots de passe sont en ligne, une honte", "data_leak", "data"),
        ("Publicité raciste et inacceptable, boycottez, partagez", "racism", "discrimination"),
        (
            "Harcèlement des vendeuses en boutique, deux témoignages, c'est révoltant. Faites tourner",
            "harassment",
            "employees",
        ),
        (
            "My daughter was rushed to the emergency room, burns everywhere, disgusting company",
            "health",
            "product_safety",
        ),
        ("Huge data breach, passwords leaked, and they lied about it", "data_leak", "data"),
    ],
)
def test_dangers_told_in_anger_are_at_seventy_or_more(text: str, code: str, topic: str) -> None:
    assessment = assess(text)
    assert assessment.risk >= 70
    assert assessment.reasons[0].code == code
    assert topic in assessment.topics


@pytest.mark.parametrize(
    "text",
    [
        "Mon colis est perdu, service client injoignable, une honte",
        "Service nul, je suis furieuse, plus jamais",
        "Arnaque totale, ne commandez pas chez eux",
        "Merci bravo, encore une commande annulée",
        "The app is slow and buggy, worst update ever",
        "Très déçue de la nouvelle formule, elle sent mauvais",
    ],
)
def test_ordinary_complaints_stay_under_sixty(text: str) -> None:
    assert 0 < assess(text).risk < 60


@pytest.mark.parametrize(
    "text",
    [
        "mdr je suis morte de rire, cette pub est une tuerie",
        "J'adore cette crème, ma fille aussi, partagez vos avis",
        "Aucun danger pour la peau, très doux",
        "C'est de la bombe ce parfum",
        "To die for, this chocolate",
        "Ouverture d'une boutique à Lyon samedi",
        "Salade à l'avocat ce midi",
    ],
)
def test_what_only_looks_dangerous_is_not(text: str) -> None:
    assert assess(text).risk < 10


def test_the_score_is_the_sum_of_its_reasons_capped() -> None:
    some = assess("Arnaque totale, ne commandez pas chez eux")
    assert some.risk == round(sum(reason.points for reason in some.reasons))
    all_of_it = assess(
        "Ma fille est à l'hôpital, brûlures, un mort, boycottez, partagez",
        author=Author(handle="journaliste_lyon", followers=900_000, verified=True),
        engagement=50_000,
    )
    assert all_of_it.risk == 100
    points = [reason.points for reason in all_of_it.reasons]
    assert points == sorted(points, reverse=True)


def test_an_audience_counts_with_what_there_is_to_spread() -> None:
    text = "Service nul, je suis furieuse"
    alone, followed = assess(text), assess(text, author=Author(followers=100_000))
    assert followed.risk - alone.risk == pytest.approx(14, abs=1)  # 6 a decade over 1,000, and 2
    praise = assess("J'adore cette crème", author=Author(followers=1_000_000, verified=True))
    assert praise.risk <= 5


def test_followers_count_by_their_logarithm() -> None:
    risks = [
        assess("Service nul, furieuse", author=Author(followers=n)).risk
        for n in (999, 10_000, 100_000, 1_000_000)
    ]
    assert risks == sorted(set(risks))


def test_press_and_silence_add_their_reasons() -> None:
    codes = {r.code for r in assess("Toujours pas de réponse, inadmissible", source_kind="press").reasons}
    assert {"press", "unanswered", "negative_tone"} <= codes


def test_clauses_are_in_the_installation_s_language() -> None:
    text = "Des brûlures après la crème, je suis furieuse"
    assert assess(text, "fr").reasons[0].text == "danger pour la santé (« brûlures »)"
    assert assess(text, "en").reasons[0].text == "danger to health (“brûlures”)"


@pytest.mark.parametrize(
    ("text", "hint", "expected"),
    [
        ("Bonjour, mon colis n'est jamais arrivé", None, "fr"),
        ("My parcel never arrived and nobody answers", None, "en"),
        ("My parcel never arrived and nobody answers", "fr", "en"),
        ("Muchas gracias por la entrega tan rápida", None, "es"),
        ("Vielen Dank für die schnelle Lieferung", None, "de"),
        ("الخدمة سيئة جدا", None, "ar"),
        ("lol", None, "und"),
        ("lol", "fr", "fr"),
        ("👍", "fr-FR", "fr"),
        ("👍", "nonsense", "und"),
        ("", None, "und"),
    ],
)
def test_language(text: str, hint: str | None, expected: str) -> None:
    assert languages_of([text], [hint]) == [expected]


def test_titles_count() -> None:
    assert assess("Voir l'article", title="Incendie chez Lumea : deux blessés").risk >= 60
