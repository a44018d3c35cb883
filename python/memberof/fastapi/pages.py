"""The few pages that a sign-in has itself: plain, accessible, without scripts. An application may bring its own."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING
from urllib.parse import urlencode

if TYPE_CHECKING:
    from collections.abc import Iterable

    from memberof.fastapi.provider import Provider

__all__ = ["HEADERS", "Pages"]

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}

_STYLE = (
    "body{font:1rem/1.5 system-ui,sans-serif;margin:0;color:#1b1f24;background:#fff}"
    "main{max-width:32rem;margin:12vh auto;padding:0 1.5rem}h1{font-size:1.5rem}"
    "a.button{display:inline-block;padding:.6rem 1rem;margin:.25rem 0;border-radius:.4rem;background:#1f4b99;color:#fff;"
    "text-decoration:none}a:focus-visible{outline:3px solid #e08a00;outline-offset:2px}code{font-size:1.1rem}"
    "ul{list-style:none;padding:0}@media(prefers-color-scheme:dark){body{color:#e6e8eb;background:#14171a}"
    "a.button{background:#2f6fde}}"
)


class Pages:
    """The pages, as HTML texts; override what shall look otherwise, and give ``Saml(pages=…)``."""

    language = "en"

    def refused(self, *, reference: str, again: str) -> str:
        """Somebody was refused, and is told no cause: ``reference`` finds it in the log; ``again`` is a path."""
        return self.frame(
            "You could not be signed in",
            "<p>Try again. If it happens again, tell your administrator this number:</p>"
            f"<p><code>{escape(reference)}</code></p>"
            f'<p><a class="button" href="{escape(again)}">Try again</a></p>',
        )

    def failed(self, *, reference: str, again: str) -> str:
        """Our own side could not complete a sign-in; nothing was changed."""
        return self.frame(
            "The sign-in could not be completed",
            "<p>Nothing was changed. Wait a moment and try again. The administrator finds the cause under:</p>"
            f"<p><code>{escape(reference)}</code></p>"
            f'<p><a class="button" href="{escape(again)}">Try again</a></p>',
        )

    def signed_out(self, *, again: str) -> str:
        """Signed out, here only; this page doesn't sign in again."""
        return self.frame(
            "You are signed out",
            "<p>You are signed out here. At your identity provider you may still be signed in.</p>"
            f'<p><a class="button" href="{escape(again)}">Sign in</a></p>',
        )

    def choose(self, *, providers: Iterable[Provider], return_to: str) -> str:
        """Choose one of several identity providers."""
        query = urlencode({"next": return_to})
        items = "".join(
            f'<li><a class="button" href="{escape(provider.login_path)}?{escape(query)}">'
            f"Sign in with {escape(provider.name)}</a></li>"
            for provider in providers
        )
        return self.frame(
            "Sign in", f"<ul>{items}</ul>" if items else "<p>No identity provider is set up.</p>"
        )

    def frame(self, title: str, content: str) -> str:
        """Return a page; ``content`` is HTML."""
        return (
            f'<!doctype html><html lang="{self.language}"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f"<title>{escape(title)}</title><style>{_STYLE}</style></head>"
            f"<body><main><h1>{escape(title)}</h1>{content}</main></body></html>"
        )
