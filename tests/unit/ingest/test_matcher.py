import pytest

from services.contracts.errors import InvalidError
from services.contracts.values import Reference
from services.ingest.domain.document import Document
from services.ingest.domain.matcher import CompiledWatch, Matcher


def watch(identifier, query, brand="lacombe"):
    return CompiledWatch.of(brand, Reference(id=identifier), query)


def ids(found):
    return {brand: [reference.id for reference in references] for brand, references in found.items()}


def test_a_text_may_concern_several_brands_and_several_watches_of_one():
    matcher = Matcher(
        [watch("name", "lacombe"), watch("leak", "lacombe fuite"), watch("rival", "fuite OR odeur", "durand")]
    )
    assert ids(matcher.match(Document("Une fuite chez Lacombe"))) == {
        "lacombe": ["leak", "name"],
        "durand": ["rival"],
    }
    assert ids(matcher.match(Document("Une fuite chez Lacombe"), brand="durand")) == {"durand": ["rival"]}
    assert matcher.match(Document("Il fait beau")) == {}


def test_only_watches_that_share_a_word_are_asked():
    asked = []

    def spy(name):
        def test(_document):
            asked.append(name)
            return True

        return test

    watches = [
        CompiledWatch("b", Reference(id=f"w{n}"), frozenset({f"mot{n}"}), spy(n)) for n in range(1_000)
    ]
    Matcher(watches).match(Document("mot7 et mot500, pas mots8"))
    assert sorted(asked) == [7, 500]


def test_a_query_that_matches_everything_makes_no_watch():
    with pytest.raises(InvalidError):
        watch("wide", "NOT rugby")
