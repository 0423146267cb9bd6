"""Who may do what."""

from __future__ import annotations

import pytest

from services.kit.auth import ROLES, Principal, covers

ORDER = ["viewer", "responder", "editor", "admin"]


@pytest.mark.parametrize(
    ("permission", "least"),
    [
        ("alerts:read", "viewer"),
        ("alerts:act", "responder"),
        ("rules:write", "editor"),
        ("audit:read", "admin"),
        ("tokens:read", "admin"),
        ("tokens:write", "admin"),
        ("users:read", "admin"),
        ("anything:else", "admin"),
    ],
)
def test_each_role_may_do_what_it_is_for(permission: str, least: str) -> None:
    for role in ORDER:
        principal = Principal("x", role, ROLES[role])
        assert principal.may(permission) == (ORDER.index(role) >= ORDER.index(least)), role


@pytest.mark.parametrize("role", ORDER)
def test_each_role_covers_those_before_it(role: str) -> None:
    for lesser in ORDER[: ORDER.index(role) + 1]:
        assert all(covers(ROLES[role], permission) for permission in ROLES[lesser])
    for greater in ORDER[ORDER.index(role) + 1 :]:
        assert not all(covers(ROLES[role], permission) for permission in ROLES[greater])


@pytest.mark.parametrize(
    ("held", "wanted", "covered"),
    [
        ({"mentions:write"}, "mentions:write", True),
        ({"mentions:write"}, "mentions:read", False),
        ({"mentions:*"}, "mentions:read", True),
        ({"mentions:*"}, "mention:read", False),
        ({"mentions:write"}, "mentions:*", False),
        ({"*:read"}, "*:read", True),
        ({"*:read"}, "tokens:read", False),
        ({"rules:read"}, "*:read", False),
        ({"*:*"}, "rules:*", True),
        ({"*:*"}, "tokens:*", False),
        (set(), "rules:read", False),
    ],
)
def test_wildcards(held: set[str], wanted: str, covered: bool) -> None:
    assert covers(held, wanted) == covered
