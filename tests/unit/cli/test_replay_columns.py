import pytest

from services.cli.replay.column import ALIASES, map_columns, parse_asked
from services.contracts.errors import InvalidError


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (["text", "published_at"], {"text": "text", "published_at": "published_at"}),
        (["Contenu", "Date de publication"], {"text": "Contenu", "published_at": "Date de publication"}),
        (["FULL TEXT", "Created-At"], {"text": "FULL TEXT", "published_at": "Created-At"}),
        (["Abonnés", "message", "date"], {"text": "message", "published_at": "date", "followers": "Abonnés"}),
        (
            ["content", "created_at", "account.acct", "account.followers_count"],
            {
                "text": "content",
                "published_at": "created_at",
                "handle": "account.acct",
                "followers": "account.followers_count",
            },
        ),
        (
            ["text", "published_at", "author.name", "author.handle", "author.followers", "author.verified"],
            {
                "text": "text",
                "published_at": "published_at",
                "author": "author.name",
                "handle": "author.handle",
                "followers": "author.followers",
                "verified": "author.verified",
            },
        ),
    ],
)
def test_columns_are_known_by_the_names_that_exports_give_them(columns, expected) -> None:
    assert dict(map_columns(columns, {}).columns) == expected


def test_the_most_telling_name_wins_and_no_column_is_read_twice() -> None:
    mapped = map_columns(["summary", "text", "date", "published_at", "username"], {})
    assert mapped.columns["text"] == "text"
    assert mapped.columns["published_at"] == "published_at"
    assert mapped.ignored == ("summary", "date")


def test_what_was_asked_for_comes_first_however_it_is_spelt() -> None:
    mapped = map_columns(["text", "Verbatim", "date"], {"text": "verbatim"})
    assert mapped.columns["text"] == "Verbatim"
    assert mapped.ignored == ("text",)


def test_what_is_read_is_told_for_people() -> None:
    told = str(map_columns(["content", "published_at", "Campaign"], {}))
    assert told == "text from 'content', published_at; not read: Campaign"


@pytest.mark.parametrize(
    ("columns", "asked", "field"),
    [
        (["text"], {}, "published_at"),
        (["date"], {}, "text"),
        (["text", "date"], {"tone": "text"}, "'tone' is no field"),
        (["text", "date"], {"url": "Adresse"}, "no column 'Adresse'"),
        ([], {}, "none"),
    ],
)
def test_a_mapping_that_cannot_be_is_refused_with_the_columns_there_are(columns, asked, field) -> None:
    with pytest.raises(InvalidError, match=field) as refused:
        map_columns(columns, asked)
    (fault,) = refused.value.faults
    assert fault.field == "--map"
    assert fault.fix


@pytest.mark.parametrize("option", ["text", "=content", "text=", " = "])
def test_a_map_option_has_two_sides(option) -> None:
    with pytest.raises(InvalidError, match="FIELD=COLUMN"):
        parse_asked([option])


def test_a_column_may_have_an_equals_sign() -> None:
    assert parse_asked(["text=a=b", " url = lien "]) == {"text": "a=b", "url": "lien"}


def test_no_alias_belongs_to_two_fields() -> None:
    every = [alias for aliases in ALIASES.values() for alias in aliases]
    assert len(every) == len(set(every))
