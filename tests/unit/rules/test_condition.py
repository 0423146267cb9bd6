"""What rule writers are told when an expression is wrong: where, what, and how to mend it."""

from __future__ import annotations

import pytest

from services.contracts.errors import Fault, InvalidError
from services.rules.domain.condition import MENTION, WINDOW, EvaluationError, compile_rule
from services.rules.domain.default import default_rules
from services.rules.domain.rule import Rule


def rule(**fields: object) -> Rule:
    return Rule.model_validate({"name": "r", "severity": "warning", "when": "true"} | fields)


def refused(**fields: object) -> Fault:
    with pytest.raises(InvalidError) as caught:
        compile_rule(rule(**fields))
    [fault] = caught.value.faults
    return fault


@pytest.mark.parametrize(
    ("when", "window", "place", "fix"),
    [
        ('risk >= "80"', None, "column 6", "take the quotes off"),
        ("risk > 1.5", None, "column 6", "write 2 rather than 2.0"),
        ("ratio >= 3", 30, "column 7", "write 3.0 rather than 3"),
        ("confidence > 1", None, "column 12", "write 3.0 rather than 3"),
        ("risq >= 80", None, "column 1", "Did you mean 'risk'?"),
        ("negative_shar >= 0.5", 30, "column 1", "Did you mean 'negative_share'?"),
        ("mentions >= 3", None, "column 1", "The variables are: "),
        ("risk >= 80", 30, "column 1", "Did you mean 'max_risk'?"),
        ("contain_any(text, ['x'])", None, "column 12", "Did you mean 'contains_any'?"),
        ("risk >= 80 && followers", None, "column 12", "Every side of && and ||"),
        ("risk >=", None, "column 8", "Mend the syntax"),
        ('text.contains("x', None, "Line 1", "Mend the syntax"),
        ("true &&\n  foo > 1", None, "Line 2, column 3", "The variables are"),
    ],
)
def test_a_mistake_is_refused_with_its_place_and_its_mending(
    when: str, window: int | None, place: str, fix: str
) -> None:
    fault = refused(when=when, window_minutes=window)
    assert fault.field == "when"
    assert place in fault.problem
    assert fix in fault.fix


def test_the_caret_stands_under_the_mistake() -> None:
    lines = refused(when='true &&\n  risk >= "é"').problem.splitlines()
    assert lines[1:] == ['  risk >= "é"', " " * 7 + "^"]


@pytest.mark.parametrize(
    ("when", "kind"), [("risk", "INT"), ("risk + 1", "INT"), ("text", "STRING"), ("topics", "LIST")]
)
def test_a_condition_must_be_true_or_false(when: str, kind: str) -> None:
    fault = refused(when=when)
    assert kind in fault.problem
    assert "not BOOL" in fault.problem


def test_a_dedup_key_must_be_text() -> None:
    fault = refused(dedup_key="hour")
    assert (fault.field, "string(...)" in fault.fix) == ("dedup_key", True)


def test_a_tone_that_does_not_exist_is_refused() -> None:
    fault = refused(when='risk > 1 && sentiment == "negatif"')
    assert 'never "negatif"' in fault.problem
    assert fault.fix == "Write one of: negative, neutral, positive."


def test_a_bad_pattern_is_refused() -> None:
    assert "regular expression" in refused(when='text.matches("(a+")').problem


def test_every_wrong_field_is_told_at_once() -> None:
    with pytest.raises(InvalidError) as caught:
        compile_rule(rule(when="x", critical_when="y", dedup_key="z"))
    assert [fault.field for fault in caught.value.faults] == ["when", "dedup_key", "critical_when"]


@pytest.mark.parametrize("tongue", ["fr", "en"])
def test_default_rules_compile(tongue: str) -> None:
    assert {each.name for each in default_rules(tongue).values()}
    for each in default_rules(tongue).values():
        compile_rule(each)


@pytest.mark.parametrize(
    ("text", "phrases", "expected"),
    [
        ("Une BRÛLURE au visage", "['brulure']", True),
        ("une brulure", "['Brûlure']", True),
        ("la feuille", "['feu']", False),
        ("il a pris feu.", "['pris feu', 'incendie']", True),
        ("", "['x']", False),
    ],
)
def test_contains_any_takes_whole_words_without_case_or_accents(
    text: str, phrases: str, expected: bool
) -> None:
    expression = compile_rule(rule(when=f"contains_any(text, {phrases})")).when
    assert expression.value(MENTION.given({"text": text})) is expected


@pytest.mark.parametrize("when", ["100 / mentions > 1", "[0][mentions + 1] == 1"])
def test_what_fails_at_run_time_says_so(when: str) -> None:
    expression = compile_rule(rule(when=when, window_minutes=5)).when
    with pytest.raises(EvaluationError):
        expression.value(WINDOW.given({"mentions": 0}))


def test_an_endless_expression_is_stopped() -> None:
    tens = "[1,2,3,4,5,6,7,8,9,10]"
    nested = f"{tens}.all(a, {tens}.all(b, {tens}.all(c, {tens}.all(d, {tens}.all(e, true)))))"
    with pytest.raises(EvaluationError, match="budget"):
        compile_rule(rule(when=nested)).when.value(MENTION.given({}))


def test_expressions_have_a_limit() -> None:
    with pytest.raises(ValueError, match="2000"):
        rule(when="true || " * 300 + "true")
