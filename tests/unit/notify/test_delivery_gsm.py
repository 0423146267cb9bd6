from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notify.domain.gsm import fit, segments, septets, to_gsm

TAIL = " Je prends : https://veilleur.example.org/p/" + "a" * 40


@pytest.mark.parametrize(
    ("text", "gsm"),
    [
        ("Déjà à l'œuvre", "Déjà à l'oeuvre"),
        ("« Ça alors… »", '"Ça alors..."'),
        ("dit «\u00a0\U0001f525\u202f» hier", "dit hier"),
        ("tête brûlée, naïf, garçon", "tete brulée, naif, garcon"),
        ("l\u2019été 12\u202f000 €", "l'été 12 000 €"),
        ("feu \U0001f525 !", "feu !"),
        ("●", ""),
    ],
)
def test_what_the_alphabet_lacks_is_written_otherwise(text: str, gsm: str) -> None:
    assert to_gsm(text) == gsm


@pytest.mark.parametrize(
    ("text", "parts"),
    [("a" * 160, 1), ("a" * 161, 2), ("a" * 306, 2), ("a" * 307, 3), ("€" * 80, 1), ("€" * 81, 2)],
)
def test_segments_count_septets(text: str, parts: int) -> None:
    assert segments(text) == parts


@given(st.text(max_size=2000))
def test_a_page_is_never_more_than_two_segments_and_always_ends_with_its_link(text: str) -> None:
    short = fit(text, TAIL)

    assert segments(short) <= 2
    assert short.endswith(TAIL)
    assert to_gsm(short) == short


def test_a_long_text_is_cut_at_a_word_and_says_so() -> None:
    short = fit("Maison Lacombe, critique : " + "boycott " * 60, TAIL)

    assert "boycott..." in short
    assert 290 <= septets(short) <= 306


def test_a_short_text_is_left_alone() -> None:
    assert fit("Bref.", " https://v/p/x") == "Bref. https://v/p/x"


def test_a_cut_closes_the_quote_it_opened_and_leaves_no_fourth_dot() -> None:
    quoted = fit("Elle dit : « " + "boycott. " * 60 + "»", TAIL)
    ended = fit("Maison Lacombe. " * 60, TAIL)

    assert 'boycott..." Je prends' in quoted
    assert "Lacombe... Je prends" in ended or "Maison... Je prends" in ended
