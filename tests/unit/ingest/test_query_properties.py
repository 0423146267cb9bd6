"""The language against a reference that is slow and obvious."""

from hypothesis import given
from hypothesis import strategies as st

from services.contracts.errors import InvalidError
from services.contracts.values import Reference
from services.ingest.domain.document import Document
from services.ingest.domain.folding import words
from services.ingest.domain.matcher import CompiledWatch, Matcher
from services.ingest.domain.query.anchor import anchors
from services.ingest.domain.query.evaluation import compiled
from services.ingest.domain.query.parsing import parse
from services.ingest.domain.query.syntax import And, Not, Or, Term

# Few words, so that random texts do match random queries.
WORDS = st.sampled_from(["lacombe", "fuite", "odeur", "rugby", "l", "or", "and"])
TERMS = st.lists(WORDS, min_size=1, max_size=3).map(lambda found: Term(tuple(found)))
NODES = st.recursive(
    TERMS,
    lambda inner: st.one_of(
        inner.map(Not),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: And(tuple(parts))),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: Or(tuple(parts))),
    ),
    max_leaves=8,
)
TEXTS = st.lists(WORDS, max_size=12).map(" ".join)


def naive(node, document):
    if isinstance(node, Term):
        return f" {' '.join(node.words)} " in f" {document} "
    if isinstance(node, Not):
        return not naive(node.part, document)
    return (all if isinstance(node, And) else any)([naive(part, document) for part in node.parts])


@given(NODES)
def test_a_printed_query_parses_to_the_same_tree(node):
    assert parse(str(node)) == node


@given(NODES, TEXTS)
def test_evaluation_agrees_with_the_reference(node, text):
    assert compiled(node)(Document(text)) == naive(node, text)


@given(NODES, TEXTS, TEXTS)
def test_title_and_text_agree_with_the_reference(node, title, text):
    assert compiled(node)(Document(text, title)) == naive(node, f"{title} | {text}")


@given(NODES, TEXTS)
def test_a_match_holds_an_anchor(node, text):
    found = anchors(node)
    if found is not None and naive(node, text):
        assert found & set(words(text))


@given(NODES)
def test_only_a_query_without_anchors_matches_unrelated_texts(node):
    assert naive(node, "rien a voir") == (anchors(node) is None)


@given(st.lists(NODES.filter(lambda node: anchors(node) is not None), max_size=12), TEXTS)
def test_many_watches_at_once_are_each_watch_on_its_own(nodes, text):
    watches = [
        CompiledWatch.of(f"brand-{number % 3}", Reference(id=f"w{number}"), str(node))
        for number, node in enumerate(nodes)
    ]
    found = Matcher(watches).match(Document(text))
    said = {reference.id for references in found.values() for reference in references}
    assert said == {f"w{number}" for number, node in enumerate(nodes) if naive(node, text)}


@given(st.text(st.sampled_from(' ()"-*?:!\u00ab\u00bbANDORTab\u2019é\u200b/\t\n'), max_size=30))
def test_any_text_is_a_query_or_a_fault_with_its_place(query):
    try:
        node = parse(query)
    except InvalidError as error:
        (fault,) = error.faults
    else:
        fault = None
        assert parse(str(node)) == node
    assert fault is None or (fault.field == "query" and fault.problem and fault.fix)
