"""OpenID Connect: ``login_of(claims).into(sync, user)`` with the claims of an ID token that your library verified.

An example for every other source: hand over attributes as lists of texts, a sign of left-out groups under its SAML name,
and the three facts that order and replay need.
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from memberof.adapters.login import LibraryLogin
from memberof.errors import VerificationError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["OVERAGE", "login_of"]

#: Under this name an extractor finds that groups were left out, as Entra says it in SAML.
OVERAGE = "http://schemas.microsoft.com/claims/groups.link"


def login_of(claims: Mapping[str, Any], *, groups: str = "groups") -> LibraryLogin:
    """Return the login of an ID token.

    Args:
        claims: Of a verified ID token: signature, ``iss``, ``aud``, ``exp`` and ``nonce`` are your library's to check.
        groups: Name of the claim; the extractor's attribute has the same name.

    Returns:
        A text claim is one value, a list its values, null one nil value, a missing claim no attribute. Entra leaves
        groups out of large tokens: ``_claim_names`` then points elsewhere, or ``hasgroups`` is true; both are OVERAGE.

    Raises:
        VerificationError: ``oidc.claims``: ``iss``, ``sub`` or ``iat`` is missing.

    """
    for name, kind in (("iss", str), ("sub", str), ("iat", (int, float))):
        if not isinstance(claims.get(name), kind) or isinstance(claims.get(name), bool):
            raise VerificationError(f'the ID token has no claim "{name}" of its type', "oidc.claims")
    attributes = {name: _values(value) for name, value in claims.items() if not name.startswith("_claim")}
    elsewhere = claims.get("_claim_names")
    if (isinstance(elsewhere, dict) and groups in elsewhere) or claims.get("hasgroups") in (True, "true"):
        attributes[OVERAGE] = ["groups are elsewhere"]
    return LibraryLogin(
        attributes=attributes,
        issuer=claims["iss"],
        assertion_id=_token_id(claims),
        issued_at=datetime.fromtimestamp(claims["iat"], UTC),
    )


def _values(value: Any) -> Any:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, list):
        return [entry for entry in value if entry is None or isinstance(entry, str)]
    return json.dumps(value)


def _token_id(claims: Mapping[str, Any]) -> str:
    # "jti" is optional (RFC 7519 4.1.7); Entra calls its own "uti". Else the whole token is its own name.
    named = claims.get("jti") or claims.get("uti")
    if isinstance(named, str):
        return named
    return hashlib.sha256(json.dumps(claims, sort_keys=True, default=str).encode()).hexdigest()
