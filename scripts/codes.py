"""A hook of MkDocs: fills docs/reference/codes.md with every code that the sources hold, when the page is built."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent

MARKER = "<!-- codes: made from the sources when the documentation is built -->"

# Floor → exception and what it is about. The order is that of the page.
FLOORS = {
    "saml": ("VerificationError", "what the Web Browser SSO profile demands of a Response"),
    "dsig": ("VerificationError; of keys and certificates ConfigurationError", "signatures"),
    "xmlenc": ("VerificationError", "decryption"),
    "xml": ("VerificationError", "the document itself"),
    "metadata": ("ConfigurationError", "metadata of an identity provider, and how it is fetched"),
    "request": ("ConfigurationError", "the request that begins a sign-in"),
    "config": ("ConfigurationError", "what was configured"),
    "sync": ("SourceConflictError; StoreError", "one source of groups per tenant"),
    "plan": ("PlanError; as a warning in plan.warnings", "plans, and undoing"),
    "store": (
        "StoreError",
        "the database: see [Transactions and locks](../explanation/stores.md#what-an-error-means)",
    ),
    "doctor": ("DiagnosisError; as a finding in diagnosis.findings", "what the doctor says of a recording"),
    "audit": ("SchemaError", "tables that are handed to an audit"),
}
CODE = re.compile(rf"(?:{'|'.join(FLOORS)})\.[a-z][a-z0-9_]*")
MESSAGE = re.compile(r'#\[error\(\s*"((?:[^"\\]|\\.)*)"[^\]]*\]\s*(\w+)')
ARM = re.compile(
    r'((?:Self::\w+(?: \{[^{}]*\}| ?\([^()]*\))?[\s|]*)+)=>\s*(?:\{\s*)?(?:Some\(\s*)?"((?:[^"\\]|\\.)*)"'
)
# Where the message is not written beside the code.
SAID_HERE = {
    "audit.csv_row": "row {number}: expected {expected_columns} columns, found {actual_columns}",
    "audit.json_shape": "the JSON is not of the shape that this source has; the message says what was expected",
    "audit.not_ldif": "this is no LDIF (RFC 2849); the message says the line",
    "config.acs_url": "acs_url is one address or several, absolute http or https ones",
    "config.authn_context_comparison": "authn_context_comparison is exact, minimum, maximum or better",
    "config.binding": "binding is redirect or post",
    "config.breaker": "a value of Breaker is out of its range; all mistakes at once",
    "config.certificate": "certificate cannot be read: {error}",
    "config.certificate_mismatch": "a certificate belongs to none of the private keys, expected one of signing_key or decryption_key",
    "config.certificate_missing": "{key} has no certificate, expected one: metadata carry keys as certificates",
    "config.group_kind": "the kind of a group is internal or external",
    "config.identity": "identity is exact or fold",
    "config.limits": "a limit is 0, expected at least 1",
    "config.login": "what a login was given is incomplete: a mapping goes with issuer, issued_at and assertion_id; all mistakes at once",
    "config.naive_datetime": "{name} is {found}, expected a datetime with a time zone",
    "config.no_sso_location": "identity provider has no single sign-on location for binding {binding}, it offers {offered}",
    "config.private_key": "{argument} cannot be used: {error}",
    "config.provider": "a provider of memberof.django cannot be used as it is configured; all mistakes at once",
    "config.randomness": "the system has no randomness",
    "config.request_id": "request_id holds something else than IDs of requests and memberof.UNSOLICITED",
    "config.signing_key_missing": "there is no key to sign with",
    "config.unknown_acs_url": "acs_url is {url}, expected one of {configured}",
    "doctor.no_group_attribute": "no attribute is known to carry groups",
    "metadata.refused": "metadata that the administrator declined stand as they were",
    "plan.internal_refused": "an internal group has a received name, and on_internal_match refuses to adopt it",
    "plan.max_creates": "more groups would be created than SyncPolicy.max_creates allows: the rest is held",
    "plan.max_groups": "the claim has more groups than SyncPolicy.max_groups allows: all of it is held",
    "request.signing_failed": "the request cannot be signed with this key",
    "store.conflict": "another transaction won, in a transaction of yours",
    "store.unavailable": "the database is gone, or has no room for another connection",
}


@dataclass
class Code:
    name: str
    meaning: str = ""
    hint: str = ""


def rust_codes(text: str) -> dict[str, Code]:
    """The codes of the error enums of one file: what a variant's message says, and its hint."""
    messages = {variant: plain(message) for message, variant in MESSAGE.findall(text)}
    _, *rest = text.split("fn hint(")
    bodies = [each.split("\n    }\n", 1)[0] for each in rest]
    for body in bodies:
        text = text.replace(body, "")
    codes = {variant: literal for variant, literal in arms(text) if CODE.fullmatch(literal)}
    hints = {variant: plain(literal) for body in bodies for variant, literal in arms(body)}
    return {
        code: Code(code, messages[variant], hints.get(variant, ""))
        for variant, code in reversed(codes.items())
        if variant in messages
    }


