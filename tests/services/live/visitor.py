"""A browser without scripts: cookies, redirects and forms, for sign-ins by the hundred."""

from __future__ import annotations

import http.client
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urljoin, urlsplit

from lxml import html

if TYPE_CHECKING:
    from collections.abc import Mapping

REDIRECTS = (301, 302, 303, 307)
USER_FIELDS = ("username", "user")


@dataclass(frozen=True)
class Form:
    """A form of a page, as it would be sent."""

    action: str
    method: str
    fields: Mapping[str, str]


@dataclass(frozen=True)
class Page:
    """What a browser shows."""

    url: str
    status: int
    text: str

    @property
    def forms(self) -> list[Form]:
        """Its forms, with where they go."""
        if not self.text.strip():
            return []
        return [
            Form(
                urljoin(self.url, form.get("action") or self.url),
                form.method,
                {name: value or "" for name, value in form.form_values()}
                | {each.name: each.value or "" for each in form.inputs if each.get("type") == "password"},
            )
            for form in html.fromstring(self.text).forms
        ]

    def form(self, *names: str) -> Form | None:
        """Its form that has all of these fields, or None."""
        return next((form for form in self.forms if set(names) <= set(form.fields)), None)


@dataclass(frozen=True)
class Arrival:
    """Somebody has come back from the identity provider."""

    page: Page
    saml_response: str
    request_id: str | None


@dataclass
class Visitor:
    """Somebody with a browser of her own. Unlike real ones it sends a cookie to whatever path of its server."""

    cookies: dict[str, dict[str, str]] = field(default_factory=dict)

    def get(self, url: str) -> Page:
        """Open an address."""
        return self._ask("GET", url, None)

    def submit(self, form: Form, **fields: str) -> Page:
        """Send a form, with these fields filled in."""
        body = urlencode({**form.fields, **fields})
        if form.method == "GET":
            return self.get(f"{form.action}?{body}")
        return self._ask("POST", form.action, body)

    def credentials(self, page: Page, user: str, password: str) -> Page:
        """Fill in the identity provider's form."""
        for name in USER_FIELDS:
            if form := page.form(name, "password"):
                return self.submit(form, **{name: user, "password": password})
        raise AssertionError(f"no form asks for a password: {page.status} {page.url}\n{page.text[:3000]}")

    def carry(self, page: Page) -> Page:
        """Bring the Response to the application, as the identity provider's page does by script."""
        form = page.form("SAMLResponse")
        assert form is not None, f"no Response: {page.status} {page.url}\n{page.text[:3000]}"
        return self.submit(form)

    def sign_in(self, url: str, user: str, password: str) -> tuple[Page, str]:
        """Begin at the application, and come back; return the page there and the Response."""
        page = self.credentials(self.get(url), user, password)
        form = page.form("SAMLResponse")
        assert form is not None, f"no Response: {page.status} {page.url}\n{page.text[:3000]}"
        return self.submit(form), form.fields["SAMLResponse"]

    def _ask(self, method: str, url: str, body: str | None) -> Page:
        for _ in range(20):
            parts = urlsplit(url)
            status, headers, text = self._once(method, url, body)
            if status not in REDIRECTS:
                return Page(url, status, text)
            url = urljoin(url, headers["Location"])
            assert urlsplit(url).scheme == parts.scheme == "http", url
            if status != 307:
                method, body = "GET", None
        raise AssertionError(f"redirected round and round: {url}")

    def _once(self, method: str, url: str, body: str | None) -> tuple[int, http.client.HTTPMessage, str]:
        parts = urlsplit(url)
        jar = self.cookies.setdefault(parts.netloc, {})
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in jar.items())} if jar else {}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection = http.client.HTTPConnection(parts.netloc, timeout=120)
        try:
            target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
            connection.request(method, target, body, headers)
            answer = connection.getresponse()
            text = answer.read().decode("utf-8", "replace")
        finally:
            connection.close()
        for cookie in answer.headers.get_all("Set-Cookie") or ():
            pair, *attributes = (part.strip() for part in cookie.split(";"))
            name, _, value = pair.partition("=")
            if not value or "max-age=0" in [attribute.lower() for attribute in attributes]:
                jar.pop(name, None)
            else:
                jar[name] = value
        return answer.status, answer.headers, text
