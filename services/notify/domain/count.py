"""Numbers that agree with their nouns."""

from __future__ import annotations

from collections.abc import Mapping

from services.notify.domain.responder import Language


class Count(int):
    """A number whose format may be its noun, once and many times: `{n:tour|tours}` gives "1 tour", "2 tours".

    Any other format is that of `int`.
    """

    language: Language = "en"

    def __format__(self, spec: str) -> str:
        """See the class. In French zero takes the singular."""
        one, bar, many = spec.partition("|")
        if not bar:
            return super().__format__(spec)
        single = abs(self) < 2 if self.language == "fr" else self == 1  # noqa: PLR2004 - the French plural begins at 2
        return f"{int(self)} {one if single else many}"


def counted(parts: Mapping[str, object], language: Language) -> dict[str, object]:
    """`parts` with every whole number as a `Count` of that language."""
    return {key: _count(value, language) if type(value) is int else value for key, value in parts.items()}


def _count(value: object, language: Language) -> Count:
    count = Count(str(value))
    count.language = language
    return count