def arms(text: str) -> list[tuple[str, str]]:
    """Each variant of a match, with the text that its arm gives."""
    return [
        (variant, literal)
        for variants, literal in ARM.findall(text)
        for variant in re.findall(r"Self::(\w+)", variants)
    ]


def plain(literal: str) -> str:
    return re.sub(r"\\\s*\n\s*", "", literal).replace('\\"', '"')


def python_codes(text: str) -> dict[str, Code]:
    """The codes that calls of one file give: the text before the code is the message, the one behind it the hint."""
    found: dict[str, Code] = {}
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            for each in node.body:
                if (
                    isinstance(each, ast.Assign)
                    and isinstance(each.value, ast.Constant)
                    and isinstance(each.value.value, str)
                ):
                    code = each.value.value
                    if CODE.fullmatch(code):
                        found.setdefault(code, Code(code, (ast.get_docstring(node) or "").splitlines()[0]))
        values = ordered(node)
        for value in values:
            if not (
                isinstance(value, ast.Constant)
                and isinstance(value.value, str)
                and CODE.fullmatch(value.value)
            ):
                continue
            texts = [text for text in map(template, values) if " " in text]
            code = Code(value.value, *texts[:2])
            if value.value not in found or not found[value.value].meaning:
                found[value.value] = code
    return found


def ordered(node: ast.AST) -> list[ast.expr]:
    if isinstance(node, ast.Call):
        return [*node.args, *(keyword.value for keyword in node.keywords)]
    if isinstance(node, ast.Tuple):
        return list(node.elts)
    if isinstance(node, ast.Dict):
        pairs = zip(node.keys, node.values, strict=True)
        return [each for key, value in pairs if key is not None for each in (key, value)]
    return []


def template(node: ast.expr) -> str:
    """A string literal as it is written, with the expressions of an f-string in braces."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(
            str(part.value)
            if isinstance(part, ast.Constant)
            else "{" + re.findall(r"[A-Za-z_]\w*", ast.unparse(part))[-1] + "}"
            for part in node.values
        )
    return ""


def codes() -> dict[str, Code]:
    found: dict[str, Code] = {}
    for path in sorted((ROOT / "src").rglob("*.rs")):
        text = path.read_text().split("#[cfg(test)]")[0]
        known = rust_codes(text)
        for name in CODE.findall(text):
            if f'"{name}"' in text:
                known.setdefault(name, Code(name, ""))
        merge(found, known)
    for path in sorted((ROOT / "python" / "memberof").rglob("*.py")):
        if "demo" not in path.parts and "migrations" not in path.parts:
            merge(found, python_codes(path.read_text()))
    for name, meaning in SAID_HERE.items():
        found[name] = Code(name, meaning, found[name].hint)
    return {name: found[name] for name in sorted(found)}


def merge(into: dict[str, Code], more: dict[str, Code]) -> None:
    for name, code in more.items():
        if name not in into or not into[name].meaning:
            into[name] = code


def tables() -> str:
    """A table for each floor, as Markdown."""
    parts = []
    found = codes()
    for floor, (errors, about) in FLOORS.items():
        parts.append(
            f"\n## {floor}\n\n{about[0].upper()}{about[1:]}. {errors}.\n\n| code | what it says | what to do |\n|---|---|---|"
        )
        parts += [
            f"| `{code.name}` | {cell(code.meaning)} | {cell(code.hint)} |"
            for code in found.values()
            if code.name.startswith(f"{floor}.")
        ]
    return "\n".join(parts) + "\n"


def cell(text: str) -> str:
    shown = re.sub(r"\{(\w*)(?::\?)?\}", lambda match: f"{{{match[1]}}}", " ".join(text.split()))
    return shown.replace("``", "`").replace("|", "\\|").replace("<", "&lt;")


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Called by MkDocs for each page."""
    return markdown.replace(MARKER, tables()) if MARKER in markdown else markdown


if __name__ == "__main__":
    print(tables())
