"""The API document: what FastAPI finds in the routes, with what is true of every route added once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import RouteContext, iter_route_contexts
from pydantic.json_schema import models_json_schema

from services.kit.auth import BASIC_USER, Public, Requirement
from services.kit.hygiene import RawBody
from services.kit.problems import PROBLEMS, Problem

_UNSAFE = frozenset({"post", "put", "patch", "delete"})
_TIME_OF_DAY = r"^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,6})?)?$"
_REQUEST_ID = {"$ref": "#/components/headers/RequestId"}
_SECURITY_SCHEMES = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "A token: `Authorization: Bearer vlr_...`.",
    },
    "browser": {
        "type": "http",
        "scheme": "basic",
        "description": f"User `{BASIC_USER}`, the token as password.",
    },
}


def routes_of(app: FastAPI) -> list[RouteContext]:
    """Every route of the application, those of included routers with their whole path."""
    return list(iter_route_contexts(app.routes))


def guard_of(route: RouteContext) -> Requirement | Public | None:
    """What the route says about who may use it."""
    dependant = getattr(route, "dependant", None)
    return None if dependant is None else next(_guards(dependant), None)


def judges_its_body(route: RouteContext) -> bool:
    """Whether the route is marked with `raw_body`."""
    dependant = getattr(route, "dependant", None)
    return dependant is not None and any(isinstance(d.call, RawBody) for d in dependant.dependencies)


def check_guards(routes: Iterable[RouteContext]) -> None:
    """Refuse an application with a route that does not say who may use it.

    Raises:
        TypeError: Names each such route.
    """
    bare = [
        f"{'/'.join(sorted(route.methods or ()))} {route.path}" for route in routes if guard_of(route) is None
    ]
    if bare:
        raise TypeError(f"These routes declare neither requires(...) nor public(...): {', '.join(bare)}")


def install_openapi(app: FastAPI) -> None:
    """Make `app.openapi()` give the completed document."""
    plain = app.openapi

    def completed() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _completed(plain(), routes_of(app))
        return app.openapi_schema

    app.openapi = completed  # type: ignore[method-assign]


def _completed(document: dict[str, Any], routes: Iterable[RouteContext]) -> dict[str, Any]:
    guards = {
        (route.path_format, method.lower()): guard_of(route)
        for route in routes
        for method in route.methods or ()
    }
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            guard = guards.get((path, method))
            if isinstance(guard, Requirement):
                operation["security"] = [{"bearer": []}, {"browser": []}]
                operation["x-permission"] = guard.permission
            _add_problems(operation, _statuses(path, method, operation, guard))
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    _, problem = models_json_schema([(Problem, "serialization")], ref_template="#/components/schemas/{model}")
    schemas.update(problem["$defs"])
    _describe_times(schemas)
    components["securitySchemes"] = _SECURITY_SCHEMES
    components["headers"] = {
        "RequestId": {"description": "Names this request in our logs.", "schema": {"type": "string"}}
    }
    return document


def _describe_times(node: object) -> None:
    """Say what a time of day looks like: JSON Schema's own `time` has an offset, which a wall clock has not."""
    if isinstance(node, dict):
        if node.get("type") == "string" and node.get("format") == "time":
            del node["format"]
            node["pattern"] = _TIME_OF_DAY
        for inner in node.values():
            _describe_times(inner)
    elif isinstance(node, list):
        for inner in node:
            _describe_times(inner)


def _statuses(
    path: str, method: str, operation: Mapping[str, Any], guard: Requirement | Public | None
) -> Iterator[int]:
    """The problems that a route of this shape may give without its own doing."""
    yield from (422, 503)
    if isinstance(guard, Requirement):
        yield from (401, 403)
    if "{" in path:
        yield 404
    if "requestBody" in operation:
        yield from (400, 413)
    if method in _UNSAFE:
        yield 409
    if any(parameter.get("name") == "If-Match" for parameter in operation.get("parameters", ())):
        yield from (412, 428)


def _add_problems(operation: dict[str, Any], statuses: Iterable[int]) -> None:
    responses = operation.setdefault("responses", {})
    for status in statuses:
        said = responses.get(str(status))
        # FastAPI documents its own 422 body, which no route of ours ever gives.
        if said is None or "HTTPValidationError" in str(said):
            responses[str(status)] = {**PROBLEMS[status]}
    for response in responses.values():
        response["headers"] = {**response.get("headers", {}), "X-Request-ID": _REQUEST_ID}
    operation["responses"] = dict(sorted(responses.items()))


def _guards(dependant: Dependant) -> Iterator[Requirement | Public]:
    for inner in dependant.dependencies:
        if isinstance(inner.call, Requirement | Public):
            yield inner.call
        yield from _guards(inner)
