from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from services.ingest.domain.plain import MAX_RAW, MAX_TEXT
from services.ingest.domain.submission import Draft, SubmittedMention

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)


def draft(**fields):
    return Draft.of(
        SubmittedMention.model_validate({"text": "Fuite chez Lacombe", **fields}), received_at=NOW
    )


def test_a_mention_without_date_was_said_when_it_came():
    assert draft().found("b", ()).published_at == NOW


def test_a_naive_date_is_utc_and_a_zone_is_converted():
    assert draft(published_at="2026-03-01T10:00:00").found("b", ()).published_at == datetime(
        2026, 3, 1, 10, tzinfo=UTC
    )
    found = draft(published_at="2026-03-01T10:00:00+01:00").found("b", ())
    assert found.published_at == datetime(2026, 3, 1, 9, tzinfo=UTC)


def test_a_date_in_the_future_does_not_count_in_the_future():
    found = draft(published_at="2031-01-01T00:00:00Z").found("b", ())
    assert found.event_time == NOW


@pytest.mark.parametrize(
    "moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "hier", "2026-13-01"]
)
def test_an_impossible_date_is_a_fault_of_its_field(moment):
    with pytest.raises(ValidationError) as caught:
        draft(published_at=moment)
    assert caught.value.errors()[0]["loc"] == ("published_at",)


def test_without_id_the_content_is_the_id():
    assert draft().external_id == draft().external_id
    assert draft().external_id != draft(text="Fuite chez Durand").external_id
    assert draft().external_id != draft(author={"handle": "x"}).external_id
    assert draft().external_id != draft(published_at="2026-03-01T10:00:00Z").external_id


def test_the_same_mention_of_two_brands_is_two_mentions():
    found = [draft(external_id="1").found(brand, ()) for brand in ("a", "b")]
    assert found[0].mention_id != found[1].mention_id


def test_the_revision_comes_from_the_sender_or_grows_with_the_edit():
    assert draft().revision == 0
    assert draft(revision=7, edited_at="2026-03-01T10:00:00Z").revision == 7
    first, second = (draft(edited_at=f"2026-03-01T10:00:0{n}Z").revision for n in (1, 2))
    assert 0 < first < second
    assert draft(edited_at="2031-01-01T00:00:00Z").revision == draft(edited_at=NOW.isoformat()).revision
    assert draft(edited_at="1990-01-01T00:00:00Z").revision == 0


def test_a_long_text_is_cut_and_says_so():
    assert not draft(text="a" * MAX_TEXT).truncated
    long = draft(text="a" * (MAX_TEXT + 1))
    assert long.truncated
    assert len(long.text) == MAX_TEXT


def test_markup_without_end_is_cut_not_refused():
    endless = draft(text="<p>Fuite</p>" + "<br>" * MAX_RAW)
    assert (endless.text, endless.truncated) == ("Fuite", True)


def test_an_empty_field_is_a_field_left_out():
    empty = draft(external_id="", url=" ", language="", author={"name": "", "handle": "\u200b"})
    assert empty.external_id == draft().external_id
    assert (empty.submitted.url, empty.submitted.language) == (None, None)


def test_a_title_alone_is_a_text():
    alone = draft(text=" <p> </p>", title="Fuite")
    assert (alone.text, alone.title) == ("Fuite", None)
    assert draft(text="\x00\u200b", title=" ") is None


def test_hostile_characters_are_taken_out_not_refused():
    found = draft(
        text="a\ud800b\x00", external_id="x\x00y", author={"name": "N\ud83dom", "handle": "@@bob"}
    ).found("b", ())
    assert (found.text, found.external_id) == ("ab", "xy")
    assert (found.author.name, found.author.handle) == ("Nom", "bob")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("url", "javascript:alert(1)"),
        ("engagement", -1),
        ("language", "français"),
        ("source", "Mon Forum"),
        ("external_id", "x" * 513),
        ("texte", "faute de frappe"),
        ("revision", 2**31),
    ],
)
def test_a_wrong_field_is_named(field, value):
    with pytest.raises(ValidationError) as caught:
        draft(**{field: value})
    assert caught.value.errors()[0]["loc"] == (field,)


def test_the_language_is_reduced_to_its_first_part():
    assert draft(language="fr_CA").found("b", ()).language == "fr"


def test_received_is_when_it_came():
    assert draft(published_at=(NOW - timedelta(days=3)).isoformat()).found("b", ()).received_at == NOW
