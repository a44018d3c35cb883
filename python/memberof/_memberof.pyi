"""The compiled core of memberof. Import from ``memberof``, not from here."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, ClassVar, Final, Literal, Self, TypeAlias, final, overload

from memberof.enums import (
    Action,
    ClaimStatus,
    DetachScope,
    GroupKind,
    Identity,
    OnAbsent,
    OnInternalMatch,
    OnMalformed,
    OnOverage,
    Reason,
)
from memberof.replay import ReplayCache
from memberof.saml import NameID, Unsolicited

_Pattern: TypeAlias = str | Mapping[str, str]
_Patterns: TypeAlias = _Pattern | Sequence[_Pattern]

__all__ = [
    "ArrowTable",
    "AuditResult",
    "Change",
    "ClaimWarning",
    "DistinguishedName",
    "DroppedValue",
    "GroupClaim",
    "GroupExtractor",
    "GroupRules",
    "IdentityProvider",
    "Limits",
    "LoginForm",
    "LoginRequest",
    "Plan",
    "PlanWarning",
    "Preset",
    "ServiceProvider",
    "SyncPolicy",
    "UserState",
    "VerifiedAssertion",
    "audit_compare",
    "common_names",
    "confusable_names",
    "extract_column",
    "group_key",
    "parse_dn",
    "peek",
    "reconcile",
    "split_list",
]

@final
class GroupExtractor:
    def __new__(
        cls,
        attribute: str | Iterable[str] | None = None,
        format: str | None = None,
        *,
        delimiter: str | None = None,
        naming: str | None = None,
        aliases: Iterable[str] | None = None,
        limit: int | None = None,
        max_name_length: int = 255,
        rules: GroupRules | None = None,
        library: str | None = None,
        find_overage_by_value: bool | None = None,
    ) -> GroupExtractor: ...
    @classmethod
    def preset(
        cls,
        name: str,
        *,
        attribute: str | Iterable[str] | None = None,
        format: str | None = None,
        delimiter: str | None = None,
        naming: str | None = None,
        aliases: Iterable[str] | None = None,
        limit: int | None = None,
        max_name_length: int = 255,
        rules: GroupRules | None = None,
        library: str | None = None,
        find_overage_by_value: bool | None = None,
    ) -> GroupExtractor: ...
    @staticmethod
    def presets() -> tuple[Preset, ...]: ...
    def extract(
        self, attributes: VerifiedAssertion | Mapping[str, str | Iterable[str | None] | None]
    ) -> GroupClaim: ...
    @property
    def attributes(self) -> tuple[str, ...]: ...
    @property
    def aliases(self) -> tuple[str, ...]: ...
    @property
    def format(self) -> str: ...
    @property
    def delimiter(self) -> str | None: ...
    @property
    def naming(self) -> str | None: ...
    @property
    def limit(self) -> int | None: ...
    @property
    def rules(self) -> GroupRules | None: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class GroupRules:
    def __new__(
        cls,
        *,
        include: _Patterns | None = None,
        exclude: _Patterns | None = None,
        strip_prefix: str | Sequence[str] | None = None,
        rename: Mapping[str, str | Sequence[str]] | None = None,
        ignore_case: bool = False,
    ) -> GroupRules: ...
    @classmethod
    def from_dict(cls, data: Mapping[str, object]) -> GroupRules: ...
    @classmethod
    def from_json(cls, text: str) -> GroupRules: ...
    @classmethod
    def from_toml(cls, text: str) -> GroupRules: ...
    def to_dict(self) -> dict[str, Any]: ...
    def __bool__(self) -> bool: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class GroupClaim:
    @property
    def status(self) -> ClaimStatus: ...
    @property
    def groups(self) -> tuple[str, ...]: ...
    def keys(self, identity: str = "exact") -> tuple[str, ...]:
        """Return the keys of the groups' names, unique, sorted: what a store looks groups up by."""

    @property
    def malformed(self) -> tuple[str, ...]: ...
    @property
    def dropped(self) -> tuple[DroppedValue, ...]: ...
    @property
    def complete(self) -> bool: ...
    @property
    def attribute(self) -> str | None: ...
    @property
    def limit(self) -> int | None: ...
    @property
    def absence_proved(self) -> bool: ...
    @property
    def warnings(self) -> tuple[ClaimWarning, ...]: ...
    @property
    def renamed(self) -> tuple[tuple[str, str], ...]: ...
    @property
    def fanned_out(self) -> int: ...
    @property
    def received(self) -> int: ...
    @property
    def duplicates(self) -> int: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...
    def _repr_html_(self) -> str: ...

