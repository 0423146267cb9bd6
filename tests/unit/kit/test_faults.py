"""What is wrong with a document, said to the person who wrote it."""

from __future__ import annotations

import string
from datetime import datetime
from typing import Literal
from uuid import UUID

import pytest
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, HttpUrl, ValidationError, field_validator

from services.contracts.errors import Fault
from services.kit import faults
from services.kit.faults import faults_of, path_of


class Step(BaseModel):
    after_minutes: int = Field(ge=0, le=60)


class Document(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str = Field(default="n", min_length=2, max_length=5)
    slug: str = Field(default="s", pattern="^[a-z]+$")
    kind: Literal["a", "b"] = "a"
    share: float = Field(default=0.5, gt=0, lt=1)
    on: bool = True
    at: AwareDatetime | None = None
    until: datetime | None = None
    id: UUID | None = None
    link: HttpUrl | None = None
    steps: list[Step] = Field(default_factory=list, max_length=2)
    zone: str = "UTC"

    @field_validator("zone")
    @classmethod
    def _known(cls, value: str) -> str:
        if value != "UTC":
            raise ValueError(f"there is no time zone '{value}'")
        return value


@pytest.mark.parametrize(
    ("given", "field", "fix"),
    [
        ({"name": "x"}, "name", "Write at least 2 characters."),
        ({"name": "x" * 9}, "name", "Write at most 5 characters."),
        ({"name": 3}, "name", "Write a text between quotes."),
        ({"slug": "É"}, "slug", "Write a text of the form ^[a-z]+$."),
        ({"kind": "c"}, "kind", "Write one of 'a' or 'b'."),
        ({"share": 0}, "share", "Write a number above 0.0."),
        ({"share": 1}, "share", "Write a number below 1.0."),
        ({"share": "lots"}, "share", "Write a number, with a point before the decimals."),
        ({"on": "maybe"}, "on", "Write true or false."),
        ({"at": "2026-03-07T10:00:00"}, "at", "Add the time zone: 2026-03-07T23:10:00+01:00, or Z for UTC."),
        ({"until": "soon"}, "until", "Write an instant as ISO 8601"),
        ({"id": "1"}, "id", "Write a UUID"),
        ({"link": "x"}, "link", "Write a full address"),
        ({"link": "ftp://x"}, "link", "Start the address with one of 'http' or 'https'."),
        ({"steps": {}}, "steps", "Write a list: [ ... ]."),
        ({"steps": [1]}, "steps[0]", "Write an object: { ... }."),
        ({"steps": [{}]}, "steps[0].after_minutes", "Add this field."),
        (
            {"steps": [{"after_minutes": 1}, {"after_minutes": 61}]},
            "steps[1].after_minutes",
            "Write 60 or less.",
        ),
        ({"steps": [{"after_minutes": 1}] * 3}, "steps", "Give at most 2."),
        ({"severty": "x"}, "severty", "Remove this field, or check its spelling"),
    ],
)
def test_each_fault_says_where_and_how_to_mend_it(given: dict[str, object], field: str, fix: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Document.model_validate(given)
    (fault,) = faults_of(caught.value)
    assert fault.field == field
    assert fault.fix.startswith(fix)
    assert fault.problem.endswith(".")


def test_our_own_validators_speak_for_themselves() -> None:
    with pytest.raises(ValidationError) as caught:
        Document.model_validate({"zone": "Mars"})
    assert faults_of(caught.value)[0].problem == "There is no time zone 'Mars'."


def test_unreadable_json_has_a_position_and_no_field() -> None:
    row = {
        "type": "json_invalid",
        "loc": ("body", 12),
        "msg": "JSON decode error",
        "ctx": {"error": "Expecting value"},
    }
    assert faults_of([row]) == [
        Fault("", "This is not JSON: Expecting value at character 12.", faults._FIXES["json_invalid"])
    ]


@pytest.mark.parametrize(
    ("location", "path"),
    [
        (("body",), ""),
        (("body", "steps", 1, "after_minutes"), "steps[1].after_minutes"),
        (("body", 3, "text"), "[3].text"),
        (("query", "limit"), "limit"),
        (("header", "If-Match"), "If-Match"),
        ((), ""),
    ],
)
def test_paths_read_as_people_write_them(location: tuple[str | int, ...], path: str) -> None:
    assert path_of(location) == path


def test_every_fix_can_be_filled_in() -> None:
    for kind, fix in faults._FIXES.items():
        names = [name for _, name, _, _ in string.Formatter().parse(fix) if name is not None]
        assert all(name.isidentifier() for name in names), kind
