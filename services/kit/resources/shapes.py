"""The bodies that a resource's routes take and give, made from the document's own model."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, create_model

from services.contracts.values import Slug
from services.kit.resources.collection import Version, Versioned

M = TypeVar("M", bound=BaseModel)


class _Strict(BaseModel):
    """People misspell: an unknown field in what they write is a fault, not something to ignore."""

    model_config = ConfigDict(extra="forbid")


class _Draft(_Strict):
    id: Slug | None = None


class _Replacement(_Draft):
    # What GET gave may be sent back as it is: these are accepted, and the server's own values win.
    version: Any = None
    created_at: Any = None
    updated_at: Any = None
    updated_by: Any = None


@dataclass(frozen=True)
class Shapes(Generic[M]):
    """The models of one kind of resource.

    Attributes:
        document: What ops write, without anything of the server's.
        resource: What GET gives: the document's fields with id, version, and who changed it when.
        draft: What POST takes: the document's fields and an optional id.
        replacement: What PUT takes: the document's fields; those of the server are accepted and ignored.
        version: A past version.
    """

    model: type[M]
    resource: type[BaseModel]
    draft: type[BaseModel]
    replacement: type[BaseModel]
    version: type[BaseModel]

    def document(self, body: BaseModel) -> M:
        """The document inside a draft or a replacement."""
        given = body.model_fields_set & self.model.model_fields.keys()
        return self.model.model_validate({name: getattr(body, name) for name in given})

    def shown(self, found: Versioned[M]) -> BaseModel:
        """A document as GET gives it."""
        return self.resource.model_construct(
            **{name: getattr(found.doc, name) for name in self.model.model_fields},
            id=found.id,
            version=found.version,
            created_at=found.created_at,
            updated_at=found.updated_at,
            updated_by=found.updated_by,
        )

    def past(self, version: Version[M]) -> BaseModel:
        """A past version as its list gives it."""
        return self.version.model_construct(
            id=version.id, version=version.version, at=version.at, by=version.by, doc=version.doc
        )


def shapes_of(model: type[M]) -> Shapes[M]:
    """The shapes of a document's model; its validators apply to what is written."""
    name = model.__name__
    nullable: Any = model | None
    return Shapes(
        model=model,
        resource=create_model(
            f"{name}Resource",
            __base__=model,
            id=(str, ...),
            version=(int, ...),
            created_at=(datetime, ...),
            updated_at=(datetime, ...),
            updated_by=(str, ...),
        ),
        draft=create_model(f"{name}Draft", __base__=(model, _Draft)),
        replacement=create_model(f"{name}Replacement", __base__=(model, _Replacement)),
        version=create_model(
            f"{name}Version",
            id=(str, ...),
            version=(int, ...),
            at=(datetime, ...),
            by=(str, ...),
            doc=(nullable, None),
        ),
    )
