import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.domain.plain import MAX_RAW, cleaned, readable, shortened


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("<p>Une&nbsp;fuite</p><p>chez <b>Lacombe</b></p>", "Une fuite\n\nchez Lacombe"),
        ("a<br>b<br/>c", "a\nb\nc"),
        ("<script>alert(1)</script>ok<style>p{}</style>", "ok"),
        ("<a href='x'>lien</a> caf&eacute; &amp; th&#233;", "lien café & thé"),
        ("j'aime <3 Lacombe, prix < 10 et > 5", "j'aime <3 Lacombe, prix < 10 et > 5"),
        ("prix <lacombe", "prix <lacombe"),
        ("Dupont &amp; fils", "Dupont & fils"),
        ("AT&T R&D; x", "AT&T R&D; x"),
        ("a\x00b\x07c\x1bd\x9f", "abcd"),
        ("a\r\nb\rc", "a\nb\nc"),
        ("a \t  b\n\n\n\nc", "a b\n\nc"),
        ("\u202egnp.exe\u202c \u200b\ufeffok", "gnp.exe ok"),
        ("e\u0301", "é"),
        ("\ud83d oops", "oops"),
        ("👨\u200d👩\u200d👧", "👨\u200d👩\u200d👧"),
        ("<!-- rien --> vu", "vu"),
    ],
)
def test_what_a_person_would_read(raw, text):
    assert readable(raw) == text


def test_html_is_read_as_html_when_its_type_says_so():
    assert readable("1 < 2 <unknown>x</unknown>", markup=True) == "1 < 2 x"


def test_megabytes_of_markup_are_bounded():
    assert len(readable("<div>" * 1_000_000 + "fin")) <= MAX_RAW


def test_cutting_shows():
    assert shortened("abcdef", 6) == "abcdef"
    assert shortened("abcdefg", 6) == "abcde\u2026"


@given(st.text(st.characters(exclude_categories=())))
def test_what_is_kept_can_be_written_anywhere(raw):
    text = readable(raw)
    text.encode()
    assert "\x00" not in text
    assert cleaned(text) == text
