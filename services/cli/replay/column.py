"""Which column of somebody's export is which field of a mention."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from services.contracts.errors import Fault, InvalidError

_WRITTEN = {
    "text": (
        "text full_text content contenu body message texte tweet post snippet verbatim avis review comment "
        "commentaire mention description summary"
    ),
    "title": "title titre headline subject sujet",
    "published_at": (
        "published_at published date_published publication_date date_de_publication date_publication pubdate "
        "created_at created posted_at posted datetime date_time timestamp date heure time"
    ),
    "author": (
        "author author_name auteur nom_auteur user_name display_name full_name account_display_name user from name"
    ),
    "handle": "handle author_handle author_username user_username account_username screen_name user_screen_name username account_acct account compte pseudo",
    "followers": (
        "followers followers_count follower_count author_followers author_followers_count user_followers_count "
        "account_followers_count abonnes nb_abonnes nombre_d_abonnes audience"
    ),
    "verified": "verified author_verified user_verified certifie",
    "url": "url link lien permalink href post_url",
    "external_id": "external_id id_str guid post_id tweet_id mention_id status_id uid id",
    "language": "language lang langue",
    "engagement": "engagement engagements interactions reactions likes",
    "source": "source platform plateforme network reseau media site domain channel canal",
    "revision": "revision",
    "edited_at": "edited_at updated_at",
}
ALIASES: Mapping[str, tuple[str, ...]] = {field: tuple(names.split()) for field, names in _WRITTEN.items()}
"""For each field, the column names taken for it, most telling first; compared without case, accents or punctuation."""

REQUIRED = ("text", "published_at")

_NOT_WORD = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Mapped:
    """The columns to read.

    Attributes:
        columns: Field to column name, as the file spells it.
        ignored: Columns that nothing is read from.
    """

    columns: Mapping[str, str]
    ignored: tuple[str, ...]

    def __str__(self) -> str:
        read = ", ".join(
            field if field == column else f"{field} from '{column}'" for field, column in self.columns.items()
        )
        return read + (f"; not read: {', '.join(self.ignored)}" if self.ignored else "")


def map_columns(found: Iterable[str], asked: Mapping[str, str]) -> Mapped:
    """Decide which of the `found` columns each field is read from.

    Args:
        found: The columns of the file, as it spells them; fields of an inner object as `author.name`.
        asked: Field to column, as given by `--map`; they come first.

    Raises:
        InvalidError: An unknown field, a column that is not there, or no column for a required field.
    """
    columns = list(dict.fromkeys(found))
    by_name: dict[str, str] = {}
    for column in columns:
        by_name.setdefault(folded(column), column)
    chosen: dict[str, str] = {}
    for field, wanted in asked.items():
        if field not in ALIASES:
            raise InvalidError(
                Fault("--map", f"'{field}' is no field.", f"The fields are: {', '.join(ALIASES)}.")
            )
        if folded(wanted) not in by_name:
            raise InvalidError(
                Fault("--map", f"There is no column '{wanted}'.", f"The columns are: {', '.join(columns)}.")
            )
        chosen[field] = wanted if wanted in columns else by_name[folded(wanted)]
    for field, aliases in ALIASES.items():
        free = (by_name[alias] for alias in aliases if by_name.get(alias, "") not in {"", *chosen.values()})
        if field not in chosen and (known := next(free, None)):
            chosen[field] = known
    for field in REQUIRED:
        if field not in chosen:
            fix = f"Say which it is: --map {field}=COLUMN. The columns are: {', '.join(columns) or 'none'}."
            raise InvalidError(Fault("--map", f"No column looks like {field}.", fix))
    ordered = {field: chosen[field] for field in ALIASES if field in chosen}
    used = set(ordered.values())
    return Mapped(ordered, tuple(column for column in columns if column not in used))


def parse_asked(options: Iterable[str]) -> dict[str, str]:
    """The `--map FIELD=COLUMN` options.

    Raises:
        InvalidError: One is not of that form.
    """
    asked: dict[str, str] = {}
    for option in options:
        field, separator, column = option.partition("=")
        if not separator or not field.strip() or not column.strip():
            raise InvalidError(
                Fault("--map", f"'{option}' is not FIELD=COLUMN.", "Write, for example, text=content.")
            )
        asked[field.strip()] = column.strip()
    return asked


def folded(name: str) -> str:
    """`name` without case, accents and punctuation: `Date de publication` is `date_de_publication`."""
    plain = unicodedata.normalize("NFKD", name.casefold())
    bare = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return _NOT_WORD.sub("_", bare).strip("_")
