"""From what people have in hand to one SAML message: form values, forms, pages, HAR files, traces, curl lines."""

from __future__ import annotations

import binascii
import json
import re
import zlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import unquote

from memberof.errors import DiagnosisError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Source: TypeAlias = str | bytes | bytearray | memoryview | Path
Attributes: TypeAlias = Mapping[str, Any]

#: A HAR file of a whole morning has some 100 MB.
MAX_SOURCE_BYTES = 256 * 1_048_576
_SPACE = " \t\r\n"
_ALPHABET = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=")
# Of a form body, a URL, a curl line or a parsed form that was copied from the developer tools.
_FIELD = re.compile(r"""(?<![A-Za-z0-9])(SAMLResponse|SAMLRequest)["']?\s*[=:]\s*["']?([^&\s"'<>]+)""")
_RESPONSE_ROOT = re.compile(r"\s*(?:<\?xml[^>]*>\s*)?<(?:[\w.-]+:)?Response[\s>]")
_ROOT = re.compile(rb"<((?:[\w.-]+:)?[\w.-]+)[\s>]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message. ``form_value`` is what a service provider would have got in ``SAMLResponse``."""

    xml: bytes = field(repr=False)
    form_value: str = field(repr=False)
    where: str
    deflated: bool = False


def find_message(source: Source, *, index: int | None, max_bytes: int) -> Message | Attributes:
    """Find the message in what somebody has, or the attributes in a JSON object.

    Args:
        source: Text or bytes of any of the forms above, or the path of a file.
        index: Which one, counted from 1, where there are several; None for the last, which is the newest.
        max_bytes: Bytes of a message's XML that are read.

    Raises:
        DiagnosisError: No message is in it; the code says what is there instead.

    """
    found = _found(_text(source))
    return _choose(*found, index, max_bytes) if isinstance(found, tuple) else found


def find_messages(source: Source, *, max_bytes: int) -> Iterator[Message | Attributes | DiagnosisError]:
    """Find all messages in what somebody has, each once, oldest first; in place of one that can't be read, its error.

    Raises:
        DiagnosisError: No message is in it.

    """
    found = _found(_text(source))
    if not isinstance(found, tuple):
        yield found
        return
    responses = _responses(*found)
    for number, each in enumerate(responses, 1):
        try:
            yield _message(each.value, _place(each, found[1], number, len(responses)), max_bytes)
        except DiagnosisError as error:
            yield error


def _found(text: str) -> tuple[list[_Found], str] | Attributes:
    """Everything that is a SAML message, and what it was found in; or the attributes in a JSON object."""
    if not text:
        raise DiagnosisError("there is nothing to read", "doctor.empty")
    if text[:1] in ("{", "["):
        return _in_json(text)
    if text[:1] == "<":
        return _in_markup(text)
    found = list(_fields(text))
    if found:
        return found, "form data"
    return [_Found("SAMLResponse", text, "the form value")], "form value"


def _text(source: Source) -> str:
    if isinstance(source, Path):
        try:
            size = source.stat().st_size
            data = source.read_bytes() if size <= MAX_SOURCE_BYTES else b""
        except OSError as error:
            raise DiagnosisError(f'"{source}" cannot be read: {error.strerror}', "doctor.file") from None
    elif isinstance(source, str):
        if len(source) > MAX_SOURCE_BYTES:
            raise _too_large(len(source), MAX_SOURCE_BYTES)
        return source.strip(_SPACE + "\ufeff")
    else:
        data = bytes(memoryview(source))  # bytes(5) would be five zeros
        size = len(data)
    if size > MAX_SOURCE_BYTES:
        raise _too_large(size, MAX_SOURCE_BYTES)
    # PowerShell writes UTF-16 when a command's output is sent to a file.
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8"
    try:
        return data.decode(encoding).strip(_SPACE + "\ufeff")
    except UnicodeDecodeError:
        raise DiagnosisError(
            "this is neither text nor UTF-8",
            "doctor.not_text",
            "copy the form value SAMLResponse as text, or export a HAR file",
        ) from None


def _too_large(found: int, allowed: int) -> DiagnosisError:
    return DiagnosisError(f"there are {found} bytes, at most {allowed} are read", "xml.too_large")


@dataclass(slots=True)
class _Found:
    """A value that was posted, or the XML that a trace shows in its place."""

    name: str
    value: str
    where: str = ""


def _fields(text: str) -> Iterator[_Found]:
    for match in _FIELD.finditer(text):
        # The command line of Windows escapes with "^", and base64 has none.
        yield _Found(match[1], match[2].replace("^", ""))


def _choose(found: Iterable[_Found], what: str, index: int | None, max_bytes: int) -> Message:
    several = _responses(found, what)
    if index is not None and not 1 <= index <= len(several):
        raise DiagnosisError(
            f"there is no Response number {index}: the {what} has {len(several)}",
            "doctor.no_such_response",
        )
    number = len(several) if index is None else index
    chosen = several[number - 1]
    return _message(chosen.value, _place(chosen, what, number, len(several)), max_bytes)


def _place(found: _Found, what: str, number: int, several: int) -> str:
    return (found.where or f"the {what}") + (f" (Response {number} of {several})" if several > 1 else "")


def _responses(found: Iterable[_Found], what: str) -> list[_Found]:
    """Those that are Responses, each once, the newest last."""
    responses: dict[str, _Found] = {}
    requests = False
    for each in found:
        if each.name == "SAMLResponse":
            # The page that posts it comes before the POST, which is the one that counts.
            key = _folded(each.value)
            responses.pop(key, None)
            responses[key] = each
        requests = requests or each.name == "SAMLRequest"
    several = list(responses.values())
    if not several:
        if requests:
            raise _is_a_request()
        raise DiagnosisError(f"there is no SAMLResponse in the {what}", "doctor.no_response")
    return several


def _is_a_request() -> DiagnosisError:
    return DiagnosisError(
        "this is a SAMLRequest: what the application sent, not what the identity provider answered",
        "doctor.request",
        "copy SAMLResponse from the POST that comes after the sign-in",
    )


def _folded(value: str) -> str:
    return "".join((unquote(value) if "%" in value else value).split())


def _message(value: str, where: str, max_bytes: int) -> Message:
    if value.lstrip(_SPACE)[:1] == "<":
        return _xml_message(value, where, max_bytes)
    # Base64 takes a third more, and line ends a few per cent of that.
    if len(value) > max_bytes * 2:
        raise _too_large(len(value) // 4 * 3, max_bytes)
    form_value = unquote(value) if "%" in value else value
    characters = "".join(form_value.split())
    foreign = next((one for one in characters if one not in _ALPHABET), None)
    if foreign is not None:
        url_safe = " ('-' and '_' are of base64url, which SAML doesn't use)" if foreign in "-_" else ""
        raise DiagnosisError(
            f"this is not base64: it has the character {foreign!a}{url_safe}",
            "doctor.not_base64",
            "copy the whole form value SAMLResponse, and nothing around it",
        )
    if len(characters) % 4:
        raise DiagnosisError(
            f"the base64 is cut off: {len(characters)} characters are no multiple of 4",
            "doctor.base64_truncated",
            "developer tools shorten long values: use 'Copy value', or export a HAR file",
        )
    try:
        decoded = binascii.a2b_base64(characters, strict_mode=True)
    except binascii.Error:
        raise DiagnosisError("this is not base64: its padding is wrong", "doctor.not_base64") from None
    found = Message(xml=decoded, form_value=form_value, where=where)
    if _is_xml(decoded):
        return _whole(found)
    inflated = _inflated(decoded, max_bytes)
    if inflated is not None:
        return replace(found, xml=inflated, deflated=True)
    raise DiagnosisError(
        "this is base64, but what it holds is no XML",
        "doctor.not_xml",
        "copy the form value SAMLResponse, not a token or an artifact",
    )


def _xml_message(text: str, where: str, max_bytes: int) -> Message:
    if len(text) > max_bytes:
        raise _too_large(len(text), max_bytes)
    # Half a surrogate pair is no UTF-8: what reads the XML says so.
    xml = text.strip(_SPACE).encode("utf-8", "surrogatepass")
    return _whole(Message(xml=xml, form_value=binascii.b2a_base64(xml, newline=False).decode(), where=where))


def _is_xml(data: bytes) -> bool:
    return data.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n").startswith(b"<")


def _whole(message: Message) -> Message:
    """Tell a document that is cut off from one that is malformed otherwise."""
    root = _ROOT.search(message.xml)
    if root is not None and b"</" + root[1] not in message.xml and b"/>" not in message.xml[-3:]:
        raise DiagnosisError(
            f"the XML is cut off: <{root[1].decode()}> never ends",
            "doctor.truncated",
            "developer tools shorten long values: use 'Copy value', or export a HAR file",
        )
    return message


def _inflated(data: bytes, max_bytes: int) -> bytes | None:
    """Inflate the form of the HTTP-Redirect binding (SAML Bindings 3.4.4.1), or None if it isn't that."""
    try:
        xml = zlib.decompressobj(-zlib.MAX_WBITS).decompress(data, max_bytes)
    except zlib.error:
        return None
    return xml if _is_xml(xml) else None


def _in_markup(text: str) -> tuple[list[_Found], str]:
    start = text[:512].lower()
    is_page = "<html" in start or start.startswith("<!doctype html")
    if is_page or ("<input" in text and "SAMLRe" in text and not _RESPONSE_ROOT.match(text)):
        found = list(_hidden_fields(text))
        if found or not is_page:
            return found, "page"
        raise DiagnosisError(
            "this is a page, not a SAML Response: perhaps a sign-in page, saved before the sign-in",
            "doctor.html_page",
            "record the sign-in with the developer tools open ('Preserve log' on) and export a HAR file",
        )
    return [_Found("SAMLResponse", text, "the XML")], "XML"


def _hidden_fields(page: str) -> Iterator[_Found]:
    reader = _Inputs()
    # The parser of the standard library asserts that some declarations are well-formed. What stands before them is read.
    with suppress(AssertionError):
        reader.feed(page)
    yield from reader.found


class _Inputs(HTMLParser):
    """The form that an identity provider's page posts (SAML Bindings 3.5.4)."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[_Found] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect the fields of SAML."""
        fields = dict(attrs)
        if tag == "input" and fields.get("name") in ("SAMLResponse", "SAMLRequest"):
            self.found.append(_Found(str(fields["name"]), fields.get("value") or ""))


def _in_json(text: str) -> tuple[list[_Found], str] | Attributes:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        line = f" (line {error.lineno})" if isinstance(error, json.JSONDecodeError) else ""
        raise DiagnosisError(
            f"this begins like JSON but is not{line}: perhaps a HAR file that is cut off", "doctor.not_json"
        ) from None
    attributes = _attributes(document)
    if attributes is not None:
        return attributes
    what, entries = _entries(document)
    found = [each for place, entry in entries for each in _in_entry(entry, place)]
    if not any(each.name == "SAMLResponse" for each in found):
        asked = any(each.name == "SAMLRequest" for each in found)
        raise DiagnosisError(
            f"there is no SAMLResponse in this {what}" + (", only a SAMLRequest" if asked else ""),
            "doctor.har_without_response" if what == "HAR file" else "doctor.json_without_response",
            "start recording before the sign-in, with 'Preserve log' on, and stop after it",
        )
    return found, what


def _attributes(document: Any) -> Attributes | None:
    """Whether this is a mapping of attributes, as a SAML library hands over."""
    if not isinstance(document, dict) or not document or "SAMLResponse" in document:
        return None
    if isinstance(document.get("attributes"), dict):
        document = document["attributes"]

    def is_text(value: Any) -> bool:
        return value is None or isinstance(value, str)

    fits = all(
        is_text(value) or (isinstance(value, list) and all(map(is_text, value)))
        for value in document.values()
    )
    return document if fits else None


def _entries(document: Any) -> tuple[str, list[tuple[str, Any]]]:
    """The requests of a HAR file (HAR 1.2) or of an export of SAML-tracer, each with its place."""
    log = document.get("log") if isinstance(document, dict) else None
    if isinstance(log, dict) and isinstance(log.get("entries"), list):
        return "HAR file", [(f"request {n} of the HAR file", e) for n, e in enumerate(log["entries"], 1)]
    requests = document.get("requests") if isinstance(document, dict) else None
    if isinstance(requests, list):
        return "trace", [(f"request {n} of the trace", e) for n, e in enumerate(requests, 1)]
    return "JSON", [("the JSON", document)]


def _in_entry(entry: Any, place: str) -> list[_Found]:
    """Everything in one request that is a SAML message. The decoded XML of a trace counts where no value stands."""
    posted: list[_Found] = []
    shown: list[_Found] = []
    waiting = [entry]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            if item.get("name") in ("SAMLResponse", "SAMLRequest") and isinstance(item.get("value"), str):
                posted.append(_Found(item["name"], item["value"]))
            for name in ("SAMLResponse", "SAMLRequest"):
                value = item.get(name)
                value = value[0] if isinstance(value, list) and value else value
                if isinstance(value, str):
                    posted.append(_Found(name, value))
            waiting.extend(reversed(item.values()))
        elif isinstance(item, list):
            pair = item if len(item) == 2 and all(isinstance(part, str) for part in item) else ("", "")
            if pair[0] in ("SAMLResponse", "SAMLRequest"):
                posted.append(_Found(*pair))
            waiting.extend(reversed(item))
        elif isinstance(item, str) and "SAMLRe" in item:
            posted.extend(_hidden_fields(item) if "<input" in item else _fields(item))
        elif isinstance(item, str) and _RESPONSE_ROOT.match(item):
            shown.append(_Found("SAMLResponse", item))
    found = [each for each in posted if each.value] or shown
    for each in found:
        each.where = place
    return found
