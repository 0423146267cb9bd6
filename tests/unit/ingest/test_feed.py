import os
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from services.ingest.sources.feed import UnreadableFeedError, parse_feed

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)

# Read before the fixtures of the session empty the environment.
DATA = os.environ.get("VEILLEUR_DATA")
FIXTURES = sorted((Path(DATA) / "feeds").rglob("*.xml")) if DATA else []


def parse(document, **options):
    body = document.encode() if isinstance(document, str) else document
    given = {"source": "depeche", "url": "https://depeche.example/rss", "content_type": None, **options}
    return parse_feed(body, received_at=NOW, **given)


def rss(*items, channel=""):
    return f"<rss version='2.0'><channel>{channel}{''.join(f'<item>{item}</item>' for item in items)}</channel></rss>"


def only(document, **options):
    (entry,) = parse(document, **options).entries
    return entry.draft.found("lacombe", ())


def test_an_rss_item_becomes_a_mention():
    found = only(
        rss(
            "<guid>42</guid><title>Fuite chez Lacombe</title><link>/article/42</link>"
            "<description>&lt;p&gt;Une &lt;b&gt;odeur&lt;/b&gt;&lt;/p&gt;</description>"
            "<author>j.martin@depeche.example (Jeanne Martin)</author>"
            "<pubDate>Sat, 28 Feb 2026 23:10:00 +0100</pubDate>",
            channel="<language>fr-FR</language>",
        )
    )
    assert (found.external_id, found.title, found.text) == ("42", "Fuite chez Lacombe", "Une odeur")
    assert found.url == "https://depeche.example/article/42"
    assert found.published_at == datetime(2026, 2, 28, 22, 10, tzinfo=UTC)
    assert (found.language, found.author.name) == ("fr", "Jeanne Martin")
    assert (found.source, found.source_kind) == ("depeche", "feed")


def test_an_atom_entry_keeps_its_longest_text_and_its_first_date():
    found = only(
        "<feed xmlns='http://www.w3.org/2005/Atom' xml:lang='en'><entry><id>tag:a,1</id><title>T</title>"
        "<summary>Short</summary><content type='html'>&lt;p&gt;The whole of it&lt;/p&gt;</content>"
        "<published>2026-02-28T10:00:00Z</published><updated>2026-03-01T10:00:00Z</updated></entry></feed>"
    )
    assert found.text == "The whole of it"
    assert found.published_at == datetime(2026, 2, 28, 10, tzinfo=UTC)
    assert found.language == "en"


def test_entries_come_oldest_first():
    feed = parse(rss("<guid>2</guid><title>b</title>", "<guid>1</guid><title>a</title>"))
    assert [entry.draft.external_id for entry in feed.entries] == ["1", "2"]


def test_an_entry_without_anything_to_read_is_counted():
    feed = parse(rss("<guid>1</guid><link>https://x.example/</link>", "<title>ok</title>"))
    assert (len(feed.entries), feed.rejected) == (1, 1)


def test_entries_that_share_an_id_are_told_apart_by_their_link():
    one, two = (f"<guid>same</guid><title>t{n}</title><link>https://x.example/{n}</link>" for n in (1, 2))
    both, swapped = (parse(rss(*items)).entries for items in ([one, two], [two, one]))
    assert len({entry.draft.external_id for entry in both}) == 2
    assert {e.draft.external_id for e in both} == {e.draft.external_id for e in swapped}


def test_a_hostile_link_is_left_out_and_an_endless_id_is_kept_short():
    found = only(rss(f"<guid>{'x' * 5000}</guid><title>t</title><link>javascript:alert(1)</link>"))
    assert found.url is None
    assert len(found.external_id) <= 512


def test_an_edit_changes_the_fingerprint_and_a_new_date_does_not():
    one, redated, edited = (
        parse(rss(f"<guid>1</guid><title>{title}</title><pubDate>{date}</pubDate>")).entries[0].fingerprint
        for title, date in [
            ("a", "Sat, 28 Feb 2026 10:00:00 GMT"),
            ("a", "Sun, 01 Mar 2026 10:00:00 GMT"),
            ("b", "Sat, 28 Feb 2026 10:00:00 GMT"),
        ]
    )
    assert one == redated != edited


def test_the_character_set_may_come_with_the_answer():
    document = rss("<title>Léa</title>").encode("latin-1")
    assert only(document, content_type="application/xml; charset=iso-8859-1").text == "Léa"


def test_an_impossible_date_is_no_date():
    assert only(rss("<title>t</title><pubDate>32 Nivôse</pubDate>")).published_at == NOW


@pytest.mark.parametrize("body", ["", "<html><body>Maintenance</body></html>", "{}", "\x00\xff", "plain"])
def test_what_is_no_feed_is_said_to_be_none(body):
    with pytest.raises(UnreadableFeedError):
        parse(body)


def test_a_document_that_is_a_path_is_not_opened(tmp_path):
    secret = tmp_path / "feed.xml"
    secret.write_text(rss("<title>secret</title>"))
    with pytest.raises(UnreadableFeedError):
        parse(str(secret))


def test_entities_that_multiply_or_read_files_do_nothing(tmp_path):
    (tmp_path / "secret").write_text("hunter2")
    document = (
        f"<!DOCTYPE r [<!ENTITY f SYSTEM 'file://{tmp_path}/secret'><!ENTITY a 'aaaaaaaaaa'>"
        "<!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;'><!ENTITY c '&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;'>]>"
        + rss("<guid>1</guid><title>x &f; &c; y</title>")
    )
    found = parse(document).entries
    assert all("hunter2" not in entry.draft.text and len(entry.draft.text) < 500 for entry in found)


@pytest.mark.skipif(
    not FIXTURES, reason="VEILLEUR_DATA is not set: the corpus of feeds is not on this machine"
)
@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_feed_of_the_corpus_gives_mentions_or_counted_rejections(path):
    body = path.read_bytes()
    feed = parse(body)
    entries = len(re.findall(rb"<(?:\w+:)?(?:item|entry)\b", body.split(b"-->", 1)[1]))
    assert len(feed.entries) + feed.rejected == entries
    expected = re.search(rb"entries\[0\]\['(title|id)'\] == u?'([\w ]+)'", body)
    if expected and feed.entries:
        found = feed.entries[0].draft
        wanted = expected[2].decode()
        assert wanted == (found.external_id if expected[1] == b"id" else found.title or found.text)
