"""Conditions that are plainly false, told without working them out.

Nearly every look at a rule finds that it does not hold, and nearly every rule says so in a comparison of one variable
with one number ("risk >= 80"). Such comparisons cost a hundredth of an evaluation. In CEL `a && b` is false as soon as
either side is, in whichever order, and even if the other side is an error; so one comparison joined to the rest by
`&&` that does not hold decides, whatever the rest says. What a guard lets through is evaluated as ever.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple


class Term(NamedTuple):
    """A variable against a constant: it holds if `holds(value, constant)`."""

    name: str
    holds: Callable[[Any, Any], bool]
    constant: int | float | str | bool


_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
}
_TERM = re.compile(
    r"""(?P<no>!?)\s*(?P<name>[a-z_]+)
        (?:\s*(?P<sign><=|>=|==|!=|<|>)\s*(?:(?P<number>-?\d+(?P<decimals>\.\d+)?)|(?P<text>"[^"]*"|'[^']*')))?""",
    re.VERBOSE,
)
_QUOTED = re.compile(r""""[^"]*"|'[^']*'""")
_OPENING, _CLOSING = "([{", ")]}"


def guard_of(source: str, variables: Collection[str]) -> tuple[Term, ...]:
    """The comparisons of which each must hold for `source`, a valid expression of type BOOL; none if in doubt."""
    if "\\" in source or "//" in source or '""' in source or "''" in source:
        return ()  # escapes, comments, and quotes of three: rare, and not worth being wrong about
    terms = []
    for conjunct in _conjuncts(source):
        match = _TERM.fullmatch(conjunct.strip())
        if match and match["name"] in variables and (term := _term(match)) is not None:
            terms.append(term)
    return tuple(terms)


def excluded(terms: tuple[Term, ...], values: Mapping[str, Any]) -> bool:
    """Whether one of `terms` does not hold."""
    for name, holds, constant in terms:  # noqa: SIM110 - a generator would cost more than the comparisons
        if not holds(values[name], constant):
            return True
    return False


def _conjuncts(source: str) -> list[str]:
    """What `&&` joins outside any bracket; nothing where `||` or `? :`, which bind less, stand there too."""
    # Quoted text is blanked for finding the joints; places stay the same.
    blanked = _QUOTED.sub(lambda quoted: '"' * len(quoted[0]), source)
    depth, start, parts = 0, 0, []
    for place, sign in enumerate(blanked):
        if sign in _OPENING:
            depth += 1
        elif sign in _CLOSING:
            depth -= 1
        elif depth == 0 and (sign == "?" or blanked.startswith("||", place)):
            return []
        elif depth == 0 and blanked.startswith("&&", place):
            parts.append(source[start:place])
            start = place + 2
    return [*parts, source[start:]]


def _term(match: re.Match[str]) -> Term | None:
    name, sign = match["name"], match["sign"]
    if sign is None:
        return Term(name, operator.eq, not match["no"])
    if match["no"]:
        return None  # `!a == 1` does not type-check
    if match["text"] is not None:
        return Term(name, _OPERATORS[sign], match["text"][1:-1]) if sign in ("==", "!=") else None
    return Term(name, _OPERATORS[sign], float(match["number"]) if match["decimals"] else int(match["number"]))
