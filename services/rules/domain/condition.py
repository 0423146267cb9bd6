"""Rule expressions: compiled once, typed, refused with their position when they are wrong."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cel_expr_python import cel

from services.contracts.errors import Fault, InvalidError
from services.contracts.values import Sentiment
from services.rules.domain import variable
from services.rules.domain.guard import Term, excluded, guard_of
from services.rules.domain.rule import Rule

_AT = re.compile(r"ERROR: <input>:(\d+):(\d+): ([^\n]*)")
_UNDECLARED = re.compile(r"undeclared reference to '([^']*)'")
_OVERLOAD = re.compile(r"no matching overload for '([^']*)' applied to '\(?([^)']*)\)?'")
_TONE = re.compile(r"""\bsentiment\s*[!=]=\s*(["'])(?P<tone>[^"']*)\1""")
_NAMES = (
    "contains_any",
    "size",
    "matches",
    "startsWith",
    "endsWith",
    "contains",
    "exists",
    "all",
    "string",
    "int",
    "double",
)


class EvaluationError(Exception):
    """An expression could not be worked out on these values; the others can go on."""


class Given:
    """Values for any number of expressions, handed to CEL when the first of them asks: that is the costly part."""

    __slots__ = ("_activation", "_env", "values")

    def __init__(self, env: cel.Env, values: variable.Values) -> None:
        self.values = values
        self._env = env
        self._activation: cel.Activation | None = None

    @property
    def activation(self) -> cel.Activation:
        """As CEL takes them."""
        if self._activation is None:
            self._activation = self._env.Activation(data=self.values)
        return self._activation


@dataclass(frozen=True, slots=True)
class Expression:
    """A compiled expression of a known result type; `guard` are comparisons without which it is false."""

    compiled: cel.Expression
    guard: tuple[Term, ...] = ()

    def value(self, given: Given) -> Any:  # noqa: ANN401 - BOOL or STRING, fixed when it was compiled
        """Its value.

        Raises:
            EvaluationError: Division by zero, a missing key, a bad pattern, too many iterations...
        """
        if excluded(self.guard, given.values):
            return False
        try:
            result = self.compiled.eval(given.activation)
        except RuntimeError as error:
            raise EvaluationError(str(error)) from error
        if result.type() == cel.Type.ERROR:
            raise EvaluationError(str(result.value()))
        return result.value()


class Language:
    """One set of variables to write expressions over.

    Args:
        variables: Name to CEL type.
    """

    def __init__(self, variables: Mapping[str, cel.Type]) -> None:
        self.variables = variables
        self._env = cel.NewEnv(variables=dict(variables), functions=list(variable.FUNCTIONS))
        # One plausible set of values: what fails on its own account (a bad pattern) shows when the rule is written.
        samples = {"INT": 1, "DOUBLE": 1.0, "BOOL": True, "STRING": "a"}
        self._sample = {name: samples.get(str(kind), ["a"]) for name, kind in variables.items()}

    def given(self, values: variable.Values) -> Given:
        """`values` made ready for any number of expressions."""
        return Given(self._env, values)

    def compile(self, field: str, source: str, result: cel.Type) -> Expression:
        """`source`, checked.

        Raises:
            InvalidError: At `field`: a syntax or type mistake, an unknown name, or another result type.
        """
        try:
            compiled = self._env.compile(source)
        except RuntimeError as error:
            raise InvalidError(self._fault(field, source, str(error))) from error
        if compiled.return_type() != result:
            problem = f"The expression gives {compiled.return_type()}, not {result}."
            fix = (
                'Compare it with something, as in "risk >= 80".'
                if result == cel.Type.BOOL
                else 'Join text with +, and turn numbers into text with string(...), as in brand + ":" + string(hour).'
            )
            raise InvalidError(Fault(field, problem, fix))
        self._probe(field, source, Expression(compiled))
        return Expression(compiled, guard_of(source, self.variables) if result == cel.Type.BOOL else ())

    def _probe(self, field: str, source: str, expression: Expression) -> None:
        tones = [tone.value for tone in Sentiment]
        for match in _TONE.finditer(source):
            if match["tone"] not in tones:
                problem = f'sentiment is never "{match["tone"]}".{_caret(source, 1, match.start("tone") + 1)}'
                raise InvalidError(Fault(field, problem, f"Write one of: {', '.join(tones)}."))
        try:
            expression.value(self.given(self._sample))
        except EvaluationError as error:
            if "regular expression" in str(error):
                fix = "Mend the pattern (RE2 syntax: no look-around, no back-references)."
                raise InvalidError(Fault(field, f"{error}.", fix)) from error

    def _fault(self, field: str, source: str, message: str) -> Fault:
        found = _AT.search(message)
        if found is None:
            return Fault(field, message.splitlines()[0], "Mend the expression.")
        line, column, problem = int(found[1]), int(found[2]), found[3]
        text = f"Line {line}, column {column}: {problem}.{_caret(source, line, column)}"
        return Fault(field, text, self._fix(problem))

    def _fix(self, problem: str) -> str:
        if match := _UNDECLARED.search(problem):
            name = match[1].split(".")[0]
            near = difflib.get_close_matches(name, [*self.variables, *_NAMES], n=1, cutoff=0.5)
            known = f"The variables are: {', '.join(sorted(self.variables))}."
            return f"Did you mean '{near[0]}'? {known}" if near else known
        if match := _OVERLOAD.search(problem):
            return _fix_types([kind.strip() for kind in match[2].split(",")])
        if "Syntax error" in problem:
            return "Mend the syntax: look for a missing operand, quote or bracket just before this position."
        return "Mend the expression at this position."


def _fix_types(kinds: list[str]) -> str:
    if kinds == ["int", "double"]:
        return (
            "Whole numbers compare with whole numbers: write 2 rather than 2.0, or convert with double(...)."
        )
    if kinds == ["double", "int"]:
        return "Decimal numbers compare with decimal numbers: write 3.0 rather than 3, or convert with double(...)."
    if "string" in kinds and ("int" in kinds or "double" in kinds):
        return "Text and numbers do not mix: take the quotes off the number, or convert with string(...)."
    if "bool" in kinds:
        return 'Every side of && and || is a condition: compare the value with something, as in "risk >= 80".'
    return f"Use values of one type; here they are {' and '.join(kinds)}."


def _caret(source: str, line: int, column: int) -> str:
    """The line of `source` with a caret under the column, both counted from 1."""
    lines = source.splitlines()
    return f"\n{lines[line - 1]}\n{' ' * (column - 1)}^" if line <= len(lines) else ""


MENTION = Language(variable.MENTION)
WINDOW = Language(variable.WINDOW)


@dataclass(frozen=True, slots=True)
class Condition:
    """A rule's expressions, ready to be evaluated."""

    when: Expression
    critical_when: Expression | None
    dedup_key: Expression
    language: Language


def compile_rule(rule: Rule) -> Condition:
    """The rule's expressions.

    Raises:
        InvalidError: With every field that is wrong.
    """
    language = MENTION if rule.window_minutes is None else WINDOW
    wanted = {"when": (rule.when, cel.Type.BOOL), "dedup_key": (rule.dedup_key, cel.Type.STRING)}
    if rule.critical_when is not None:
        wanted["critical_when"] = (rule.critical_when, cel.Type.BOOL)
    done: dict[str, Expression] = {}
    faults: list[Fault] = []
    for field, (source, result) in wanted.items():
        try:
            done[field] = language.compile(field, source, result)
        except InvalidError as error:
            faults.extend(error.faults)
    if faults:
        raise InvalidError(*faults)
    return Condition(done["when"], done.get("critical_when"), done["dedup_key"], language)
