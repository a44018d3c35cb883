"""One door for files of every kind: what a file is, is seen by its ending and its content."""

from __future__ import annotations

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

if TYPE_CHECKING:
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

    """
    if isinstance(source, str) and "://" in source:
        from memberof.stores import SqlStore

        return read_store(SqlStore(source, **options))
    suffix = Path(source).suffix.lower()
    if suffix in (".ldif", ".ldf"):
        return read_ldif(source, **options)
    if suffix == ".json":
        return _read_json(source, options)
    return read_table(source, **options)


def _read_json(path: Name, options: dict[str, Any]) -> Snapshot:
    document = read_json(path)
    one = document[0] if isinstance(document, list) and document else document
    if isinstance(one, dict):
        if "realm" in one:
            return read_keycloak(path, **options)
        if "schemas" in one:
            return read_scim(path, **options)
        if str(one.get("kind")).startswith("admin#directory#group"):
            return read_google(path, **options)
        if "value" in one or "id" in one:
            return read_entra(path, **options)
    raise fault(
        path,
        None,
        "expected a realm of Keycloak, or an answer of Microsoft Graph, Google's Directory API or SCIM",
        "audit.file",
        "call the reader that fits: memberof.audit.sources.read_keycloak, read_entra, read_google or read_scim",
    )
