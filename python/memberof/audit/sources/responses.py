"""Logins: files and logs of SAML Responses."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from memberof._memberof import Limits
from memberof.audit.sources.arrow import pyarrow
from memberof.audit.sources.files import Name, fault, read_text
from memberof.audit.sources.snapshot import Snapshot
from memberof.doctor.glimpse import glimpse
from memberof.doctor.source import Message, find_messages
from memberof.doctor.verifying import verify
from memberof.enums import ClaimStatus
from memberof.errors import AuditError, DiagnosisError, VerificationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from memberof._memberof import GroupExtractor, ServiceProvider
    from memberof.doctor.source import Attributes, Source

    Values = Mapping[str, Iterable[str | None]]


def read_responses(
    *paths: Name,
    extractor: GroupExtractor,
    service_provider: ServiceProvider | None = None,
    user: str | None = None,
) -> Snapshot:
    """Read logins from files that hold SAML Responses, or from all files of a folder.

    A file is anything that ``memberof inspect`` reads (form value, form body, XML, HAR file, export of SAML-tracer,
    ``curl`` line), a log in which ``SAMLResponse=…`` stands any number of times, or JSON Lines of such.

    Args:
        paths: Files and folders.
        extractor: Where the groups are; pass its ``format`` to ``compare``.
        service_provider: Verifies each Response, as of its own time; one that is refused is left out and counted.
            Without it **nothing is verified**: anybody may have written what is read, and the snapshot says so.
        user: The attribute that names the user. None: the NameID, which is read of verified Responses only.

    Raises:
        AuditError: ``audit.no_login`` where no file holds a login; ``audit.file``.
        ValueError: Neither a service provider nor ``user``.

    """
    if service_provider is None and user is None:
        raise ValueError("give service_provider, or user: the attribute that names the user")
    reading = _Reading(extractor, service_provider, user)
    for path in _files(paths):
        for source in _sources(path):
            try:
                for found in find_messages(source, max_bytes=Limits().max_bytes):
                    reading.take(found)
            except DiagnosisError:
                reading.skipped["source.unreadable"] += 1
    if not reading.logins:
        counted = ", ".join(f"{count} {reason}" for reason, count in reading.skipped.items())
        raise AuditError(
            f"no login can be read ({counted or 'no file'}), expected SAML Responses",
            "audit.no_login",
            "memberof inspect FILE says what is wrong with one",
        )
    return reading.snapshot(", ".join(map(str, paths)))


def _files(paths: Iterable[Name]) -> Iterator[Path]:
    for path in map(Path, paths):
        if path.is_dir():
            yield from sorted(each for each in path.rglob("*") if each.is_file())
        elif path.exists():
            yield path
        else:
            raise fault(path, None, "expected a file or a folder", "audit.file")


def _sources(path: Path) -> Iterator[Source]:
    if path.suffix.lower() in (".jsonl", ".ndjson"):
        yield from (line for line in read_text(path).split("\n") if line.strip())
    else:
        yield path


class _Reading:
    def __init__(
        self, extractor: GroupExtractor, service_provider: ServiceProvider | None, user: str | None
    ) -> None:
        self.extractor = extractor
        self.service_provider = service_provider
        self.user = user
        self.logins: dict[tuple[str, datetime], tuple[ClaimStatus, list[str | None]]] = {}
        self.skipped: Counter[str] = Counter()

    def take(self, found: Message | Attributes | DiagnosisError) -> None:
        """Take one login."""
        if isinstance(found, DiagnosisError):
            self.skipped["source.unreadable"] += 1
        elif isinstance(found, Message):
            self._take_message(found)
        elif self.service_provider is None:
            # A mapping has no time: it counts as older than every Response.
            self._keep(found, datetime.fromtimestamp(0, UTC), None)
        else:
            self.skipped["source.not_verified"] += 1

    def _take_message(self, message: Message) -> None:
        try:
            seen = glimpse(message.xml)
        except VerificationError:
            self.skipped["source.unreadable"] += 1
            return
        if not (seen.is_response or seen.is_assertion) or seen.issue_instant is None:
            self.skipped["source.unreadable"] += 1
        elif self.service_provider is None:
            if seen.hides_assertion or seen.status not in (None, "Success"):
                self.skipped["source.unreadable"] += 1
                return
            values = {each.name: tuple(each.values) for each in seen.attributes}
            self._keep(values, seen.issue_instant, None)
        else:
            _, assertion = verify(
                message,
                seen,
                self.service_provider,
                entity_id=None,
                acs_url=None,
                decryption_key=None,
                limits=None,
                now=None,
            )
            if assertion is None:
                self.skipped["source.not_verified"] += 1
            else:
                self._keep(assertion.attributes, assertion.issue_instant, assertion.name_id, assertion)

    def _keep(self, values: Any, time: datetime, name_id: str | None, assertion: Any = None) -> None:
        names = _texts(values.get(self.user)) if self.user is not None else [name_id]
        if len(names) != 1 or not names[0]:
            self.skipped["source.no_user"] += 1
            return
        claim = self.extractor.extract(assertion if assertion is not None else values)
        carriers = dict.fromkeys((*self.extractor.attributes, *self.extractor.aliases))
        carried = [value for name in carriers if name in values for value in _texts(values[name])]
        login = (str(names[0]), time)
        if login in self.logins:
            self.skipped["source.repeated_login"] += 1
        told = claim.status in (ClaimStatus.PRESENT, ClaimStatus.EMPTY)
        self.logins[login] = (claim.status, carried if told else [])

    def snapshot(self, where: str) -> Snapshot:
        """Return all logins, a row a value."""
        pa = pyarrow()
        users: list[str] = []
        values: list[str | None] = []
        times: list[datetime] = []
        statuses: list[str] = []
        for (user, time), (status, carried) in self.logins.items():
            for value in carried or [None]:
                users.append(user)
                values.append(value)
                times.append(time)
                statuses.append(status.value)
        texts = pa.array(values, pa.string())
        return Snapshot(
            where=where,
            rows=pa.table(
                {
                    "user": pa.array(users, pa.string()),
                    "group": texts,
                    "value": texts,
                    "status": pa.array(statuses, pa.string()),
                    "time": pa.array(times, pa.timestamp("us", "UTC")),
                }
            ),
            skipped=dict(sorted(self.skipped.items())),
            verified=self.service_provider is not None,
        )


def _texts(value: Any) -> list[str | None]:
    if value is None or isinstance(value, str):
        return [value]
    return list(value)
