"""One vector, and the writing of its folder."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from names import ACS, GROUPS, IDP, NOW, REQUEST, SP, USER

if TYPE_CHECKING:
    from collections.abc import Callable

VECTORS = Path(__file__).resolve().parents[2] / "tests" / "vectors"


@dataclass
class Case:
    number: int
    name: str
    group: str
    title: str
    make: Callable[[], str | bytes]
    code: str | None = None
    signed_by: str = "xmlsec1"
    form: str = "xml"
    now: str = NOW
    request_id: str | None = REQUEST
    sp: dict[str, object] = field(default_factory=dict)
    idp: dict[str, object] = field(default_factory=dict)
    name_id: str | None = USER
    attributes: dict[str, list[str | None]] = field(default_factory=lambda: {"memberOf": list(GROUPS)})
    note: str = ""

    @property
    def folder(self) -> Path:
        return VECTORS / f"{self.number:03}-{self.name}"

    def toml(self) -> str:
        lines = [
            f"title = {text(self.title)}",
            f"class = {text(self.group)}",
            f"signed_by = {text(self.signed_by)}",
            *([f"note = {text(self.note)}"] if self.note else []),
            f"now = {text(self.now)}",
            *([f"request_id = {text(self.request_id)}"] if self.request_id is not None else []),
            "",
            "[service_provider]",
        ]
        sp = {"entity_id": SP, "acs_url": [ACS], **self.sp}
        idp = {"entity_id": IDP, "keys": ["idp"], **self.idp}
        lines += [f"{key} = {text(value)}" for key, value in sp.items()]
        lines += ["", "[identity_provider]"]
        lines += [f"{key} = {text(value)}" for key, value in idp.items()]
        lines += ["", "[expect]"]
        if self.code is not None:
            lines.append(f"code = {text(self.code)}")
        else:
            if self.name_id is not None:
                lines.append(f"name_id = {text(self.name_id)}")
            for name, values in self.attributes.items():
                # TOML has no null: an empty table stands for xsi:nil.
                written = ", ".join("{}" if value is None else text(value) for value in values)
                lines += ["", "[[expect.attribute]]", f"name = {text(name)}", f"values = [{written}]"]
        return "\n".join(lines) + "\n"

    def write(self, *, fresh: bool) -> bool:
        """Write the folder; whether anything changed. What is random in a signature never counts as a change."""
        made = self.make()
        content = made if isinstance(made, bytes) else made.encode("utf-8", "surrogatepass")
        target = self.folder / f"response.{self.form}"
        self.folder.mkdir(parents=True, exist_ok=True)
        changed = not target.exists() or fresh or steady(target.read_bytes()) != steady(content)
        if changed:
            for old in self.folder.glob("response.*"):
                old.unlink()
            target.write_bytes(content)
        described = self.folder / "case.toml"
        if not described.exists() or described.read_text() != self.toml():
            described.write_text(self.toml())
            changed = True
        return changed


def steady(content: bytes) -> bytes:
    """What is the same each time: not a signature value, not a key in OAEP, and not a digest over one of those."""
    content = re.sub(rb"(SignatureValue>)[A-Za-z0-9+/=\s]+(<)", rb"\1\2", content)
    if content.count(b"SignatureValue>") > 2 or b"EncryptedKey" in content:
        content = re.sub(rb"(DigestValue>)[A-Za-z0-9+/=\s]+(<)", rb"\1\2", content)
    return re.sub(rb"(CipherValue>)[A-Za-z0-9+/=]{344}(<)", rb"\1\2", content)  # 2,048 bits


def text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "[" + ", ".join(text(item) for item in value) + "]"
    if isinstance(value, int):
        return str(value)
    written = json.dumps(value, ensure_ascii=False)
    return written.replace("\x7f", "\\u007f")


CASES: list[Case] = []


def case(number: int, name: str, group: str, title: str, code: str | None = None, **parts: object):
    """Register the decorated function as the maker of a vector."""

    def register(make: Callable[[], str | bytes]) -> Callable[[], str | bytes]:
        CASES.append(Case(number, name, group, title, make, code, **parts))
        return make

    return register
