"""Turn the plan of a file into chunks: whole where they fit, divided where they do not, merged where they are tiny.

What holds for every file, whatever its plan: each non-blank line lies in exactly one chunk, and no chunk passes the cap.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..tokens import count_tokens, prefix_within
from .types import ChunkCandidate
from .units import TYPE_KINDS, Unit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .lexicon import Lexicon
    from .types import ChunkOptions

__all__ = ["Packer"]

GROUP_LINES: Final = 30
"""Statements that stand alone are grouped up to this many lines."""
OPENERS: Final = ("{", "(", "[", ":", "->", "=>", "do", "then")
LONG_LINE: Final = 4000
"""Characters looked at in one step while a line too long for the cap is cut."""


class _Piece:
    """A range of lines on its way to being a chunk."""

    __slots__ = ("end", "owner", "start", "tokens", "units")

    def __init__(self, start: int, end: int, tokens: int, units: list[Unit], owner: str | None) -> None:
        self.start = start
        self.end = end
        self.tokens = tokens
        self.units = units
        self.owner = owner


class Packer:
    """Packs one file."""

    def __init__(self, lines: list[str], language: str, lexicon: Lexicon, options: ChunkOptions) -> None:
        self._lines = lines
        self._language = language
        self._lexicon = lexicon
        self._cap = max(options.max_chunk_tokens, 1)
        self._min = min(options.min_chunk_tokens, self._cap)

    def pack(self, units: list[Unit]) -> list[ChunkCandidate]:
        """Cut the file along ``units``; lines that no unit claims join a neighbour."""
        pieces: list[_Piece] = []
        for unit in self._settle(units, 0, len(self._lines)):
            pieces.extend(self._fit(unit))
        return [chunk for piece in self._merge(self._group(pieces)) for chunk in self._emit(piece)]

    def windows(self, ranges: list[tuple[int, int]]) -> list[ChunkCandidate]:
        """Make a chunk of each range as it is; they may overlap."""
        chunks: list[ChunkCandidate] = []
        for low, high in ranges:
            start, end = self._trim(low, high)
            if start < end:
                unit = Unit(start, end, "window")
                chunks.extend(self._emit(_Piece(start, end, self._cost(start, end), [unit], None)))
        return chunks

    # -- lines --------------------------------------------------------------------------------------------------

    def _cost(self, start: int, end: int) -> int:
        return count_tokens("\n".join(self._lines[start:end]), self._language)

    def _trim(self, start: int, end: int) -> tuple[int, int]:
        lines = self._lines
        while start < end and not lines[start].strip():
            start += 1
        while start < end and not lines[end - 1].strip():
            end -= 1
        return start, end

    # -- units that cover every line ----------------------------------------------------------------------------

    def _settle(self, units: list[Unit], first: int, last: int) -> list[Unit]:
        """Make ``units`` disjoint, in order, and cover every non-blank line from ``first`` to ``last``."""
        settled: list[Unit] = []
        at = first
        for unit in sorted(units, key=lambda unit: (unit.start, -unit.end)):
            unit.start, unit.end = self._trim(max(unit.start, at), min(unit.end, last))
            if unit.start >= unit.end:
                if settled:  # it shares its lines with the one before
                    settled[-1].defines += unit.defines
                    settled[-1].types += unit.types
                continue
            self._claim_gap(settled, unit, at)
            at = unit.end
            if settled and settled[-1].leads and settled[-1].end == unit.start:
                lead = settled.pop()
                unit.start = lead.start
                if unit.leads and unit.kind == "block":
                    unit.kind = lead.kind
            settled.append(unit)
        self._claim_gap(settled, None, at, last)
        return settled

    def _claim_gap(self, settled: list[Unit], unit: Unit | None, at: int, last: int | None = None) -> None:
        """Give the non-blank lines between ``at`` and ``unit`` to the unit before, or to ``unit`` if they open it."""
        start, end = self._trim(at, unit.start if unit else last if last is not None else at)
        if start >= end:
            return
        if unit and end == unit.start and self._lines[end - 1].rstrip().endswith(OPENERS):
            unit.start = start
        elif settled:
            settled[-1].end = end
            settled[-1].leads = False
        elif unit:
            unit.start = start
        else:
            settled.append(Unit(start, end, "block"))

    # -- nothing passes the cap ---------------------------------------------------------------------------------

    def _fit(self, unit: Unit) -> Iterator[_Piece]:
        tokens = self._cost(unit.start, unit.end)
        if tokens <= self._cap:
            yield _Piece(unit.start, unit.end, tokens, [unit], unit.owner)
            return
        yield from self._divided(unit, tokens)

    def _divided(self, unit: Unit, tokens: int) -> Iterator[_Piece]:
        parts = self._parts(unit)
        if len(parts) < 2:
            yield from self._by_lines(unit)
            return
        costs = [self._cost(part.start, part.end) for part in parts]
        # Pieces of about equal size read better than full ones and a rest.
        target = min(self._cap, tokens * 1.15 / -(-tokens // self._cap))
        held: list[Unit] = []
        size = 0
        for part, cost in zip(parts, costs, strict=True):
            named = part.symbol is not None and part.symbol != unit.symbol
            if held:
                grown = self._cost(held[0].start, part.end)
                if named or grown > (self._cap if size < target / 2 else target):
                    yield self._joined(unit, held)
                    held, size = [], 0
            if cost > self._cap:
                yield from self._divided(part, cost)
            elif named:
                yield _Piece(part.start, part.end, cost, [part], part.owner)
            else:
                held.append(part)
                size = self._cost(held[0].start, part.end)
        if held:
            yield self._joined(unit, held)

    def _joined(self, unit: Unit, parts: list[Unit]) -> _Piece:
        start, end = parts[0].start, parts[-1].end
        whole = Unit(start, end, unit.kind, unit.symbol, unit.signature, owner=unit.owner)
        for part in parts:
            whole.defines += part.defines
            whole.types += part.types
        return _Piece(start, end, self._cost(start, end), [whole], unit.owner)

    def _parts(self, unit: Unit) -> list[Unit]:
        """What ``unit`` divides into; its head carries what it defines."""
        inner = unit.divide() if unit.divide else []
        for part in inner:
            if part.kind == "block":
                part.kind, part.symbol, part.signature = unit.kind, unit.symbol, unit.signature
            part.owner = part.owner or unit.symbol or unit.owner
        parts = self._settle(inner, unit.start, unit.end)
        if len(parts) == 1 and parts[0].divide and parts[0].divide is not unit.divide:
            parts = self._parts(parts[0])
        if parts:
            parts[0].defines = unit.defines + parts[0].defines
            parts[0].types = unit.types + parts[0].types
        return parts

    def _by_lines(self, unit: Unit) -> Iterator[_Piece]:
        """Cut where a blank line or a line of little indentation makes the best seam."""
        lines = self._lines
        costs = [count_tokens(line, self._language) + 1 for line in lines[unit.start : unit.end]]
        start = unit.start
        first = True
        while start < unit.end:
            end, size = start, 0
            while end < unit.end and (end == start or size + costs[end - unit.start] <= self._cap):
                size += costs[end - unit.start]
                end += 1
            if end < unit.end:
                end = self._seam(start, end)
            low, high = self._trim(start, end)
            start = end
            if low < high:
                part = Unit(low, high, unit.kind, unit.symbol, unit.signature, owner=unit.owner)
                if first:
                    part.defines, part.types = unit.defines, unit.types
                    first = False
                yield _Piece(low, high, self._cost(low, high), [part], unit.owner)

    def _seam(self, start: int, end: int) -> int:
        """Where to end a piece that starts at ``start`` and has room up to ``end``."""
        best, best_rank = end, (2, 1 << 30)
        for at in range(end, start + max(1, (end - start) * 3 // 5), -1):
            line = self._lines[at]
            stripped = line.lstrip()
            rank = (0, 0) if not stripped else (1, len(line) - len(stripped))
            if stripped.startswith(("}", ")", "]", "end")):
                continue
            if rank < best_rank:
                best, best_rank = at, rank
        return best

    # -- nothing is tiny ----------------------------------------------------------------------------------------

    def _group(self, pieces: list[_Piece]) -> Iterator[_Piece]:
        """Join runs of imports, of statements and of one type's fields."""
        held: _Piece | None = None
        for piece in pieces:
            if held and self._joins(held, piece):
                held = self._union(held, piece)
                continue
            if held:
                yield held
            held = piece
        if held:
            yield held

    def _joins(self, held: _Piece, piece: _Piece) -> bool:
        last, unit = held.units[-1], piece.units[0]
        if held.owner != piece.owner or not self._fits(held, piece):
            return False
        if unit.kind != last.kind or unit.symbol != last.symbol:
            return False
        if unit.symbol is not None:  # a type's fields follow its header; overloads stay apart
            return (
                unit.kind in TYPE_KINDS
                and unit.symbol == unit.owner
                and unit.symbol.rpartition(".")[2] not in unit.defines
            )
        return unit.kind == "imports" or piece.end - held.start <= GROUP_LINES

    def _merge(self, pieces: Iterator[_Piece]) -> list[_Piece]:
        """Join every piece below the minimum with the neighbour it belongs to most."""
        done: list[_Piece] = []
        waiting: _Piece | None = None
        for piece in pieces:
            if waiting:
                piece, waiting = self._settle_tiny(done, waiting, piece), None  # noqa: PLW2901
            if piece.tokens < self._min:
                waiting = piece
            else:
                done.append(piece)
        if waiting:
            if done and self._fits(done[-1], waiting):
                done[-1] = self._union(done[-1], waiting)
            else:
                done.append(waiting)
        return done

    def _settle_tiny(self, done: list[_Piece], tiny: _Piece, after: _Piece) -> _Piece:
        before = done[-1] if done else None
        fits_after = self._fits(tiny, after)
        if before and self._fits(before, tiny):
            kin_before, kin_after = self._kinship(before, tiny), self._kinship(tiny, after)
            if not fits_after or kin_before > kin_after:
                done[-1] = self._union(before, tiny)
                return after
        if fits_after:
            return self._union(tiny, after)
        done.append(tiny)
        return after

    def _kinship(self, first: _Piece, second: _Piece) -> int:
        """How much two neighbours belong together."""
        one, other = first.units[-1], second.units[0]
        same = 2 * (first.owner == second.owner) + 2 * (one.symbol is not None and one.symbol == second.owner)
        touching = self._trim(first.end, second.start)[0] == first.end == second.start
        return same + touching + (one.kind == other.kind)

    def _fits(self, first: _Piece, second: _Piece) -> bool:
        return (
            first.tokens + second.tokens <= self._cap * 2 and self._cost(first.start, second.end) <= self._cap
        )

    def _union(self, first: _Piece, second: _Piece) -> _Piece:
        tokens = self._cost(first.start, second.end)
        return _Piece(first.start, second.end, tokens, first.units + second.units, first.owner)

    # -- chunks -------------------------------------------------------------------------------------------------

    def _emit(self, piece: _Piece) -> Iterator[ChunkCandidate]:
        content = "\n".join(self._lines[piece.start : piece.end])
        main = max(piece.units, key=_weight)
        defines = list(dict.fromkeys(name for unit in piece.units for name in unit.defines))
        types = tuple(dict.fromkeys(name for unit in piece.units for name in unit.types))
        doc, names = self._lexicon.read(content)
        refers = tuple(name for name in names if name not in set(defines))
        rest = content
        while rest:
            part, rest = rest, ""
            if piece.tokens > self._cap:
                cut = prefix_within(part, self._cap, self._language)
                part, rest = part[:cut], part[cut:]
            yield ChunkCandidate(
                content=part,
                chunk_type=main.kind,
                symbol=main.symbol,
                line_start=piece.start + 1,
                line_end=piece.end,
                tokens=count_tokens(part, self._language) if piece.tokens > self._cap else piece.tokens,
                signature=main.signature,
                doc=doc,
                defines=tuple(defines),
                types=types,
                refers=refers,
            )


def _weight(unit: Unit) -> tuple[int, int]:
    """A type stands for a chunk before a function does, and that before statements."""
    rank = 0 if unit.symbol is None else 1
    if unit.defines:
        rank += 2 if unit.kind in TYPE_KINDS else 1
    return rank, 0
