"""A live identity provider on loopback: metadata, sign-in by redirect and by POST, a page to edit people's groups.

Standard library only beside what ``TestIdp`` needs; for browser tests and for trying out an application by hand.
"""

from __future__ import annotations

import html
import secrets
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from memberof.testing.authn_request import AuthnRequest, read_post, read_redirect

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from types import TracebackType

    from memberof.testing.identity_provider import TestIdp

_MAX_BODY_BYTES = 1_048_576
_LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "[::1]"})
_STYLE = """
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 34rem; margin: 3rem auto; padding: 0 1.2rem; color: #1b2430; background: #faf9f6 }
h1 { font-size: 1.5rem; letter-spacing: -.02em; overflow-wrap: anywhere } label { display: block; font-weight: 600; margin: 1rem 0 .3rem }
input, select, textarea { font: inherit; width: 100%; padding: .5rem .6rem; border: 1px solid #8b949e; border-radius: 8px; box-sizing: border-box }
button { font: inherit; font-weight: 600; margin-top: 1.2rem; padding: .55rem 1.1rem; border: 0; border-radius: 8px; background: #0f5f57; color: #fff; cursor: pointer }
:focus-visible { outline: 3px solid #1a5fd0; outline-offset: 2px } code { overflow-wrap: anywhere }
@media (prefers-color-scheme: dark) { body { background: #12171c; color: #e8ecef } input, select, textarea { background: #1a2128; color: inherit } }
"""


