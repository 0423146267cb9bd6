"""A guard only ever says what the evaluation would have said: false."""

from __future__ import annotations

import random

import pytest
from cel_expr_python import cel

from services.rules.domain.condition import MENTION, WINDOW, EvaluationError, Expression
from services.rules.domain.guard import excluded, guard_of

MOMENT = {"brand": "lumea", "off_hours": True, "hour": 23, "weekday": 6}
VALUES = MOMENT | {
    "text": "rappel && retrait",
    "language": "fr",
    "sentiment": "negative",
    "confidence": 0.5,
    "risk": 80,
    "topics": ["legal"],
    "followers": 0,
    "engagement": 3,
    "verified": False,
    "source": "api",
    "source_kind": "push",
    "watches": [],
}


@pytest.mark.parametrize(
    ("source", "terms"),
    [
        ("risk >= 80", 1),
        ("  risk>=80&&followers<3  ", 2),
        ('followers >= 20000 && sentiment == "negative" && risk >= 40 && risk < 80', 4),
        ("off_hours && !verified && hour == 23", 3),
        ("sentiment != 'positive' && confidence > 0.25", 2),
        ('contains_any(text, ["a && b", "c || d"]) && risk > -1', 1),
        ("(risk >= 80 || verified) && followers > 10", 1),
        ("topics.exists(t, t == 'legal' && true) && !off_hours", 1),
        ("100 / followers > 3 && risk > 90", 1),
        # What binds less than `&&`, or might be read wrongly, leaves nothing to be sure of.
        ("risk >= 80 || verified", 0),
        ("risk >= 80 && verified || off_hours", 0),
        ("risk >= 80 ? verified : off_hours && risk > 2", 0),
        ("risk >= 80 // && risk < 3", 0),
        ('text == "\\"" && risk > 90', 0),
        ("text == '''a''' && risk > 90", 0),
        ("80 <= risk", 0),
        ("risk + 1 >= 80", 0),
        ("!(risk > 90)", 0),
    ],
)
def test_which_comparisons_decide(source, terms):
    assert len(guard_of(source, MENTION.variables)) == terms
    expression = MENTION.compile("when", source, cel.Type.BOOL)
    assert _outcome(expression) == _outcome(Expression(expression.compiled))


def test_any_mix_of_conditions_holds_or_not_as_without_a_guard():
    draw = random.Random(11)
    atoms = [
        *(
            f"{name} {sign} {number}"
            for name in ("risk", "hour")
            for sign in ("<", "<=", ">", ">=", "==", "!=")
            for number in (-1, 23, 80)
        ),
        *("verified", "!verified", "off_hours", "!off_hours", "confidence >= 0.5", "confidence < 0.25"),
        *(
            'language == "fr"',
            "language != 'fr'",
            "'legal' in topics",
            "text.contains(' && ')",
            "size(watches) == 0",
        ),
    ]

    def source(depth: int) -> str:
        if depth == 0 or draw.random() < 0.3:
            return draw.choice(atoms)
        joined = draw.choice([" && ", "&&", " || "]).join(
            source(depth - 1) for _ in range(draw.randint(1, 4))
        )
        return draw.choice(
            [joined, f"({joined})", f"!({joined})", f"({joined}) ? true : {draw.choice(atoms)}"]
        )

    decided = 0
    for _ in range(1500):
        expression = MENTION.compile("when", source(3), cel.Type.BOOL)
        decided += excluded(expression.guard, VALUES)
        assert _outcome(expression) == _outcome(Expression(expression.compiled))
    assert decided > 100, "or this has shown nothing"


def test_a_comparison_that_fails_decides_before_an_error_as_in_cel():
    values = MOMENT | {"mentions": 0, "usual": 0.0, "ratio": 0.0}
    broken = WINDOW.compile("when", "100 / mentions > 3 && hour == 3", cel.Type.BOOL)
    assert broken.value(WINDOW.given(values)) is False
    assert Expression(broken.compiled).value(WINDOW.given(values)) is False
    with pytest.raises(EvaluationError):
        WINDOW.compile("when", "100 / mentions > 3 && hour == 23", cel.Type.BOOL).value(WINDOW.given(values))


def _outcome(expression: Expression) -> object:
    try:
        return expression.value(MENTION.given(VALUES))
    except EvaluationError as error:
        return str(error)
