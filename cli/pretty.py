"""The printer for terminals. Whatever it prints is inert text in a style; markup is never read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ..settings import themes_dir
from ..storage.clock import on_local_clock
from ..storage.feelings import LATER_FEELINGS
from ..themes import load_themes
from .inert import inert, one_line
from .plain import detail_lines, number
from .printer import Count, Detail, Facts, clock, feeling_word, short_id

if TYPE_CHECKING:
    from ..settings import Settings
    from ..storage.memory import Memory
    from .arc_data import Arc

__all__ = ["RichPrinter"]

_LINES: int = 12
_BAR: int = 24
_CHART_WIDTH, _CHART_HEIGHT = 120, 10


class RichPrinter:
    """Colour, glyphs and the terminal's width; long texts of a list are cut, ``show`` has them whole."""

    def __init__(self, settings: Settings, *, color: bool) -> None:
        self._settings = settings
        themes, _ = load_themes(themes_dir())
        self._theme = themes.get(settings.theme, themes["dark"])
        self._console = Console(
            highlight=False,
            markup=False,
            emoji=False,
            no_color=not color or self._theme.plain,
            soft_wrap=False,
        )
        self._ascii = not (self._console.encoding or "").lower().startswith("utf")

    def memories(self, memories: Iterable[Memory]) -> int:
        """A line with date, feeling, concept, tags and id, and the text beneath."""
        count = 0
        for count, memory in enumerate(memories, 1):
            if count > 1:
                self._console.print()
            self._head(memory)
            self._body(memory)
        return count

    def detail(self, detail: Detail) -> None:
        """What is known of it by line, and the text."""
        lines = []
        for name, value in detail_lines(detail, self._settings):
            shown = self._feeling(detail.memory.feeling) if name == "feeling" else Text(value)
            if name == "intact" and detail.memory.intact is False:
                shown.stylize("bold red")
            lines.append((name, shown))
        self._named(lines)
        self._console.print()
        self._console.print(Text(inert(detail.memory.content)))

    def saved(self, memory: Memory) -> None:
        """One line."""
        self._console.print(Text("Remembered ").append_text(self._summary(memory)))

    def counts(self, kind: str, rows: Sequence[Count]) -> None:
        """A table with bars."""
        most = max((count for _, count in rows), default=0) or 1
        grid = Table.grid(padding=(0, 2))
        for justify in ("left", "right", "left"):
            grid.add_column(justify=justify, no_wrap=justify == "right")
        for name, count in rows:
            label = self._feeling(name) if kind == "feeling" else Text(one_line(name, 60))
            bar = ("#" if self._ascii else "━") * round(_BAR * count / most) or ("." if count else "")
            grid.add_row(label, Text(number(count)), Text(bar, style=label.style))
        self._console.print(grid)

    def facts(self, facts: Facts) -> None:
        """Name and value by line, under a heading within a section."""
        lines: list[tuple[str, Text]] = []
        for name, value in facts.items():
            if not isinstance(value, Mapping):
                values = value if isinstance(value, (list, tuple)) else [value]
                shown = name if "." in name else name.replace("_", " ")
                lines += [(shown, self._value(each)) for each in values]
            elif value:
                self._named(lines)
                lines = []
                self._console.print(Text(name, style="bold"))
                self.facts(value)
                self._console.print()
        self._named(lines)

    def rows(self, rows: Sequence[Facts]) -> None:
        """A table under the facts' names."""
        table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="dim")
        for name in rows[0] if rows else ():
            table.add_column(name.replace("_", " "))
        for row in rows:
            table.add_row(*(self._value(value) for value in row.values()))
        self._console.print(table)

    def arc(self, arc: Arc) -> None:
        """The line over time, a line for each period, and the arc in words."""
        from .charts import line_chart, period_lines

        if not arc.periods:
            return
        if arc.line:
            width = min(self._console.width, _CHART_WIDTH)
            colour = self._theme.colours["primary"]
            line = "bold" if colour == "default" else colour
            for row in line_chart(arc, width, _CHART_HEIGHT, line=line, axis="dim", ascii_only=self._ascii):
                self._console.print(row, no_wrap=True, overflow="crop")
            self._console.print()
        for row in period_lines(arc, self._theme, self._settings, ascii_only=self._ascii):
            self._console.print(row, no_wrap=True, overflow="ellipsis")
        if arc.arc:
            self._console.print(Text(f"\n{arc.arc}", style="bold"))

    def _named(self, lines: Sequence[tuple[str, Text]]) -> None:
        """Lines as long as they are, so that a path or a head is copied whole."""
        width = max((len(name) for name, _ in lines), default=0) + 2
        for name, value in lines:
            line = Text().append(name.ljust(width), style="dim").append_text(value)
            self._console.print(line, soft_wrap=True)

    @staticmethod
    def _value(value: object) -> Text:
        if isinstance(value, bool):
            return Text("yes" if value else "no")
        return Text("-" if value is None or value == "" else one_line(str(value), 2000))

    def _head(self, memory: Memory) -> None:
        line = Text().append(clock(on_local_clock(memory.time), self._settings), style="dim")
        line.append("  ").append_text(self._feeling(memory.feeling))
        line.append("  ").append(one_line(memory.concept, 60), style="bold")
        for tag in memory.tags:
            line.append("  ").append(f"#{one_line(tag, 40)}", style="dim")
        line.append("  ").append(one_line(short_id(memory.memory_id)), style="dim")
        self._console.print(line)

    def _body(self, memory: Memory) -> None:
        # A line on the screen is at most this long, so that a huge text costs no more than it shows.
        lines = inert(memory.content[: _LINES * 4 * self._console.width]).rstrip("\n").split("\n")
        text = Text("\n".join(lines[:_LINES]))
        self._console.print(Padding(text, (0, 0, 0, 2)))
        if len(lines) > _LINES or len(memory.content) > _LINES * 4 * self._console.width:
            self._aside(f"… the rest: mnemo show {short_id(memory.memory_id)}")
        if memory.note:
            self._aside(f"note: {one_line(memory.note, 400)}")
        if memory.attachments:
            self._aside(f"files: {', '.join(one_line(each.name, 80) for each in memory.attachments)}")
        if memory.intact is False:
            self._aside("damaged: this is not what was written, see mnemo verify", "bold red")

    def _aside(self, text: str, style: str = "dim") -> None:
        self._console.print(Padding(Text(text, style=style), (0, 0, 0, 2)))

    def _summary(self, memory: Memory) -> Text:
        line = (
            Text()
            .append(one_line(short_id(memory.memory_id)), style="dim")
            .append("  ")
            .append_text(self._feeling(memory.feeling))
        )
        return line.append("  ").append(one_line(memory.concept, 60), style="bold")

    def _feeling(self, feeling: str) -> Text:
        later = LATER_FEELINGS.get(feeling)
        look = self._theme.look(feeling, later.kin if later else None, ascii_only=self._ascii)
        word = one_line(feeling_word(feeling, self._settings), 40)
        return Text(f"{look.glyph} {word}", style="" if look.colour == "default" else look.colour)
