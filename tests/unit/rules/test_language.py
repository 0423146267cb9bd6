"""Telling the languages of many texts at once: what one says never depends on the others."""

from __future__ import annotations

import random

import pytest
from py3langid.langid import MODEL_FILE, LanguageIdentifier

from services.rules.sentiment.language import EXPECTED, languages_of
from services.rules.sentiment.ngram import Model

WORDS = """crème service nul honte merci livraison the order never arrived thank you der Kuchen war lecker pero
    no me gusta la torta è buona het pakket is kapot o pacote não chegou هذا المنتج سيء 👍 ... 12 ÉNORME œuvre straße"""


def texts(count: int) -> list[str]:
    draw = random.Random(5)
    return [" ".join(draw.choices(WORDS.split(), k=draw.randint(0, 60))) for _ in range(count)]


@pytest.fixture(scope="module")
def model() -> Model:
    return Model(EXPECTED)


def test_a_text_scores_the_same_alone_and_among_others(model):
    samples = [text.encode() for text in ["", *texts(600), "é" * 240]] + [b"\xed\xa0\xbd half a pair"]
    together = model.guess(samples)
    alone = [guess for sample in samples for guess in model.guess([sample])]
    assert together == alone, "to the last bit: a replay in other batches must conclude the same"


def test_it_scores_as_the_library_does(model):
    library = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    library.set_languages(list(EXPECTED))
    for text in texts(300):
        if not text:
            continue
        sample = (text.lower() if text.isupper() else text).encode()
        [(language, probability)] = model.guess([sample])
        told, likely = library.classify(sample)
        assert probability == pytest.approx(likely, abs=2e-4), text  # it adds up in single precision
        assert language == told or probability == pytest.approx(0.5, abs=0.1), text


def test_nothing_to_go_by_is_no_language(model):
    assert model.guess([]) == []
    assert model.guess([b""])[0][1] == pytest.approx(1 / len(EXPECTED))
    assert languages_of(["ça", "👍👍", "", "12 ?", "ok"], [None, "fr-FR", None, "zz1", "en"]) == [
        "und",
        "fr",
        "und",
        "und",
        "en",
    ]
    assert languages_of([], []) == []
