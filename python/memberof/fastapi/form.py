"""The form that an identity provider's page posts, read within bounds."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from memberof.web.answer import MAX_FORM_BYTES, Refused

if TYPE_CHECKING:
    from fastapi import Request

__all__ = ["FormError", "read_form"]

_ENCODING = "application/x-www-form-urlencoded"
_MAX_FIELDS = 16


class FormError(Exception):
    """A form that isn't read: why, and the HTTP status that says so."""

    def __init__(self, code: str, message: str, status: int) -> None:
        super().__init__(message)
        self.refused: Refused = Refused(code, message)
        self.status = status


async def read_form(request: Request) -> dict[str, str]:
    """Return the fields; nothing is kept of a form that is too large.

    SAML Bindings 3.5.4 says how a browser sends it: urlencoded, and each field once.

    Raises:
        FormError: It isn't read.

    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _ENCODING:
        raise FormError("saml.form", f"the form is no {_ENCODING}", 415)
    announced = request.headers.get("content-length", "0")
    if not announced.isdigit() or int(announced) > MAX_FORM_BYTES:
        raise _too_large(announced)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_FORM_BYTES:
            raise _too_large(f"more than {MAX_FORM_BYTES}")
    try:
        fields = parse_qs(body.decode("ascii"), keep_blank_values=True, max_num_fields=_MAX_FIELDS)
    except ValueError:
        raise FormError("saml.form", "the form cannot be read", 400) from None
    if any(len(values) > 1 for values in fields.values()):
        raise FormError("saml.form", "a field of the form is there twice", 400)
    return {name: values[0] for name, values in fields.items()}


def _too_large(found: str) -> FormError:
    return FormError("saml.too_large", f"the form has {found} bytes, at most {MAX_FORM_BYTES} are read", 413)
