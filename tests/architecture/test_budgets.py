"""Files and functions stay short enough to be read at one sitting; names and words keep to the house."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "services").rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
SELF = Path(__file__)

FILE_LINES = 400
FUNCTION_LINES = 50
BANNED_MODULES = {"utils", "util", "helpers", "helper", "manager", "managers", "base", "common", "misc"}

FUNCTION = ast.FunctionDef | ast.AsyncFunctionDef


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def functions(path: Path) -> Iterator[FUNCTION]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, FUNCTION):
            yield node


def extent(node: ast.stmt) -> int:
    assert node.end_lineno is not None
    return node.end_lineno - node.lineno + 1


def length(function: FUNCTION) -> int:
    """Lines of its own: without its docstring, which saves reading, and without closures, which count by themselves."""
    first = function.body[0]
    documented = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    closures = [node for node in ast.walk(function) if isinstance(node, FUNCTION) and node is not function]
    outermost = [
        node
        for node in closures
        if not any(node in ast.walk(other) for other in closures if other is not node)
    ]
    return extent(function) - (extent(first) if documented else 0) - sum(map(extent, outermost))


def test_there_is_something_to_measure() -> None:
    assert len(SOURCES) > 50
    assert len(TESTS) > 20


@pytest.mark.parametrize("path", SOURCES + TESTS, ids=name)
def test_no_file_is_too_long(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= FILE_LINES


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_no_function_is_too_long(path: Path) -> None:
    assert {f.name: length(f) for f in functions(path) if length(f) > FUNCTION_LINES} == {}


def test_no_module_is_named_after_nothing() -> None:
    assert [name(path) for path in SOURCES if path.stem in BANNED_MODULES] == []


@pytest.mark.parametrize("path", [p for p in SOURCES if p.name == "__init__.py"], ids=name)
def test_every_folder_says_what_it_is_for(path: Path) -> None:
    if "versions" not in path.parts:
        assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("path", [path for path in TESTS if path != SELF], ids=name)
def test_no_test_hopes_that_waiting_is_enough(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            called = node.func
            word = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
            gives_way = [getattr(argument, "value", None) for argument in node.args] == [0]
            assert word != "sleep" or gives_way, f"line {node.lineno} sleeps"


@pytest.mark.parametrize("path", [path for path in SOURCES + TESTS if path != SELF], ids=name)
def test_nothing_is_put_off_or_tied_to_one_machine(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert re.findall(r"\b(?:TODO|FIXME|XXX|HACK|PLACEHOLDER)\b", text) == []
    assert re.findall(r"/work/|/home/\w+/|/root/\w+|\.\./shared|/tmp/dev", text) == []


def test_no_exception_is_swallowed() -> None:
    silent = [
        f"{name(path)}:{node.lineno}"
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or getattr(node.type, "id", "") in {"Exception", "BaseException"})
        and all(isinstance(statement, ast.Pass | ast.Continue) for statement in node.body)
    ]
    assert silent == []
