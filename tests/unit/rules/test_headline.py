from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from services.contracts.events import MentionFound
from services.contracts.values import Author, Reason, Situation
from services.rules.domain.headline import Tongue, excerpt, of_mention, of_window, reasons_of_window
from services.rules.domain.variable import Moment

SATURDAY = Moment(off_hours=True, hour=23, weekday=6)
REASONS = (
    Reason(code="negative_tone", text="ton négatif", points=30),
    Reason(code="health", text="danger pour la santé (« métal dans »)", points=28),
)


def situation(mentions: int, usual: float | None = None, *, authors: int = 43, window: int = 30) -> Situation:
    return Situation(
        mentions=mentions,
        authors=authors,
        negative_share=0.77,
        reach=0,
        max_risk=83,
        usual=usual,
        window_minutes=window,
    )


def mention(text: str, **author: object) -> MentionFound:
    at = datetime(2026, 3, 7, 22, tzinfo=UTC)
    return MentionFound(
        brand="lumea",
        mention_id=UUID(int=1),
        source="forum",
        source_kind="push",
        external_id="1",
        text=text,
        author=Author.model_validate(author),
        published_at=at,
        received_at=at,
    )


@pytest.mark.parametrize(
    ("mentions", "usual", "french", "english"),
    [
        (
            12,
            3.0,
            "Quatre fois plus de mentions que d'habitude un samedi à 23 h (12 en 30 min), 77 % négatives, 43 auteurs",
            "Four times the usual mentions for a Saturday at 23:00 (12 in 30 min), 77% negative, 43 authors",
        ),
        (
            1500,
            1.0,
            "1 500 fois plus de mentions que d'habitude un samedi à 23 h (1 500 en 30 min), 77 % négatives, 43 auteurs",
            "1,500 times the usual mentions for a Saturday at 23:00 (1,500 in 30 min), 77% negative, 43 authors",
        ),
        (
            10,
            0.2,
            "Presque rien d'habitude un samedi à 23 h, et là 10 mentions en 30 min, 77 % négatives, 43 auteurs",
            "Usually next to nothing on a Saturday at 23:00, and now 10 mentions in 30 min, 77% negative, 43 authors",
        ),
        (
            10,
            8.0,
            "10 mentions en 30 min (8 d'habitude), 77 % négatives, 43 auteurs",
            "10 mentions in 30 min (8 usually), 77% negative, 43 authors",
        ),
        (
            10,
            None,
            "10 mentions en 30 min, 77 % négatives, 43 auteurs",
            "10 mentions in 30 min, 77% negative, 43 authors",
        ),
    ],
)
def test_a_window_says_in_words_how_unusual_it_is(
    mentions: int, usual: float | None, french: str, english: str
) -> None:
    assert of_window(situation(mentions, usual), SATURDAY, None, "fr") == french
    assert of_window(situation(mentions, usual), SATURDAY, None, "en") == english


def test_one_of_anything_is_singular() -> None:
    line = of_window(situation(1, authors=1), SATURDAY, None, "fr")
    reasons = [reason.text for reason in reasons_of_window(situation(1, 1.0, authors=1), "fr")]

    assert line == "1 mention en 30 min, 77 % négatives, 1 auteur"
    assert reasons == [
        "1 mention en 30 min, 1 d'habitude",
        "77 % négatives",
        "1 auteur",
        "risque jusqu'à 83 sur 100",
    ]


@pytest.mark.parametrize(
    ("tongue", "line"),
    [
        ("fr", "Danger pour la santé, @sarah (1 840 abonnés) : « Je tremble »"),
        ("en", "Danger pour la santé, @sarah (1,840 followers): “Je tremble”"),
    ],
)
def test_a_mention_says_the_matter_then_who_then_what(tongue: Tongue, line: str) -> None:
    found = mention("Je tremble", handle="sarah", followers=1840)

    assert of_mention(found, situation(1, window=0), REASONS, None, tongue) == line


def test_several_mentions_are_counted_before_one_is_quoted() -> None:
    found = mention("Je tremble", handle="sarah", followers=1)
    late = timedelta(hours=6)

    assert of_mention(found, situation(6, authors=5, window=0), REASONS, late, "fr") == (
        "Danger pour la santé, 6 mentions de 5 auteurs, dont @sarah (1 abonné) : « Je tremble »"
        " (a commencé il y a 6 h)"
    )


def test_without_a_matter_the_risk_leads() -> None:
    line = of_mention(mention("Non"), situation(1, window=0), REASONS[:1], None, "fr")

    assert line == "Risque 83 sur 100, forum : « Non »"


def test_a_name_of_five_thousand_letters_over_many_lines_leaves_room_for_the_rest() -> None:
    found = mention("Je tremble", name="Léa\nBcc: x@example.org\n" + "x" * 5000)

    line = of_mention(found, situation(1, window=0), REASONS, None, "fr")

    assert "\n" not in line
    assert line.endswith("… : « Je tremble »")
    assert len(line) < 120


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("Maison Lacombe. " * 20, "Maison…"),
        ("Maison Lacombe. Rien", "Maison Lacombe…"),
        ("a" * 50, "aaaaaaaaaaaaaaaaa…"),
    ],
)
def test_a_cut_never_leaves_a_dot_before_its_ellipsis(text: str, cut: str) -> None:
    limit = 18 if not text.startswith("Maison Lacombe. M") else 12

    assert excerpt(text, limit) == cut
