"""What ships, and what it is installed with."""

import re
import tomllib
from importlib.metadata import version
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CONSTRAINTS = [
    line
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_constraints_are_versions_and_nothing_else() -> None:
    assert [line for line in CONSTRAINTS if not re.fullmatch(r"[a-z0-9-]+==[0-9][\w.+!]*", line)] == []
    assert sorted(CONSTRAINTS, key=lambda line: line.split("==")[0]) == CONSTRAINTS


def test_every_direct_dependency_is_pinned_inside_its_own_bounds() -> None:
    pins = dict(line.split("==") for line in CONSTRAINTS)
    extras = PROJECT["optional-dependencies"]
    for text in (*PROJECT["dependencies"], *extras["embedded"], *extras["dev"]):
        requirement = Requirement(text)
        pin = pins.get(canonical(requirement.name))
        assert pin is not None, f"{requirement.name} is not in constraints.txt"
        assert requirement.specifier.contains(pin), (
            f"{requirement.name}=={pin} is outside {requirement.specifier}"
        )


def test_the_installed_version_is_the_one_declared() -> None:
    assert version("veilleur") == PROJECT["version"]
