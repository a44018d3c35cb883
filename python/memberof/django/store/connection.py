"""Django's connection, as the statements of :mod:`memberof.stores` want one."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db import connections

from memberof.stores.answer import Answer

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["DjangoConnection", "user_id", "user_text"]

#: Parameters that hold a user's ID: text in the records, the user model's key in the database.
_USERS = frozenset({"user", "user_id", "old", "new"})


def user_id(text: str) -> Any:
    """Return the primary key that a user's ID in the records stands for; None where it can be nobody's."""
    try:
        return get_user_model()._meta.pk.to_python(text)
    except (ValidationError, ValueError, TypeError):
        return None


def user_text(key: Any) -> str:
    """Return a user's ID in the records for a key as a statement gives it: SQLite keeps a UUID as 32 digits."""
    return str(get_user_model()._meta.pk.to_python(key))


class DjangoConnection:
    """Runs statements with ``:name`` parameters in the transaction that is open."""

    def __init__(self, using: str) -> None:
        self._connection = connections[using]

    def execute(self, statement: str, values: Mapping[str, Any], /) -> Answer:
        """Run a statement, and read what it gives."""
        given = {name: self._user(value) if name in _USERS else value for name, value in values.items()}
        with self._connection.cursor() as cursor:
            cursor.execute(_formatted(statement), given)
            return Answer(cursor)

    def _user(self, text: str) -> Any:
        return get_user_model()._meta.pk.get_db_prep_value(user_id(text), self._connection)


@lru_cache(maxsize=512)
def _formatted(statement: str) -> str:
    """Return the statement as Django wants it. A second colon is a cast, or begins one."""
    return re.sub(r"(?<![:\w]):([a-z]\w*)", r"%(\1)s", statement.replace("%", "%%"))
