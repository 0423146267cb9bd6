from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from services.ingest.domain.folding import fold, tokens, words


def test_accents_case_and_ligatures_do_not_matter():
    assert words("Œuvre ŒUVRE oeuvre œuvre") == ["oeuvre"] * 4
    assert words("CRÈME crème creme cre\u0300me") == ["creme"] * 4
    assert words("Straße STRASSE Łódź Sørensen") == ["strasse", "strasse", "lodz", "sorensen"]


def test_an_elision_gives_the_article_and_the_word_whatever_the_apostrophe():
    for apostrophe in "'\u2019\u2018\u02bc\u00b4\uff07`":
        assert words(f"l{apostrophe}Oréal") == ["l", "oreal"], hex(ord(apostrophe))


def test_hashtags_and_handles_are_their_word():
    assert words("#Lacombe @lacombe (Lacombe) «Lacombe» Lacombe!") == ["lacombe"] * 5


def test_underscores_do_not_cut_a_handle():
    assert words("@lacombe_officiel") == ["lacombe_officiel"]


def test_invisible_characters_do_not_hide_a_word():
    assert words("La\u200bcom\u00adbe l\u202ea\u2060c\ufeffombe") == ["lacombe", "lacombe"]


def test_disguised_letters_are_letters():
    assert words("\U0001d40bacombe \uff2cacombe \u24c1acombe") == ["lacombe"] * 3


def test_scripts_without_spaces_give_a_token_a_character():
    assert words("東京タワーへ行く") == list("東京タワーへ行く")


def test_a_token_spans_its_letters_and_their_accents():
    text = "Ah\u00a0! L\u2019Ore\u0301al\u200b, œuvre"
    assert [text[token.start : token.end] for token in tokens(text)] == [
        "Ah",
        "L",
        "Ore\u0301al\u200b",
        "œuvre",
    ]


@given(st.text())
def test_tokens_and_words_agree_and_spans_are_in_order(text):
    found = list(tokens(text))
    assert [token.word for token in found] == words(text)
    assert all(0 <= token.start < token.end <= len(text) for token in found)
    assert all(before.start <= after.start for before, after in pairwise(found))


@given(st.text())
def test_folding_again_changes_nothing(text):
    assert words(fold(text)) == words(text)
