"""The REST face of a collection: lists, versions, and writes that never overwrite unseen."""

# ruff: noqa: A001, A002 - `id` is the word that everybody uses for it, in paths and documents too
# No `from __future__ import annotations` here: FastAPI reads the annotations of endpoints made inside a function.

import re
import unicodedata
from collections.abc import Callable
from typing import Annotated, Any, Generic, TypeVar, cast

from fastapi import APIRouter, Header, Path, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from services.contracts.errors import Fault, InvalidError, NotFoundError
from services.contracts.values import Slug
from services.kit.auth import Principal, requires
from services.kit.context import Kit
from services.kit.database import Transaction
from services.kit.idempotency import IdempotencyKey, once
from services.kit.paging import After, Limit, Page, decode_cursor, encode_cursor, page_of
from services.kit.preconditions import etag, parse_match, required_match
from services.kit.problems import PROBLEMS, StaleError
from services.kit.resources.collection import Collection, Versioned
from services.kit.resources.shapes import Shapes, shapes_of

M = TypeVar("M", bound=BaseModel)

IfMatch = Annotated[
    str | None, Header(alias="If-Match", max_length=1000, description="The `ETag` of what was read.")
]
IfNoneMatch = Annotated[str | None, Header(alias="If-None-Match", max_length=1000)]
BrandFilter = Annotated[Slug | None, Query(description="Only those of this brand.")]
Identifier = Annotated[Slug, Path(description="The stable name.")]

_TAGGED = {"ETag": {"description": "The version, for `If-Match`.", "schema": {"type": "string"}}}
_PLACED = {**_TAGGED, "Location": {"description": "Where it is.", "schema": {"type": "string"}}}


def resource_router(
    kit: Kit,
    collection: Collection[M],
    *,
    path: str,
    noun: str,
    tag: str,
    identify: Callable[[M], str] | None = None,
) -> APIRouter:
    """Routes to list, read, create, replace and delete the documents of a collection, and to read their versions.

    Args:
        kit: The plumbing.
        collection: What is served.
        path: `/rules`.
        noun: Of the permissions: `rules:read`, `rules:write`.
        tag: In the API document.
        identify: The id of a new document that names none; by default made of its `name`, else its `brand`.
    """
    desk = _Desk(kit, collection, path, identify or _derived_id)
    router = APIRouter(prefix=path, tags=[tag])
    _add_reading(router, desk, noun)
    _add_writing(router, desk, noun)
    return router


class _Desk(Generic[M]):
    """What the routes of one collection share: its shapes, and how an answer is made."""

    def __init__(self, kit: Kit, collection: Collection[M], path: str, identify: Callable[[M], str]) -> None:
        self.kit = kit
        self.collection = collection
        self.path = path
        self.identify = identify
        self.shapes: Shapes[M] = shapes_of(collection.model)

    def answer(self, found: Versioned[M], *, status: int = 200) -> Response:
        """The document, its tag, and where it is if it was just created."""
        headers = {"ETag": etag(found.version)}
        if status == 201:  # noqa: PLR2004 - HTTP's number for created
            headers["Location"] = f"/api/v1{self.path}/{found.id}"
        body = self.shapes.shown(found).model_dump(mode="json")
        return JSONResponse(body, status_code=status, headers=headers)

    async def create(self, tx: Transaction, principal: Principal, id: str, doc: M) -> Response:
        """Create, answer 201."""
        made = await self.collection.create(tx, id=id, doc=doc, by=principal.name, at=self.kit.clock.now())
        return self.answer(made, status=201)


def _add_reading(router: APIRouter, desk: _Desk[M], noun: str) -> None:
    kit, collection, shapes = desk.kit, desk.collection, desk.shapes
    reader = Annotated[Principal, requires(f"{noun}:read")]
    shown_page: Any = Page[shapes.resource]  # type: ignore[name-defined]
    version_page: Any = Page[shapes.version]  # type: ignore[name-defined]

    async def list_them(
        _: reader, brand: BrandFilter = None, after: After = None, limit: Limit = 100
    ) -> Page[Any]:
        start = cast("str", decode_cursor(after, str)[0]) if after else None
        async with kit.database.transaction() as tx:
            found = await collection.page(tx, brand=brand, after=start, limit=limit + 1)
        page = page_of(found, limit, lambda last: encode_cursor(last.id))
        return Page(items=[shapes.shown(one) for one in page.items], next=page.next)

    async def read_one(id: Identifier, _: reader, if_none_match: IfNoneMatch = None) -> Response:
        async with kit.database.transaction() as tx:
            found = await collection.get(tx, id)
        if if_none_match and parse_match(if_none_match, name="If-None-Match").resembles(found.version):
            return Response(status_code=304, headers={"ETag": etag(found.version)})
        return desk.answer(found)

    async def list_versions(id: Identifier, _: reader, after: After = None, limit: Limit = 100) -> Page[Any]:
        below = cast("int", decode_cursor(after, int)[0]) if after else None
        async with kit.database.transaction() as tx:
            found = await collection.versions(tx, id, before=below, limit=limit + 1)
        if not found and after is None:
            raise NotFoundError(collection.kind, id)
        page = page_of(found, limit, lambda last: encode_cursor(last.version))
        return Page(items=[shapes.past(one) for one in page.items], next=page.next)

    kind = collection.kind
    router.add_api_route(
        "", list_them, response_model=shown_page, name=f"list_{kind}s", summary=f"List: {kind}s"
    )
    router.add_api_route(
        "/{id}",
        read_one,
        response_model=shapes.resource,
        name=f"read_{kind}",
        summary=f"Read a {kind}",
        responses={
            200: {"headers": _TAGGED},
            304: {"description": "It is what you have.", "headers": _TAGGED},
            **_of(404),
        },
    )
    router.add_api_route(
        "/{id}/versions",
        list_versions,
        response_model=version_page,
        name=f"list_{kind}_versions",
        summary=f"Every version of a {kind}, newest first",
        responses=_of(404),
    )


