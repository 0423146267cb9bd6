"""The written crisis, held to what it promises."""

from collections import Counter

import pytest

from services.cli.demo.script import read_script
from services.cli.demo.story import BRAND, END, START, documents, moment
from services.contracts.values import Reference
from services.ingest.domain.document import Document
from services.ingest.domain.matcher import CompiledWatch, Matcher
from services.ingest.domain.submission import SubmittedMention


@pytest.fixture(scope="module")
def feed():
    return read_script()


@pytest.fixture(scope="module")
def matcher():
    watches = [d for d in documents() if d.path == "/watches"]
    return Matcher(CompiledWatch.of(BRAND, Reference(id=d.id), d.doc["query"]) for d in watches)


def test_it_holds_more_than_four_hundred_different_mentions_of_the_brand(feed, matcher) -> None:
    matched = {
        cue.item["external_id"]: cue.item["text"] for cue in feed if matcher.match(Document(cue.item["text"]))
    }
    assert len(matched) >= 420
    assert len(set(matched.values())) == len(matched)


def test_no_two_texts_are_one_with_a_word_changed(feed) -> None:
    """Written, not generated: no two mentions share more than half of their words."""
    first = {cue.item["external_id"]: cue.item["text"] for cue in reversed(feed)}
    bags = [(i, set(text.casefold().split())) for i, text in first.items()]
    alike = [
        (a, b)
        for n, (a, left) in enumerate(bags)
        for b, right in bags[n + 1 :]
        if len(left) > 4 and len(left & right) > 0.5 * max(len(left), len(right))
    ]
    assert alike == []


def test_it_comes_in_order_within_the_four_days(feed) -> None:
    instants = [cue.at for cue in feed]
    assert instants == sorted(instants)
    assert instants[0] >= START
    assert instants[-1] <= END


def test_every_line_is_what_the_api_takes(feed) -> None:
    for cue in feed:
        SubmittedMention.model_validate(cue.item)


def test_the_look_alikes_do_not_match(feed, matcher) -> None:
    others = ("Thibault Lacombe", "La Lacomberie", "mairie de Lacombe", "ESSAI DE LACOMBE", "Cabinet Lacombe")
    texts = [cue.item["text"] for cue in feed if any(other in cue.item["text"] for other in others)]
    assert len(texts) >= len(others)
    assert [text for text in texts if matcher.match(Document(text))] == []


def test_the_storm_is_on_saturday_night(feed) -> None:
    hours = Counter((cue.at.date(), cue.at.hour) for cue in feed)
    (day, hour), most = hours.most_common(1)[0]
    assert (day, hour) == (moment(2, 23).date(), 23)
    assert most > 10 * sorted(hours.values())[len(hours) // 2]


def test_some_are_edited_and_some_come_twice(feed) -> None:
    seen = Counter((cue.item["external_id"], cue.item["revision"]) for cue in feed)
    assert sum(count > 1 for count in seen.values()) >= 10
    assert sum(revision > 0 for _, revision in seen) >= 10
    published = {}
    for cue in feed:
        assert (
            published.setdefault(cue.item["external_id"], cue.item["published_at"])
            == cue.item["published_at"]
        )
