"""Claims and plans in notebooks."""

from __future__ import annotations

from html.parser import HTMLParser

import memberof


class Cells(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def read(html: str) -> Cells:
    cells = Cells()
    cells.feed(html)
    return cells


def claim_of(*values: str) -> memberof.GroupClaim:
    return memberof.GroupExtractor("memberOf", "array").extract({"memberOf": values})


def plan_of(claim: memberof.GroupClaim) -> memberof.Plan:
    state = memberof.UserState({"Staff": "internal", "Old": "external"}, ["Old"])
    return memberof.reconcile(claim, state, policy=memberof.SyncPolicy(on_internal_match="refuse"))


def test_a_claim_shows_its_account_its_warnings_and_its_groups() -> None:
    found = read(claim_of("Sales", "sales", "CN=a,DC=b")._repr_html_())
    assert found.texts[0] == "present, 2 groups, 1 malformed, 2 warnings"
    assert found.texts[-4:] == ["group", "Sales", "group", "sales"]
    assert "CN=a,DC=b" not in found.texts
    assert found.texts.count("warning") == 2


def test_a_plan_shows_what_is_done_and_what_is_held() -> None:
    found = read(plan_of(claim_of("Sales", "Staff"))._repr_html_())
    assert found.texts == [
        *("3 changes, 2 held, 0 kept", "action", "group", "reason", "done or held"),
        *("create", "Sales", "received"),
        *("attach", "Sales", "received"),
        *("detach", "Old", "not_received"),
        *("adopt", "Staff", "internal_refused", "held"),
        *("attach", "Staff", "internal_refused", "held"),
    ]


def test_names_are_escaped_and_many_are_counted() -> None:
    names = ['<script>alert("1")</script>', "a&b", *(f"g{number}" for number in range(60))]
    for shown in (claim_of(*names), plan_of(claim_of(*names))):
        html = shown._repr_html_()
        found = read(html)
        assert set(found.tags) == {"p", "table", "caption", "thead", "tbody", "tr", "th", "td"}
        assert found.tags.count("tr") == 51
        assert next(text for text in found.texts if text.startswith("The first 50 of ")).split()[-1].isdigit()
        assert "<script" not in html


def test_nothing_to_show_is_one_line() -> None:
    empty = memberof.GroupExtractor("memberOf", "array").extract({"memberOf": []})
    assert empty._repr_html_() == "<p>empty, 0 groups</p>"