@final
class ClaimWarning:
    __match_args__: Final = ("code", "message", "value_index")
    def __new__(cls, code: str, message: str, value_index: int | None = None) -> ClaimWarning: ...
    @property
    def code(self) -> str: ...
    @property
    def message(self) -> str: ...
    @property
    def value_index(self) -> int | None: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __getnewargs__(self) -> tuple[str, str, int | None]: ...

@final
class DroppedValue:
    __match_args__: Final = ("value", "reason")
    def __new__(cls, value: str, reason: str) -> DroppedValue: ...
    @property
    def value(self) -> str: ...
    @property
    def reason(self) -> str: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __getnewargs__(self) -> tuple[str, str]: ...

@final
class Preset:
    @property
    def name(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def attributes(self) -> tuple[str, ...]: ...
    @property
    def aliases(self) -> tuple[str, ...]: ...
    @property
    def format(self) -> str | None: ...
    @property
    def delimiter(self) -> str | None: ...
    @property
    def limit(self) -> int | None: ...
    @property
    def without_groups(self) -> str: ...
    @property
    def find_overage_by_value(self) -> bool: ...
    @property
    def note(self) -> str: ...

@final
class DistinguishedName:
    @property
    def rdns(self) -> tuple[tuple[tuple[str, str | bytes], ...], ...]: ...
    @property
    def common_name(self) -> str | None: ...
    def normalized(self) -> DistinguishedName: ...
    def __len__(self) -> int: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

def parse_dn(text: str) -> DistinguishedName: ...
def split_list(text: str, delimiter: str = ",") -> tuple[str, ...]: ...
def confusable_names(names: Iterable[str]) -> tuple[tuple[str, ...], ...]: ...

@final
class Limits:
    def __new__(
        cls,
        *,
        max_bytes: int = 1_048_576,
        max_depth: int = 64,
        max_elements: int = 50_000,
        max_attributes: int = 256,
        max_namespaces: int = 64,
    ) -> Limits: ...
    @property
    def max_bytes(self) -> int: ...
    @property
    def max_depth(self) -> int: ...
    @property
    def max_elements(self) -> int: ...
    @property
    def max_attributes(self) -> int: ...
    @property
    def max_namespaces(self) -> int: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __hash__(self, /) -> int: ...
    def __getnewargs_ex__(self) -> tuple[tuple[()], dict[str, int]]: ...

@final
class IdentityProvider:
    def __new__(
        cls, *, entity_id: str, certificates: Iterable[str], sso_url: str | None = None
    ) -> IdentityProvider: ...
    @staticmethod
    def from_metadata(
        xml: str | bytes,
        *,
        entity_id: str | None = None,
        signing_certificates: str | Sequence[str] | None = None,
        now: datetime | None = None,
    ) -> IdentityProvider: ...
    @property
    def entity_id(self) -> str: ...
    @property
    def sso_url(self) -> str | None: ...
    @property
    def sso_urls(self) -> dict[str, str]: ...
    @property
    def wants_signed_requests(self) -> bool: ...
    @property
    def valid_until(self) -> datetime | None: ...
    @property
    def cache_duration(self) -> timedelta | None: ...
    @property
    def certificates(self) -> list[bytes]: ...

@final
class LoginRequest:
    def __new__(
        cls,
        *,
        id: str,  # noqa: A002
        redirect_url: str,
        relay_state: str | None = None,
    ) -> LoginRequest: ...
    @property
    def id(self) -> str: ...
    @property
    def redirect_url(self) -> str: ...
    @property
    def relay_state(self) -> str | None: ...
    def __getnewargs_ex__(self) -> tuple[tuple[()], dict[str, str | None]]: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class LoginForm:
    def __new__(
        cls,
        *,
        id: str,  # noqa: A002
        action: str,
        fields: dict[str, str],
    ) -> LoginForm: ...
    @property
    def id(self) -> str: ...
    @property
    def action(self) -> str: ...
    @property
    def fields(self) -> dict[str, str]: ...
    @property
    def html(self) -> str: ...
    def __getnewargs_ex__(self) -> tuple[tuple[()], dict[str, Any]]: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class ServiceProvider:
    def __new__(
        cls,
        *,
        entity_id: str,
        acs_url: str | Iterable[str],
        identity_provider: IdentityProvider,
        decryption_key: str | Sequence[str] | None = None,
        signing_key: str | None = None,
        certificate: str | Sequence[str] | None = None,
        clock_skew: int = 60,
        limits: Limits | None = None,
        allow_unsolicited: bool = False,
    ) -> ServiceProvider: ...
    def verify(
        self,
        saml_response: str | bytes,
        *,
        request_id: str | Unsolicited | Iterable[str | Unsolicited],
        now: datetime | None = None,
        replay_cache: ReplayCache | None = None,
    ) -> VerifiedAssertion: ...
    @overload
    def login_request(
        self,
        relay_state: str | None = None,
        *,
        binding: Literal["redirect"] = "redirect",
        acs_url: str | None = None,
        force_authn: bool = False,
        is_passive: bool = False,
        name_id_format: str | None = None,
        requested_authn_context: str | Sequence[str] | None = None,
        authn_context_comparison: str = "exact",
        now: datetime | None = None,
    ) -> LoginRequest: ...
    @overload
    def login_request(
        self,
        relay_state: str | None = None,
        *,
        binding: Literal["post"],
        acs_url: str | None = None,
        force_authn: bool = False,
        is_passive: bool = False,
        name_id_format: str | None = None,
        requested_authn_context: str | Sequence[str] | None = None,
        authn_context_comparison: str = "exact",
        now: datetime | None = None,
    ) -> LoginForm: ...
    def metadata(
        self,
        *,
        sign: bool = False,
        want_assertions_signed: bool = True,
        name_id_formats: str | Sequence[str] | None = None,
        valid_until: datetime | None = None,
    ) -> str: ...
    @property
    def entity_id(self) -> str: ...
    @property
    def acs_urls(self) -> list[str]: ...
    @property
    def identity_provider(self) -> IdentityProvider: ...

@final
class VerifiedAssertion:
    @property
    def id(self) -> str: ...
    @property
    def issuer(self) -> str: ...
    @property
    def name_id(self) -> NameID | None: ...
    @property
    def attributes(self) -> MappingProxyType[str, tuple[str, ...]]: ...
    @property
    def friendly_names(self) -> dict[str, str]: ...
    @property
    def issue_instant(self) -> datetime: ...
    @property
    def not_on_or_after(self) -> datetime: ...
    @property
    def in_response_to(self) -> str | None: ...
    @property
    def session_index(self) -> str | None: ...
    @property
    def session_not_on_or_after(self) -> datetime | None: ...
    @property
    def authn_instant(self) -> datetime: ...
    @property
    def authn_context(self) -> str | None: ...
    @property
    def one_time_use(self) -> bool: ...

def peek(message: bytes | VerifiedAssertion, *, limits: Limits | None = None) -> dict[str, Any]: ...

@final
class UserState:
    """One user's groups before a login.

    Args:
        groups: Name → kind, of at least the user's groups and every received name that exists.
        memberships: Names of her groups.
        origins: Group → entity ID of the source that attached her, or None (as for those left out): by hand.
        sole_member_of: Groups whose only member she is.
        all_members_external: Groups all of whose members have logged in from the identity provider.
        user: The application's ID of the user; a plan that knows it is applied to her only.

    Raises:
        ConfigurationError: A membership or origin of a group that ``groups`` does not list.

    """

    def __new__(
        cls,
        groups: Mapping[str, GroupKind | str],
        memberships: Iterable[str] | None = None,
        origins: Mapping[str, str | None] | None = None,
        sole_member_of: Iterable[str] | None = None,
        *,
        all_members_external: Iterable[str] | None = None,
        user: str | None = None,
    ) -> Self: ...
    @staticmethod
    def of_rows(
        held: Sequence[tuple[GroupKind | str, str | None, Sequence[str]]],
        others: Sequence[tuple[str, GroupKind | str]],
        *,
        sole_member_of: Iterable[str] | None = None,
        all_members_external: Iterable[str] | None = None,
        user: str | None = None,
    ) -> UserState:
        """Return the state of a store's rows.

        Args:
            held: The user's groups, those of one kind and origin together: (kind, origin, names).
            others: The other groups that are known: (name, kind).
            sole_member_of: As for the class.
            all_members_external: As for the class.
            user: As for the class.

        """

    @property
    def user(self) -> str | None: ...
    @property
    def groups(self) -> dict[str, GroupKind]: ...
    @property
    def memberships(self) -> tuple[str, ...]: ...
    @property
    def origins(self) -> dict[str, str | None]: ...
    @property
    def sole_member_of(self) -> tuple[str, ...]: ...
    @property
    def all_members_external(self) -> tuple[str, ...]: ...
    def fingerprint(self, received: Iterable[str], identity: str = "exact") -> str:
        """Return SHA-256 (hexadecimal) of what a plan with these received names depends on."""

    def __hash__(self) -> int: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __getnewargs_ex__(self) -> tuple[tuple[Any, ...], dict[str, Any]]: ...

@final
class SyncPolicy:
    """What an administrator decides about synchronisation; the defaults are the rules R1 to R10.

    Args:
        on_absent: What a missing attribute means: ``detach_if_seen`` (default), ``detach``, ``keep``, ``refuse``.
        on_malformed: What an unreadable value means: ``hold`` detachments (default), ``ignore``, ``refuse``.
        on_overage: What left-out groups mean: ``hold`` everything (default), ``refuse``, or a function of the user
            and the claim that returns the full list of names (from the identity provider's API), or None to hold.
        on_internal_match: What becomes of an internal group of a received name: ``adopt`` (default), ``refuse``,
            ``ignore``, ``if_all_members_external``.
        identity: How names are compared: ``exact`` (default) or ``fold``.
        detach_scope: Which memberships a login may take: ``external_groups`` (default, R8) or ``own_memberships``.
        create_missing: Whether a received name that no group has becomes a group (R6).
        max_creates: How many groups one login may create; with more, it creates none.
        max_groups: How many groups a claim may hold; with more, everything is held.
        protected: Groups that a login never creates, adopts, attaches or detaches.
        last_member_of: Groups that never lose their last member.
        required_groups: A user in none of these is refused.

    Raises:
        ConfigurationError: ``config.policy``, with all mistakes in ``problems``.

    """

    def __new__(
        cls,
        *,
        on_absent: OnAbsent | str | None = None,
        on_malformed: OnMalformed | str | None = None,
        on_overage: OnOverage | str | Callable[[str, GroupClaim], Any] | None = None,
        on_internal_match: OnInternalMatch | str | None = None,
        identity: Identity | str | None = None,
        detach_scope: DetachScope | str | None = None,
        create_missing: bool = True,
        max_creates: int | None = None,
        max_groups: int | None = None,
        protected: Iterable[str] | None = None,
        last_member_of: Iterable[str] | None = None,
        required_groups: Iterable[str] | None = None,
    ) -> Self: ...
    @staticmethod
    def cautious() -> SyncPolicy:
        """Return the policy for a first roll-out: adopt nothing, detach only what the IdP attached, keep on absence."""

    @staticmethod
    def from_dict(data: Mapping[str, Any]) -> SyncPolicy: ...
    @staticmethod
    def from_json(text: str) -> SyncPolicy: ...
    @staticmethod
    def from_toml(text: str, *, table: str | None = None) -> SyncPolicy:
        """Read it from a table of a TOML text, by dotted name; None: the whole text."""

    def to_dict(self) -> dict[str, Any]: ...
    @property
    def on_absent(self) -> OnAbsent: ...
    @property
    def on_malformed(self) -> OnMalformed: ...
    @property
    def on_overage(self) -> OnOverage | Callable[[str, GroupClaim], Any]: ...
    @property
    def on_internal_match(self) -> OnInternalMatch: ...
    @property
    def identity(self) -> Identity: ...
    @property
    def detach_scope(self) -> DetachScope: ...
    @property
    def create_missing(self) -> bool: ...
    @property
    def max_creates(self) -> int | None: ...
    @property
    def max_groups(self) -> int | None: ...
    @property
    def protected(self) -> tuple[str, ...]: ...
    @property
    def last_member_of(self) -> tuple[str, ...]: ...
    @property
    def required_groups(self) -> tuple[str, ...]: ...
    def __hash__(self) -> int: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __getnewargs_ex__(self) -> tuple[tuple[Any, ...], dict[str, Any]]: ...

@final
class Change:
    """One line of a plan: what is done to which group, and why; or, among held changes, why it is not."""

    __match_args__: ClassVar[tuple[str, str, str]] = ("action", "group", "reason")
    def __new__(cls, action: Action | str, group: str, reason: Reason | str) -> Self: ...
    @property
    def action(self) -> Action: ...
    @property
    def group(self) -> str: ...
    @property
    def reason(self) -> Reason: ...
    def __hash__(self) -> int: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __lt__(self, other: Change, /) -> bool: ...
    def __le__(self, other: Change, /) -> bool: ...
    def __gt__(self, other: Change, /) -> bool: ...
    def __ge__(self, other: Change, /) -> bool: ...
    def __getnewargs__(self) -> tuple[str, str, str]: ...

@final
class PlanWarning:
    """Something an administrator should know of a plan; the message holds counts, no names."""

    __match_args__: ClassVar[tuple[str, str]] = ("code", "message")
    def __new__(cls, code: str, message: str) -> Self: ...
    @property
    def code(self) -> str: ...
    @property
    def message(self) -> str: ...
    def __hash__(self) -> int: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __getnewargs__(self) -> tuple[str, str]: ...

@final
class Plan:
    """What one login does to one user's groups. Made by ``reconcile``; true if there is anything to do.

    ``create``, ``adopt``, ``attach``, ``detach``, ``keep`` and ``held`` are names, sorted and unique. ``create`` is
    part of ``attach``; an adopted group is in ``attach`` or in ``keep``; ``keep`` are received groups that she has.
    ``changes`` and ``held_changes`` are ordered by action, then name.
    """

    @property
    def create(self) -> tuple[str, ...]: ...
    @property
    def adopt(self) -> tuple[str, ...]: ...
    @property
    def attach(self) -> tuple[str, ...]: ...
    @property
    def detach(self) -> tuple[str, ...]: ...
    @property
    def keep(self) -> tuple[str, ...]: ...
    @property
    def held(self) -> tuple[str, ...]: ...
    @property
    def changes(self) -> tuple[Change, ...]: ...
    @property
    def held_changes(self) -> tuple[Change, ...]: ...
    @property
    def warnings(self) -> tuple[PlanWarning, ...]: ...
    @property
    def received(self) -> tuple[str, ...]: ...
    @property
    def status(self) -> ClaimStatus: ...
    @property
    def user(self) -> str | None: ...
    @property
    def state_fingerprint(self) -> str: ...
    @property
    def fingerprint(self) -> str: ...
    def explain(self) -> str:
        """Return the plan in words, a line a change. For administrators: it names groups."""

    def to_dict(self) -> dict[str, Any]: ...
    def to_json(self) -> str: ...
    @staticmethod
    def from_dict(data: Mapping[str, Any]) -> Plan:
        """Read a plan back.

        Raises:
            PlanError: ``plan.syntax`` for anything but a plan, ``plan.fingerprint`` for one that was edited.

        """

    @staticmethod
    def from_json(text: str) -> Plan: ...
    def __bool__(self) -> bool: ...
    def __hash__(self) -> int: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __reduce__(self) -> tuple[Any, tuple[str]]: ...
    def _repr_html_(self) -> str: ...

def reconcile(
    claim: GroupClaim,
    state: UserState,
    *,
    policy: SyncPolicy | None = None,
    attribute_seen: bool | None = None,
    hold_detachments: bool | Reason | str | None = None,
    last_received: int | None = None,
) -> Plan:
    """Work out what a claim does to a user's groups. Pure: the same inputs give the same plan.

    Args:
        claim: What the identity provider said.
        state: The user's groups.
        policy: Decisions; None: ``SyncPolicy()``.
        attribute_seen: Whether this identity provider has sent the attribute before, for any user; None: no.
        hold_detachments: Hold them all; a ``Reason`` says why.
        last_received: How many groups the user's last PRESENT claim held.

    Raises:
        ClaimError: The policy refuses the claim.
        ConfigurationError: Two existing groups have one key.

    """

def group_key(name: str, identity: Identity | str = "exact") -> str:
    """Return the key by which a group's name is compared: NFC, and case-folded under ``fold``."""

@final
class ArrowTable:
    """A table that memberof made. Any Arrow library reads it: ``pyarrow.table(t)``, ``polars.DataFrame(t)``, DuckDB."""

    @property
    def column_names(self) -> tuple[str, ...]: ...
    @property
    def num_rows(self) -> int: ...
    def __len__(self) -> int: ...
    def __arrow_c_stream__(self, requested_schema: object | None = None) -> Any:
        """Return the table as an Arrow stream (the Arrow PyCapsule interface), any number of times."""

    def __arrow_c_schema__(self) -> Any: ...

def common_names(column: Any) -> ArrowTable:
    """Read the common names of a column of distinguished names.

    Args:
        column: An Arrow column of Utf8, LargeUtf8, Utf8View or a dictionary of one: a pyarrow array or chunked array, a
            polars series, or a table with one column. Anything that has ``__arrow_c_stream__`` or
            ``__arrow_c_array__``.

    Returns:
        A table with a row for each row, in chunks as they came: ``name``, the CN in the first RDN as ``parse_dn``
        reads it, and ``error``, null or a stable code (``claim.no_common_name``, ``claim.dn_escape``, …). A null row is
        null in both.

    Raises:
        SchemaError: It is no column of texts, or its producer failed; a TypeError.

    """

def extract_column(column: Any, extractor: GroupExtractor) -> ArrowTable:
    """Read the groups of a column of attribute values.

    Args:
        column: As in ``common_names``; each row is one value of a group attribute.
        extractor: Reads each row as the only value of its attribute.

    Returns:
        A table with a row for each row: ``groups``, a list of texts (several under "csv"), and ``error``, null or the
        stable code of the first thing that was wrong. A null row is null in both.

    Raises:
        SchemaError: It is no column of texts, or its producer failed; a TypeError.

    """

@final
class AuditResult:
    """What an audit found; ``memberof.audit.AuditReport`` is its public face."""

    def changes(self) -> ArrowTable: ...
    def held(self) -> ArrowTable: ...
    def groups(self) -> ArrowTable: ...
    def findings(self) -> ArrowTable: ...
    def evidence(self, code: str) -> ArrowTable: ...
    def summary(self) -> dict[str, int]: ...
    def plan(self, user: str, tenant: str = "") -> Plan | None: ...

def audit_compare(
    current: Any,
    claims: Any,
    extractor: GroupExtractor,
    *,
    policy: SyncPolicy | None = None,
    groups: Any = None,
    users: Any = None,
    hold_detachments: bool | str | None = None,
    progress: Callable[[int], object] | None = None,
    threads: int = 2,
) -> AuditResult:
    """Compare tables of memberships and claims; ``memberof.audit.compare`` says how."""
