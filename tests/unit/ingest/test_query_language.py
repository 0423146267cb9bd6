import pytest

from services.contracts.errors import InvalidError
from services.ingest.domain.document import Document
from services.ingest.domain.query.anchor import anchors, require_anchors
from services.ingest.domain.query.evaluation import compiled, spans
from services.ingest.domain.query.parsing import MAX_LENGTH, parse
from services.ingest.domain.query.syntax import And, Not, Or, Term


def word(text):
    return Term((text,))


@pytest.mark.parametrize(
    ("query", "tree"),
    [
        ("lacombe", word("lacombe")),
        ("Lacombe YAOURT", And((word("lacombe"), word("yaourt")))),
        ("a AND b c", And((word("a"), word("b"), word("c")))),
        ("a b OR c d", Or((And((word("a"), word("b"))), And((word("c"), word("d")))))),
        ("a (b OR c)", And((word("a"), Or((word("b"), word("c")))))),
        ("a NOT b", And((word("a"), Not(word("b"))))),
        ("a -b -(c OR d)", And((word("a"), Not(word("b")), Not(Or((word("c"), word("d"))))))),
        ('a -"b c"', And((word("a"), Not(Term(("b", "c")))))),
        ("l'Oréal", Term(("l", "oreal"))),
        ("saint-gobain", Term(("saint", "gobain"))),
        ("« service client »", Term(("service", "client"))),
        ("\u201cservice client\u201d", Term(("service", "client"))),
        ("#lacombe @lacombe", And((word("lacombe"), word("lacombe")))),
        ("or and not", And((word("or"), word("and"), word("not")))),
        ("a\u2013b \u2013c", And((Term(("a", "b")), Not(word("c"))))),
        ("NOT NOT a", Not(Not(word("a")))),
        ('"OU" b', And((word("ou"), word("b")))),
        ("R&D", Term(("r", "d"))),
    ],
)
def test_a_query_is_understood(query, tree):
    assert parse(query) == tree


@pytest.mark.parametrize(
    ("query", "at", "problem"),
    [
        ("lacombe AND", 12, "A word is missing after AND: the query ends"),
        ("lacombe OR OR b", 12, "A word is missing after OR: there is OR"),
        ("AND lacombe", 1, "A word is missing: there is AND"),
        ("lacombe ()", 10, "A word is missing after (: there is )"),
        ("(lacombe OR b", 1, "This parenthesis is never closed"),
        ("lacombe) b", 8, "This parenthesis was never opened"),
        ('lacombe "fuite', 9, "This quotation mark is never closed"),
        ('lacombe ""', 9, "This phrase holds no letter and no digit"),
        ("lacombe AND &&", 13, "This holds no letter and no digit"),
        ("lacombe - rugby", 9, "A dash alone excludes nothing"),
        ("lacombe*", 8, "* is not understood"),
        ('"la*"', 4, "* is not understood"),
        ("lac?mbe", 4, "? is not understood"),
        ("lacombe NEAR/5 fuite", 9, "NEAR is not understood"),
        ("title:lacombe", 1, "Fields are not understood"),
        ("lacombe OU fuite", 9, "OU is not an operator"),
        ("lacombe SAUF rugby", 9, "SAUF is not an operator"),
        ("lacombe !rugby", 9, "An exclamation mark excludes nothing"),
        ("(" * 50 + "a" + ")" * 50, 41, "More than 40 levels deep"),
    ],
)
def test_a_mistake_is_shown_where_it_is(query, at, problem):
    with pytest.raises(InvalidError) as caught:
        parse(query)
    (fault,) = caught.value.faults
    assert fault.field == "query"
    first, line, caret = fault.problem.split("\n")
    assert first == f"{problem} (character {at}):"
    column = caret.index("^")
    assert (line + " ")[column] == (query + " ")[at - 1]
    assert fault.fix.endswith((".", "rugby"))


def test_a_long_query_is_shown_around_its_mistake_on_one_line():
    with pytest.raises(InvalidError) as caught:
        parse("\n".join(["lacombe"] * 40) + "\nAND\n" + "fuite*\n" + "x " * 100)
    _, line, caret = caught.value.faults[0].problem.split("\n")
    assert line[caret.index("^")] == "*"
    assert line.startswith("...")
    assert line.endswith("...")


@pytest.mark.parametrize("query", ["", "   ", "\n", "a" * (MAX_LENGTH + 1)])
def test_nothing_and_too_much_are_refused(query):
    with pytest.raises(InvalidError):
        parse(query)


@pytest.mark.parametrize(
    "query", ["NOT a", "-a", "NOT (a OR b)", "a OR NOT b", "NOT a NOT b", "NOT (a NOT b)", "a OR (b OR -c)"]
)
def test_a_query_that_needs_none_of_its_words_is_refused(query):
    with pytest.raises(InvalidError, match="none of its words"):
        require_anchors(parse(query))


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("a", {"a"}),
        ("a NOT b", {"a"}),
        ("NOT NOT a", {"a"}),
        ("NOT (a OR NOT b)", {"b"}),
        ("a OR b", {"a", "b"}),
        ("(a OR b) lacombe", {"lacombe"}),
        ("le lacombe", {"lacombe"}),
        ('"le lacombe"', {"lacombe"}),
    ],
)
def test_anchors_are_few_and_long(query, found):
    assert anchors(parse(query)) == found


@pytest.mark.parametrize(
    ("query", "text", "matched"),
    [
        ("lacombe", "Encore une fuite chez Lacombe", True),
        ("lacombe", "Lacomberie en fête", False),
        ("lacombe", "les yaourts #LACOMBE !", True),
        ("lacombe", "vu chez @lacombe.", True),
        ("lacombe", "le site lacombe.fr est en panne", True),
        ("oréal", "les salariés de L\u2019OREAL", True),
        ("l'oréal", "les salariés de L\u2019OREAL", True),
        ("l'oréal", "oreal tout court", False),
        ('"service client"', "le service du client", False),
        ('"service client"', "le Service-Client", True),
        ('"a a b"', "a a a b", True),
        ("lacombe -rugby", "lacombe marque au rugby", False),
        ("lacombe (fuite OR odeur)", "lacombe sent bon", False),
    ],
)
def test_matching(query, text, matched):
    assert compiled(parse(query))(Document(text)) is matched


def test_title_and_text_are_both_searched_but_no_phrase_reaches_over():
    document = Document("client mécontent", title="Le service")
    assert compiled(parse("service client"))(document)
    assert not compiled(parse('"service client"'))(document)


def test_spans_explain_a_match_and_leave_exclusions_out():
    text = "Fuite chez L'Oréal : une fuite, pas du rugby"
    node = parse("l'oreal fuite -football NOT NOT une")
    assert [text[start:end] for start, end in spans(node, text)] == ["Fuite", "L'Oréal", "une", "fuite"]
