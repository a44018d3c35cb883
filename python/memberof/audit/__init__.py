"""Audits: what would change if everybody logged in now.

:func:`compare` takes Arrow tables of what the application has and of what the identity provider says, from any library
(pyarrow, Polars, DuckDB, pandas, arro3), and plans a login for each user by the same rules and policy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from memberof import GroupExtractor
from memberof._memberof import audit_compare
from memberof.audit.replaying import Difference, Replay, replay
from memberof.audit.report import AuditReport
from memberof.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from memberof import GroupRules, Reason, SyncPolicy

__all__ = ["AuditReport", "Difference", "Replay", "compare", "replay"]


def compare(
    current: Any,
    claims: Any,
    *,
    format: str | GroupExtractor = "array",
    groups: Any = None,
    rules: GroupRules | None = None,
    policy: SyncPolicy | None = None,
    users: Any = None,
    hold_detachments: bool | Reason | None = None,
    progress: Callable[[int], object] | None = None,
    threads: int | None = None,
) -> AuditReport:
    """Plan a login for everybody, each by herself, on the state as it is.

    Tables are anything with ``__arrow_c_stream__`` or ``__arrow_c_array__``; columns of texts may be Utf8, LargeUtf8,
    Utf8View or a dictionary of one. Other columns are not read. A stream is read batch by batch and not kept.

    Args:
        current: Memberships: ``user``, ``group``, ``kind`` ("internal" or "external"), perhaps ``origin`` (which
            identity provider attached her; null: a manual membership).
        claims: What the identity provider sent: ``user`` and ``value``, a row for each raw value; a user whose only
            value is null sent the attribute empty. Perhaps ``status``: "present", "empty", "absent" or "overage".
        format: The format of the values ("ldap", "array", "csv", "json", "path", "domain"), or an extractor where there
            is more to say.
        groups: Groups with or without members: ``group`` and ``kind``.
        rules: Which names count, and what they are called here.
        policy: Decisions about synchronisation; ``SyncPolicy()`` unless given.
        users: Users who log in although no row of claims is theirs, which means that the attribute was absent: an
            iterable of names, or a table with the column ``user``. Without it, a user without a row does not log in
            and nothing of hers changes.
        hold_detachments: As in :func:`memberof.reconcile`; ``Reason.ATTACH_ONLY`` is the mode "attach_only".
        progress: Called now and then with the number of rows read; an exception of it ends the audit, as Ctrl+C does.
        threads: How many threads work; 2 unless given.

    Every table may have a column ``tenant``, then all must: nothing crosses from one tenant to another.

    Returns:
        The report, itself an Arrow stream of its changes.

    Raises:
        SchemaError: Tables with wrong columns or words; ``problems`` lists all.
        ConfigurationError: Settings that contradict each other, or two groups that are one under the policy's identity.

    """
    if isinstance(format, GroupExtractor):
        if rules is not None:
            raise ConfigurationError(
                "an extractor has its rules already, so rules must be left out", "config.audit_rules"
            )
        extractor = format
    else:
        extractor = GroupExtractor(format=format, rules=rules)
    result = audit_compare(
        current,
        claims,
        extractor,
        policy=policy,
        groups=groups,
        users=users,
        hold_detachments=hold_detachments,
        progress=progress,
        threads=2 if threads is None else threads,
    )
    return AuditReport(result)
