from __future__ import annotations

import pytest

from services.notify.domain.phrase import sentence


@pytest.mark.parametrize(
    ("rounds", "french", "english"),
    [(0, "0 tour", "0 rounds"), (1, "1 tour", "1 round"), (2, "2 tours", "2 rounds")],
)
def test_numbers_agree_with_their_nouns(rounds: int, french: str, english: str) -> None:
    assert sentence("exhausted", "fr", rounds=rounds) == f"personne n'a répondu après {french}"
    assert sentence("exhausted", "en", rounds=rounds) == f"nobody answered after {english}"


def test_other_numbers_are_told_as_they_are() -> None:
    assert sentence("step_started", "fr", round=2, step=1) == "tour 2, étape 1"
