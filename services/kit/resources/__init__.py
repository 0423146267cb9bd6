"""Versioned resources: what ops edit. A collection keeps them, a router serves them."""

from services.kit.resources.collection import Change, Collection, Version, Versioned
from services.kit.resources.router import resource_router

__all__ = ["Change", "Collection", "Version", "Versioned", "resource_router"]
