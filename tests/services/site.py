"""An application with one identity provider, for tests of whole logins."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import memberof

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
IDP = "https://idp.example"


class Site:
    """An application with one identity provider, whose clock moves a second with each login."""

    def __init__(self, format: str = "array", **options: Any) -> None:
        self.store = options.pop("store", None) or memberof.InMemoryStore()
        self.extractor = memberof.GroupExtractor(attribute="memberOf", format=format)
        self.sync = memberof.GroupSync(self.extractor, self.store, source=IDP, **options)
        self.time = NOW
        self.count = 0

    def login(self, user: str, values: list[str] | None, **fields: Any) -> memberof.LoginOutcome:
        self.time += timedelta(seconds=1)
        self.count += 1
        attributes: dict[str, Any] = {} if values is None else {"memberOf": values}
        given = {"issuer": IDP, "issued_at": self.time, "assertion_id": f"_{self.count}", "now": self.time}
        return self.sync.login(user, attributes, **{**given, **fields})

    def groups(self, user: str) -> list[str]:
        return [held.group for held in self.store.memberships(user=user)]

    def kinds(self) -> dict[str, str]:
        return {group.name: str(group.kind) for group in self.store.groups()}
