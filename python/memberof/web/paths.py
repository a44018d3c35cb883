"""Where a browser may be sent after a login: a path of this site, and nothing else."""

from __future__ import annotations

from urllib.parse import urlsplit

__all__ = ["MAX_PATH_LENGTH", "is_origin", "is_page", "local_path"]

#: Longer paths are dropped rather than cut: a cut path is another page.
MAX_PATH_LENGTH = 2048


def local_path(target: str | None, default: str = "/") -> str:
    r"""Return ``target`` if it is a path on this site, else ``default``.

    A browser reads more than one spelling as "another host" (``//host``, ``/\\host``, ``/<tab>/host``; WHATWG URL
    section 4.4 strips tabs and line breaks and takes a backslash for a slash), so anything but plain
    ``/path?query#fragment`` is dropped.

    Args:
        target: What a form field, a query parameter or a header asked for.
        default: Where to go instead; trusted as it stands.

    """
    if not target or len(target) > MAX_PATH_LENGTH:
        return default
    if not target.startswith("/") or target.startswith("//") or "\\" in target:
        return default
    if any(ord(character) <= 0x20 or 0x7F <= ord(character) <= 0x9F for character in target):
        return default
    try:
        parts = urlsplit(target)
    except ValueError:
        return default
    return default if parts.scheme or parts.netloc else target


def is_origin(url: str) -> bool:
    """Say whether a setting is like ``https://app.example``: a scheme of the web and a host, without a path."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return (
        parts.scheme in ("http", "https")
        and bool(parts.netloc)
        and parts.path in ("", "/")
        and not parts.query
        and not parts.fragment
    )


def is_page(method: str, *, accept: str, fetch_mode: str | None) -> bool:
    """Say whether somebody is looking at this request's answer: a redirect to a sign-in would only confuse a script.

    Args:
        method: Of the request.
        accept: Its header Accept; "" where it is missing.
        fetch_mode: Its header Sec-Fetch-Mode (W3C Fetch Metadata), or None.

    """
    return method == "GET" and fetch_mode in (None, "navigate") and "text/html" in accept
