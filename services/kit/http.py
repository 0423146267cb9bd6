"""The HTTP application of a process: its services' routes, its own, and what is true of all of them."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

from fastapi import APIRouter, FastAPI, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import BaseModel
from starlette.types import Lifespan, Scope

from services.kit.api import kit_router
from services.kit.auth import public
from services.kit.context import Kit
from services.kit.edge import Edge
from services.kit.metrics import Metrics
from services.kit.observation import Observation, Readiness
from services.kit.openapi import check_guards, install_openapi, judges_its_body, routes_of
from services.kit.problems import documented, install_problem_handlers, problem_response
from services.kit.runtime import Runtime, Service

API = "/api/v1"


class Health(BaseModel):
    """The process is alive."""

    status: str


class Ready(BaseModel):
    """Everything the process needs is there."""

    status: str
    checks: list[str]


def create_app(
    kit: Kit,
    services: Sequence[Service],
    *,
    lifespan: Lifespan[FastAPI] | None = None,
    runtime: Runtime | None = None,
    readiness: Readiness | None = None,
) -> FastAPI:
    """The application for a process that runs these services.

    Args:
        kit: The plumbing.
        services: Whose routers are served, under `/api/v1`, and whose pages, at the root.
        lifespan: What starts and stops with the application.
        runtime: The workers beside it, which `/readyz` and `/metrics` then tell of.
        readiness: More named checks for `/readyz`.

    Raises:
        TypeError: A route declares neither a permission nor that it is public.
    """
    app = FastAPI(
        title="Veilleur",
        version=version("veilleur"),
        description="Watches what is said about brands and wakes the right person when nobody is at the desk.",
        openapi_url=None,  # served by a route of ours, which says that it is public
        docs_url=None,  # their pages load scripts from other hosts
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
    )
    app.state.kit = kit
    metrics = Metrics()
    observation = Observation(kit, services, runtime=runtime, readiness=readiness)
    app.state.observation = observation
    install_problem_handlers(app)
    app.include_router(kit_router(kit), prefix=API)
    for service in services:
        for router in service.routers:
            app.include_router(router, prefix=API)
        for router in service.pages:
            app.include_router(router)
    app.include_router(_process_router(app, metrics, observation))
    routes = routes_of(app)
    check_guards(routes)
    install_openapi(app)
    templates = {id(route.original_route): str(route.path) for route in routes}

    def template(scope: Scope) -> str:
        return templates.get(id(scope.get("route")), "unknown")

    app.add_middleware(
        Edge,
        metrics=metrics,
        max_body_bytes=kit.settings.max_body_bytes,
        raw_bodies=frozenset(str(route.path) for route in routes if judges_its_body(route)),
        template=template,
    )
    return app


def _process_router(app: FastAPI, metrics: Metrics, observation: Observation) -> APIRouter:
    router = APIRouter(tags=["process"])

    @router.get("/healthz", response_model=Health, dependencies=[public("asked by orchestrators")])
    async def healthz() -> Health:
        """Whether the process is alive: always, if it answers."""
        return Health(status="alive")

    @router.get(
        "/readyz",
        response_model=Ready,
        responses={503: documented("Not ready; `checks` names what is not, and why.")},
        dependencies=[public("asked by orchestrators")],
    )
    async def readyz() -> Response:
        """Whether everything the process needs is there."""
        checks = await observation.checks()
        failing = {name: why for name, why in checks.items() if why is not None}
        if failing:
            detail = "Not ready: " + "; ".join(f"{name}: {why}" for name, why in failing.items())
            return problem_response(503, detail, extra={"checks": failing}, headers={"Retry-After": "5"})
        return JSONResponse(Ready(status="ready", checks=sorted(checks)).model_dump())

    @router.get(
        "/metrics",
        response_class=Response,
        responses={
            200: {"content": {"text/plain": {"schema": {"type": "string"}}}, "description": "Figures."}
        },
        dependencies=[public("read by Prometheus")],
    )
    async def read_metrics() -> Response:
        """Figures in Prometheus's text format."""
        await observation.collect(metrics)
        return Response(metrics.exposition(), media_type=CONTENT_TYPE_LATEST)

    @router.get(f"{API}/openapi.json", dependencies=[public("says what the API is, not what is in it")])
    async def read_openapi() -> dict[str, Any]:
        """This document."""
        return app.openapi()

    return router