class LiveIdp:
    """A running identity provider; a context manager that stops it.

    Args:
        idp: Who signs. Its ``sso_url`` becomes this server's.
        port: 0 takes a free one.
        people: User to groups; more are added by signing in with another name.
        response_options: Options of ``TestIdp.response`` for every Response (``sign=``, ``encrypt_to=``, …).

    """

    def __init__(
        self,
        idp: TestIdp,
        *,
        port: int = 0,
        people: Mapping[str, Iterable[str]] | None = None,
        response_options: Mapping[str, Any] | None = None,
    ) -> None:
        self.idp = idp
        self.people: dict[str, tuple[str, ...]] = {
            user: tuple(groups) for user, groups in (people or {"alice": (), "bob": ()}).items()
        }
        self.response_options: dict[str, Any] = dict(response_options or {})
        self._form_token = secrets.token_urlsafe(24)
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", port), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )
        idp.persona = replace(idp.persona, sso_url=f"{self.url}/sso")
        self._thread.start()

    def __repr__(self) -> str:
        return f"<LiveIdp {self.idp.persona.name} at {self.url}>"

    def __enter__(self) -> LiveIdp:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Where it is, without a slash at the end."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def metadata_url(self) -> str:
        """Where its metadata is."""
        return f"{self.url}/metadata"

    def set_groups(self, user: str, groups: Iterable[str]) -> None:
        """Change a user's groups, as its administrator does."""
        with self._lock:
            self.people[user] = tuple(groups)

    def stop(self) -> None:
        """Stop it and free the port."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def wait(self) -> None:
        """Wait until it is stopped (by Ctrl+C)."""
        self._thread.join()

    def sign_in_page(self, asked: AuthnRequest, relay_state: str) -> str:
        """The page that asks who signs in, and with which groups."""
        people = "".join(f"<option>{html.escape(user)}</option>" for user in self.people)
        first = next(iter(self.people), "")
        return _page(
            f"Sign in to {asked.issuer}",
            f'<form method="post" action="/login">{self._token()}'
            f"{_hidden('request_id', asked.id)}{_hidden('issuer', asked.issuer)}"
            f"{_hidden('acs_url', asked.acs_url or self.idp.acs_url)}{_hidden('RelayState', relay_state)}"
            f'<label for="user">User</label><input id="user" name="user" list="people" value="{html.escape(first)}" required>'
            f'<datalist id="people">{people}</datalist>'
            '<label for="groups">Other groups, one per line (leave it empty to send those that the user has)</label>'
            '<textarea id="groups" name="groups" rows="4"></textarea>'
            "<button>Sign in</button></form>",
        )

    def people_page(self) -> str:
        """The page where groups are edited."""
        forms = "".join(
            f'<form method="post" action="/people">{self._token()}{_hidden("user", user)}'
            f'<label for="g{number}">Groups of {html.escape(user)}, one per line</label>'
            f'<textarea id="g{number}" name="groups" rows="4">{html.escape(chr(10).join(groups))}</textarea>'
            f"<button>Save</button></form>"
            for number, (user, groups) in enumerate(self.people.items())
        )
        about = (
            f"<p>{html.escape(self.idp.persona.product)}, entity ID <code>{html.escape(self.idp.entity_id)}</code>. "
            'Its <a href="/metadata">metadata</a>.</p>'
        )
        return _page("Test identity provider", about + forms)

    def signed_in_page(self, form: Mapping[str, str]) -> str:
        """The page that carries the Response over."""
        user = form.get("user", "").strip()
        if not user:
            raise ValueError("no user was named")
        other = tuple(line.strip() for line in form.get("groups", "").splitlines() if line.strip())
        with self._lock:
            if other or user not in self.people:
                self.people[user] = other
            groups = self.people[user]
        response = self.idp.response(
            user=user,
            groups=groups,
            request_id=form.get("request_id") or None,
            sp_entity_id=form.get("issuer") or None,
            acs_url=form.get("acs_url") or None,
            **self.response_options,
        )
        return _page(
            f"Signing in as {user}",
            f'<form id="carry" method="post" action="{html.escape(form.get("acs_url") or self.idp.acs_url)}">'
            f"{_hidden('SAMLResponse', response)}{_hidden('RelayState', form.get('RelayState', ''))}"
            "<noscript><button>Continue</button></noscript></form>"
            '<script>document.getElementById("carry").submit()</script>',
        )

    def save(self, form: Mapping[str, str]) -> None:
        """Save the groups of the people page."""
        self.set_groups(
            form.get("user", ""),
            [line.strip() for line in form.get("groups", "").splitlines() if line.strip()],
        )

    def owns(self, form: Mapping[str, str]) -> bool:
        """Whether a form came from these pages."""
        return secrets.compare_digest(form.get("form_token", "").encode(), self._form_token.encode())

    def _token(self) -> str:
        return _hidden("form_token", self._form_token)


def _handler(live: LiveIdp) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        server_version = "memberof-test-idp"
        sys_version = ""

        def do_GET(self) -> None:
            address = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(address.query).items()}
            match address.path:
                case "/":
                    self.answer(200, live.people_page())
                case "/metadata":
                    self.answer(200, live.idp.metadata_xml, "application/samlmetadata+xml")
                case "/sso":
                    self.sign_in(
                        lambda: read_redirect(query.get("SAMLRequest", "")), query.get("RelayState", "")
                    )
                case _:
                    self.answer(404, _page("Not found", ""))

        def do_POST(self) -> None:
            form = self.form()
            if form is None:
                return
            address = urlsplit(self.path).path
            if address == "/sso":
                self.sign_in(lambda: read_post(form.get("SAMLRequest", "")), form.get("RelayState", ""))
            elif not live.owns(form):
                self.answer(403, _page("This form is out of date", ""))
            elif address == "/people":
                live.save(form)
                self.answer(303, "", location="/")
            elif address == "/login":
                try:
                    self.answer(200, live.signed_in_page(form))
                except ValueError as error:
                    self.answer(400, _page("That cannot be sent", f"<p>{html.escape(str(error))}</p>"))
            else:
                self.answer(404, _page("Not found", ""))

        def sign_in(self, read: Any, relay_state: str) -> None:
            try:
                self.answer(200, live.sign_in_page(read(), relay_state))
            except ValueError as error:
                self.answer(400, _page("No SAML request", f"<p>{html.escape(str(error))}</p>"))

        def form(self) -> dict[str, str] | None:
            length = self.headers.get("Content-Length", "")
            if not length.isdigit() or int(length) > _MAX_BODY_BYTES:
                self.close_connection = True
                self.answer(413, _page("Too large", ""))
                return None
            body = self.rfile.read(int(length)).decode("utf-8", "replace")
            return {name: values[0] for name, values in parse_qs(body, keep_blank_values=True).items()}

        def answer(
            self, status: int, text: str, kind: str = "text/html", location: str | None = None
        ) -> None:
            host = self.headers.get("Host", "").rpartition(":")[0] or self.headers.get("Host", "")
            if host not in _LOOPBACK_NAMES:  # another site's name for this address (DNS rebinding)
                status, text, location = 421, "", None
            body = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", f"{kind}; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "no-store")
            if location:
                self.send_header("Location", location)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing: the test that runs it has its own output."""

    return Handler


def _page(title: str, body: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html.escape(title)}</title><style>{_STYLE}</style></head>"
        f"<body><main><h1>{html.escape(title)}</h1>{body}</main></body></html>"
    )


def _hidden(name: str, value: str) -> str:
    return f'<input type="hidden" name="{name}" value="{html.escape(value)}">'
