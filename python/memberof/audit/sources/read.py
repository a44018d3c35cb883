"""One door for files of every kind: what a file is, is seen by its ending and its content."""

from __future__ import annotations

from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Any

from memberof.audit.sources.entra import read_entra
from memberof.audit.sources.files import Name, fault, read_json
from memberof.audit.sources.google import read_google
from memberof.audit.sources.keycloak import read_keycloak
from memberof.audit.sources.ldif import read_ldif
from memberof.audit.sources.scim import read_scim
from memberof.audit.sources.store import read_store
from memberof.audit.sources.table import read_table
from memberof.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from memberof.audit.sources.snapshot import Snapshot


def read(source: Name, **options: Any) -> Snapshot:
    """Read memberships from whatever this is.

    ``.parquet``, ``.csv``, ``.xlsx``, ``.jsonl`` and the like: ``read_table``. ``.ldif``: ``read_ldif``. ``.json``: a realm
    of Keycloak, an answer of Microsoft Graph, of Google's Directory API, or of SCIM, by what is in it. A database URL
    (``postgresql://…``, ``sqlite:///groups.db``): the store in it.

    Args:
        source: A file, or a database URL.
        options: Of the reader that it goes to.

    Raises:
        AuditError: ``audit.file`` where it is none of these; and what the reader raises.
        ConfigurationError: An option that the reader doesn't have.

    """
    if isinstance(source, str) and "://" in source:
        return _called(_read_database, source, options)
    suffix = Path(source).suffix.lower()
    if suffix in (".ldif", ".ldf"):
        return _called(read_ldif, source, options)
    if suffix == ".json":
        return _called(_reader_of_json(source), source, options)
    return _called(read_table, source, options)


def _called(reader: Callable[..., Snapshot], source: Name, options: dict[str, Any]) -> Snapshot:
    """Call a reader; options that it doesn't have are a mistake of whoever configured them."""
    names = [name for name, each in signature(reader).parameters.items() if each.kind is each.KEYWORD_ONLY]
    unknown = sorted(options.keys() - set(names))
    if unknown:
        raise ConfigurationError(
            f'"{source}" has no option {", ".join(unknown)}, expected some of {", ".join(names)}'
        )
    return reader(source, **options)


def _read_database(url: str, *, tenant: str = "") -> Snapshot:
    from memberof.stores import SqlStore

    return read_store(SqlStore(url, tenant=tenant))


def _reader_of_json(path: Name) -> Callable[..., Snapshot]:
    document = read_json(path)
    one = document[0] if isinstance(document, list) and document else document
    if isinstance(one, dict):
        if "realm" in one:
            return read_keycloak
        if "schemas" in one:
            return read_scim
        if str(one.get("kind")).startswith("admin#directory#group"):
            return read_google
        if "value" in one or "id" in one:
            return read_entra
    raise fault(
        path,
        None,
        "expected a realm of Keycloak, or an answer of Microsoft Graph, Google's Directory API or SCIM",
        "audit.file",
        "call the reader that fits: memberof.audit.sources.read_keycloak, read_entra, read_google or read_scim",
    )
