"""What to change at the identity provider."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from memberof.doctor.diagnosis import Diagnosis
    from memberof.doctor.product import Product

_SEND = "send the user's groups in the attribute memberOf, one value a group"


def advise(diagnosis: Diagnosis, product: Product | None) -> tuple[str, ...]:
    """Return how to send groups there, and other ones; empty where nothing needs to change.

    What one finding asks for is its own ``hint``.
    """
    codes = {finding.code for finding in diagnosis.findings}
    at = f"at {product.title}: {product.send}" if product and product.send else f"there: {_SEND}"
    advice = []
    if "doctor.no_group_attribute" in codes and "claim.attribute_case" not in codes:
        advice.append(f"send groups, {at}")
    if "claim.overage" in codes:
        advice.append(f"send fewer groups, {at}")
    if codes & {"claim.only_guids", "claim.only_sids", "claim.identifier"}:
        advice.append(f"send names instead of identifiers, {at}")
    if codes & {"claim.limit_reached", "claim.many_groups"}:
        advice.append("send only the groups that this application needs: a filter, or groups assigned to it")
    if diagnosis.format == "path" and product and product.name == "keycloak":
        advice.append(
            'if names are enough, switch Full group path off; with it on, format="path" reads the paths'
        )
    return tuple(advice)
