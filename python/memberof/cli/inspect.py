"""``memberof inspect``: what a SAML Response holds, and what is wrong with it."""

from __future__ import annotations

import argparse
import base64
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from memberof.cli.output import print_json, print_report
from memberof.doctor import diagnose
from memberof.errors import DiagnosisError

if TYPE_CHECKING:
    from memberof.doctor import Diagnosis

_DESCRIPTION = """\
Say what a SAML Response holds, which attribute carries the groups, in which format, and what is wrong.
Nothing is sent anywhere and nobody is signed in. The name of the user and the values of attributes that
carry no groups are never printed unless --show-values is given."""
_EPILOG = """\
exit status: 0 fine, 1 problems found, 2 there is no Response in FILE

How to get one: open the developer tools of the browser, tab Network, tick 'Preserve log', sign in, then
save all as HAR; or copy the value of SAMLResponse of the POST into a file."""


def add_to(commands: Any) -> None:
    """Add the subcommand."""
    parser = commands.add_parser(
        "inspect",
        help="look at a SAML Response: groups, format, likely product, what is wrong",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "file",
        metavar="FILE",
        help="a SAMLResponse form value, a form body, XML, a HAR file, a SAML-tracer export, a curl line, "
        "or attributes as JSON; - reads standard input",
    )
    trust = parser.add_argument_group("verification")
    trust.add_argument("--metadata", type=Path, metavar="FILE", help="metadata of the identity provider, XML")
    trust.add_argument("--entity-id", metavar="ID", help="our entity ID (default: not checked)")
    trust.add_argument(
        "--acs-url", metavar="URL", help="our assertion consumer service (default: not checked)"
    )
    trust.add_argument(
        "--decryption-key",
        type=Path,
        action="append",
        metavar="FILE",
        help="private key that opens encrypted assertions, PEM or DER; repeatable",
    )
    groups = parser.add_argument_group("groups")
    groups.add_argument(
        "--attribute", metavar="NAME", help="attribute that carries the groups (default: found)"
    )
    groups.add_argument(
        "--format", metavar="FORMAT", help="ldap, array, csv, json, path or domain (default: found)"
    )
    groups.add_argument("--delimiter", metavar="TEXT", help="delimiter of the format")
    groups.add_argument("--preset", metavar="NAME", help="preset of the identity provider (default: found)")
    groups.add_argument(
        "--library",
        metavar="NAME",
        help="which library handed the attributes over: python3-saml, pysaml2 or pysaml2-allow-unknown",
    )
    parser.add_argument(
        "--index", type=int, metavar="N", help="which Response of several, from 1 (default: the last)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument(
        "--show-values", action="store_true", help="print the values of all attributes: personal data"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the diagnosis and return the exit status."""
    diagnosis = _diagnosis(options)
    if options.json:
        print_json(diagnosis.to_dict())
    else:
        print_report(diagnosis)
    return 1 if diagnosis.problems else 0


def _diagnosis(options: argparse.Namespace) -> Diagnosis:
    source = sys.stdin.buffer.read() if options.file == "-" else Path(options.file)
    keys = [_pem(_read(path)) for path in options.decryption_key or ()]
    return diagnose(
        source,
        metadata=_read(options.metadata) if options.metadata else None,
        entity_id=options.entity_id,
        acs_url=options.acs_url,
        decryption_key=keys or None,
        attribute=options.attribute,
        format=options.format,
        delimiter=options.delimiter,
        preset=options.preset,
        library=options.library,
        index=options.index,
        show_values=options.show_values,
    )


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DiagnosisError(f'"{path}" cannot be read: {error.strerror}', "doctor.file") from None


def _pem(key: bytes) -> str:
    """The key as PEM; DER is wrapped."""
    if key.lstrip().startswith(b"-----BEGIN"):
        return key.decode("ascii", "replace")
    body = base64.encodebytes(key).decode()
    return f"-----BEGIN PRIVATE KEY-----\n{body}-----END PRIVATE KEY-----\n"
