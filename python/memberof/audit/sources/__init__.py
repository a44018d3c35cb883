"""What an audit compares, from what people have: files, exports of directories, logins, stores.

Each function gives a :class:`Snapshot`: ``claims()`` and ``current()`` are the tables that ``memberof.audit.compare``
takes, and ``skipped`` counts what was left out. Needs ``pip install memberof[audit]``.
"""

from memberof.audit.sources.entra import read_entra
from memberof.audit.sources.google import read_google
from memberof.audit.sources.keycloak import read_keycloak
from memberof.audit.sources.ldif import read_ldif
from memberof.audit.sources.read import read
from memberof.audit.sources.responses import read_responses
from memberof.audit.sources.scim import read_scim
from memberof.audit.sources.snapshot import REASONS, Snapshot
from memberof.audit.sources.store import read_store
from memberof.audit.sources.table import read_table

__all__ = [
    "REASONS",
    "Snapshot",
    "read",
    "read_entra",
    "read_google",
    "read_keycloak",
    "read_ldif",
    "read_responses",
    "read_scim",
    "read_store",
    "read_table",
]
