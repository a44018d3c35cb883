"""One login with nothing but the wheel: verify a captured Response, read its groups, plan."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

import memberof

VECTORS = Path(__file__).parent.parent / "tests" / "vectors" / "idp"


def main() -> None:
    cases = json.loads((VECTORS / "cases.json").read_text())
    case = next(c for c in cases["cases"] if c["id"] == "simplesamlphp/both-dn3")
    idp = memberof.IdentityProvider(
        entity_id=case["idp_entity_id"],
        certificates=[(VECTORS / case["idp_cert"]).read_text()],
        sso_url="https://idp.example/sso",
    )
    sp = memberof.ServiceProvider(
        entity_id=cases["sp_entity_id"], acs_url=cases["acs_url"], identity_provider=idp
    )
    now = datetime.fromisoformat(case["issue_instant"]) + timedelta(seconds=1)
    assertion = sp.verify((VECTORS / case["file"]).read_text(), request_id=case["request_id"], now=now)
    claim = memberof.GroupExtractor(attribute="memberOf", format="ldap").extract(assertion)
    plan = memberof.reconcile(
        claim, memberof.UserState(groups={}, memberships=[]), policy=memberof.SyncPolicy()
    )
    if plan.attach != ("Group1", "Group2", "Group3"):
        raise SystemExit(f"expected Group1 to Group3, the plan attaches {plan.attach}")


if __name__ == "__main__":
    main()
