"""What an audit found."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from memberof.audit.sources.arrow import need, pyarrow

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pandas
    import polars
    import pyarrow as pa

    from memberof import ArrowTable, Plan
    from memberof._memberof import AuditResult


class AuditReport:
    """What would change if everybody logged in now, each by herself, on the state as it is.

    It is an Arrow stream of its changes: ``pyarrow.table(report)``, ``polars.DataFrame(report)``. Tables begin with a
    column ``tenant`` where the tables of the audit have one.
    """

    def __init__(self, result: AuditResult) -> None:
        self._result = result

    @cached_property
    def changes(self) -> ArrowTable:
        """The changes: ``user``, ``group``, ``action``, ``reason``; by user, each user's in the order of a plan.

        Each user is planned by herself, so everybody who receives the same new group has a "create" of it.
        """
        return self._result.changes()

    @cached_property
    def held(self) -> ArrowTable:
        """What policy and guards hold back, in the form of ``changes``; ``reason`` says why."""
        return self._result.held()

    @cached_property
    def groups(self) -> ArrowTable:
        """Groups: ``group``, ``action`` ("create", "adopt" or null), ``members_before``, ``members_after``; by name."""
        return self._result.groups()

    @cached_property
    def findings(self) -> ArrowTable:
        """What to look at: ``code``, ``severity`` ("error", "warning", "info"), ``group``, ``user``, ``message``, ``count``.

        Errors come first. They are made when first asked for, which may take longer than the comparison.
        """
        return self._result.findings()

    def evidence(self, code: str) -> ArrowTable:
        """Return the users and groups behind the findings of one code: ``user``, ``group``; null where it is about one."""
        return self._result.evidence(code)

    @cached_property
    def summary(self) -> Mapping[str, int]:
        """Counts: of users and logins, of memberships kept, attached and detached, of groups created and adopted, …."""
        return self._result.summary()

    def plan(self, user: str, tenant: str = "") -> Plan:
        """Return a user's plan, whole, as a login would make it.

        Raises:
            KeyError: She does not log in in this audit: no row of claims is hers, and ``users`` does not name her.
            ClaimError: The policy refuses her login.

        """
        plan = self._result.plan(user, tenant)
        if plan is None:
            raise KeyError(user)
        return plan

    def to_arrow(self) -> pa.Table:
        """Return the changes as a table of pyarrow."""
        return pyarrow().table(self.changes)

    def to_polars(self) -> polars.DataFrame:
        """Return the changes as a data frame of Polars."""
        return need("polars").DataFrame(self.changes)

    def to_pandas(self) -> pandas.DataFrame:
        """Return the changes as a data frame of pandas."""
        return self.to_arrow().to_pandas()

    def to_html(self, path: str | Path, **options: Any) -> None:
        """Write a page for people: counts, findings, plots, groups, changes. It loads nothing, and prints.

        Args:
            path: The file to write.
            options: ``title``; ``notes``, sentences to begin with; ``current``, the memberships, for a plot of overlaps;
                ``logins`` with their times, and ``now``, for a plot of the time since the last sign-in.

        """
        from memberof.audit.page import write_page

        write_page(self, path, **options)

    def _repr_html_(self) -> str:
        from memberof.audit.words import sections
        from memberof.doctor.page import sections_as_html

        return sections_as_html(sections(self))

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> Any:
        """Return the changes as an Arrow stream (the Arrow PyCapsule interface), any number of times."""
        return self.changes.__arrow_c_stream__(requested_schema)

    def __repr__(self) -> str:
        counts = ("users", "keep", "attach", "detach", "create", "adopt", "held")
        return f"<AuditReport {', '.join(f'{name} {self.summary[name]:,}' for name in counts)}>"
