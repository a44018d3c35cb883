"""Reports in colours, by rich. Texts are never read as markup."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console, Group
from rich.padding import Padding
from rich.panel import Panel
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rich.console import RenderableType

    from memberof.doctor.report import Item, Section

_STYLES = {"": "bold", "good": "bold green", "bad": "bold red", "warn": "bold yellow"}
_MAX_WIDTH = 120
_NUMBERS = frozenset({"values", "limit", "before", "after", "gained", "lost"})


class Terminal:
    """Prints to standard output."""

    def __init__(self, console: Console | None = None) -> None:
        self.console: Console = console or Console(highlight=False)

    def sections(self, sections: Sequence[Section]) -> None:
        """Print the parts of a report; the first is its verdict."""
        verdict, *parts = sections
        width = min(self.console.width, _MAX_WIDTH)
        self.console.print(
            Panel(
                Group(*(Text(line) for line in verdict.lines)),
                title=Text(f" {verdict.title} ", style=f"reverse {_STYLES[verdict.tone]}"),
                title_align="left",
                border_style=_STYLES[verdict.tone],
                width=width,
            )
        )
        for part in parts:
            self.console.print()
            self.console.print(Text(part.title, style=_STYLES[part.tone]))
            for piece in _pieces(part):
                self.console.print(Padding(piece, (0, 0, 0, 2)), width=width)

    def table(self, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """Print a table."""
        self.console.print(_table(header, rows))


def _pieces(part: Section) -> Iterator[RenderableType]:
    yield from (Text(line) for line in part.lines)
    if part.pairs:
        pairs = Table.grid(padding=(0, 2))
        pairs.add_column(style="dim")
        pairs.add_column(overflow="fold")
        for name, value in part.pairs:
            pairs.add_row(Text(name), Text(value))
        yield pairs
    if part.pairs and part.items:
        yield Text()
    if part.items:
        items = Table.grid(padding=(0, 1))
        items.add_column()
        items.add_column(overflow="fold")
        for item in part.items:
            items.add_row(Text("•", style=_STYLES[part.tone]), _item(item))
        yield items
    if part.rows:
        yield _table(part.header, part.rows)
    if part.code:
        yield Syntax(part.code, "python", theme="ansi_dark", background_color="default", word_wrap=True)


def _item(item: Item) -> Text:
    text = Text(item.text)
    if item.code:
        text.append(f"  {item.code}", style="dim")
    if item.hint:
        text.append(f"\n→ {item.hint}", style="cyan")
    return text


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    table = Table(box=None, padding=(0, 3, 0, 0), pad_edge=False, header_style="dim")
    for name in header:
        table.add_column(name, overflow="fold", justify="right" if name in _NUMBERS else "left")
    for row in rows:
        table.add_row(*map(Text, row))
    return table