def _add_writing(router: APIRouter, desk: _Desk[M], noun: str) -> None:
    kit, collection, kind = desk.kit, desk.collection, desk.collection.kind
    writer = Annotated[Principal, requires(f"{noun}:write")]
    draft_body: Any = desk.shapes.draft
    replacement_body: Any = desk.shapes.replacement

    async def create(
        request: Request, body: draft_body, principal: writer, key: IdempotencyKey = None
    ) -> Response:
        doc = desk.shapes.document(body)
        id = body.id or desk.identify(doc)
        async with kit.database.transaction() as tx:
            return await once(tx, request, principal, key, lambda: desk.create(tx, principal, id, doc))

    async def replace(
        id: Identifier,
        body: replacement_body,
        principal: writer,
        if_match: IfMatch = None,
        if_none_match: IfNoneMatch = None,
    ) -> Response:
        doc = desk.shapes.document(body)
        _agree(body.id, id)
        async with kit.database.transaction() as tx:
            if if_none_match is not None and if_match is None:
                return await _create_at(tx, desk, principal, id=id, doc=doc, if_none_match=if_none_match)
            expected = required_match(if_match)
            after = await collection.replace(
                tx, id=id, doc=doc, expected=expected, by=principal.name, at=kit.clock.now()
            )
            return desk.answer(after)

    async def delete(id: Identifier, principal: writer, if_match: IfMatch = None) -> Response:
        async with kit.database.transaction() as tx:
            expected = required_match(if_match)
            await collection.delete(tx, id=id, expected=expected, by=principal.name, at=kit.clock.now())
        return Response(status_code=204)

    shape = desk.shapes.resource
    created = {"model": shape, "description": "Created.", "headers": _PLACED}
    router.add_api_route(
        "",
        create,
        methods=["POST"],
        status_code=201,
        response_model=shape,
        name=f"create_{kind}",
        summary=f"Create a {kind}",
        responses={201: created, **_of(409)},
    )
    router.add_api_route(
        "/{id}",
        replace,
        methods=["PUT"],
        response_model=shape,
        name=f"replace_{kind}",
        summary=f"Replace a {kind}; with If-None-Match: * create it",
        responses={200: {"headers": _TAGGED}, 201: created, **_of(404, 409, 412, 428)},
    )
    router.add_api_route(
        "/{id}",
        delete,
        methods=["DELETE"],
        status_code=204,
        name=f"delete_{kind}",
        summary=f"Delete a {kind}; its versions stay",
        responses=_of(404, 409, 412, 428),
    )


async def _create_at(
    tx: Transaction, desk: _Desk[M], principal: Principal, *, id: str, doc: M, if_none_match: str
) -> Response:
    if not parse_match(if_none_match, name="If-None-Match").anything:
        raise InvalidError(
            Fault("If-None-Match", "On PUT it can only be *.", "Send If-None-Match: * or If-Match.")
        )
    if await desk.collection.find(tx, id) is not None:
        raise StaleError(f"There is already a {desk.collection.kind} '{id}'.")
    return await desk.create(tx, principal, id, doc)


def _agree(said: str | None, id: str) -> None:
    if said is not None and said != id:
        raise InvalidError(
            Fault("id", f"The address says '{id}', the body '{said}'.", "Leave `id` out of the body.")
        )


def _derived_id(doc: BaseModel) -> str:
    named = str(getattr(doc, "name", None) or getattr(doc, "brand", None) or "")
    plain = unicodedata.normalize("NFKD", named).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain)[:64].strip("-")
    if not slug:
        raise InvalidError(
            Fault(
                "id",
                "No id can be made of the name.",
                "Give an `id` of lower-case letters, digits and hyphens.",
            )
        )
    return slug


def _of(*statuses: int) -> dict[int | str, dict[str, Any]]:
    return {status: PROBLEMS[status] for status in statuses}
