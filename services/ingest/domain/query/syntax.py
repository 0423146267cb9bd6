"""The syntax tree of a query. `str()` of a node is a query that parses back to an equal node."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Term:
    """One word, or several that must follow one another.

    Attributes:
        words: Folded tokens, at least one.
    """

    words: tuple[str, ...]

    def __str__(self) -> str:
        return self.words[0] if len(self.words) == 1 else f'"{" ".join(self.words)}"'


@dataclass(frozen=True, slots=True)
class And:
    """Every part must hold; at least two."""

    parts: tuple[Node, ...]

    def __str__(self) -> str:
        return " AND ".join(_inside(part, And | Or) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Or:
    """At least one part must hold; at least two parts."""

    parts: tuple[Node, ...]

    def __str__(self) -> str:
        return " OR ".join(_inside(part, Or) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Not:
    """The part must not hold."""

    part: Node

    def __str__(self) -> str:
        return f"NOT {_inside(self.part, And | Or)}"


Node = Term | And | Or | Not


def _inside(part: Node, wrapped: object) -> str:
    return f"({part})" if isinstance(part, wrapped) else str(part)  # type: ignore[arg-type]
