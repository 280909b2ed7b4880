"""From the plan of a file to pieces of it: whole where they fit, divided where not, merged where they are
tiny.

What holds whatever the plan: each non-blank line lies in exactly one piece, and no piece passes the cap,
save one that is a single line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .units import DEEPEST, TYPE_KINDS, Unit, settle

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .source import Source
    from .types import ChunkOptions

__all__ = ["Piece", "pack"]

GROUP_LINES: Final = 30
"""Statements that stand alone are grouped up to this many lines."""
CLOSERS: Final = ("}", ")", "]", "end", "else", "elif", "except", "finally", "catch")


class Piece:
    """A range of lines on its way to being a chunk, and the units that it is made of."""

    __slots__ = ("end", "start", "tokens", "units")

    def __init__(self, start: int, end: int, tokens: int, units: list[Unit]) -> None:
        self.start = start
        self.end = end
        self.tokens = tokens
        self.units = units

    @property
    def main(self) -> Unit:
        """The unit that the piece is named after: a type before a function, that before anything else."""
        return max(self.units, key=_rank)


def _rank(unit: Unit) -> int:
    if unit.symbol is None:
        return 0
    if not unit.defines:
        return 1
    return 3 if unit.kind in TYPE_KINDS else 2


def pack(plan: list[Unit], source: Source, options: ChunkOptions) -> list[Piece]:
    """Cut a file along ``plan``."""
    return _Packer(source, options).pack(plan)


class _Packer:
    def __init__(self, source: Source, options: ChunkOptions) -> None:
        self._source = source
        self._cap = max(options.max_chunk_tokens, 1)
        self._min = min(options.min_chunk_tokens, self._cap)
        self._whole_types = options.code_granularity == "class"

    def pack(self, plan: list[Unit]) -> list[Piece]:
        units = settle(plan, self._source, 0, len(self._source.lines))
        return self._merged(self._grouped(piece for unit in units for piece in self._fitted(unit)))

    # -- nothing passes the cap ------------------------------------------------------------------------------

    def _fitted(self, unit: Unit, depth: int = 0) -> Iterator[Piece]:
        tokens = self._source.tokens(unit.start, unit.end)
        if tokens <= self._cap:
            yield Piece(unit.start, unit.end, tokens, list(self._with_members(unit)))
            return
        parts = self._parts(unit, depth)
        if len(parts) < 2:
            yield from self._by_lines(unit)
            return
        run: list[Unit] = []
        for part in parts:
            named = part.symbol != unit.symbol
            if named and not (self._whole_types and unit.kind in TYPE_KINDS and self._fits(part)):
                yield from self._cut(unit, run)
                run = []
                yield from self._fitted(part, depth + 1)
            else:
                run.append(part)
        yield from self._cut(unit, run)

    def _with_members(self, unit: Unit, depth: int = 0) -> Iterator[Unit]:
        """The unit, and where types stay whole also what is in it, for the names."""
        yield unit
        if self._whole_types and unit.kind in TYPE_KINDS and unit.divide and depth < DEEPEST:
            for member in unit.divide():
                yield from self._with_members(member, depth + 1)

    def _fits(self, unit: Unit) -> bool:
        return self._source.tokens(unit.start, unit.end) <= self._cap

    def _parts(self, unit: Unit, depth: int) -> list[Unit]:
        """What ``unit`` divides into, down to parts that fit; definitions inside it stay whole."""
        if unit.divide is None or unit.end - unit.start < 2 or depth > DEEPEST:
            return []
        found: list[Unit] = []
        for part in settle(unit.divide(), self._source, unit.start, unit.end):
            if part.symbol is None:
                part.kind, part.symbol, part.signature, part.owner = (
                    unit.kind,
                    unit.symbol,
                    unit.signature,
                    unit.owner,
                )
            if part.symbol == unit.symbol and part.divide and not self._fits(part):
                found.extend(self._parts(part, depth + 1) or [part])
            else:
                found.append(part)
        if found:
            unit.names_to(found)
        return found

    def _cut(self, unit: Unit, run: list[Unit]) -> Iterator[Piece]:
        """Cut a run of parts where the indentation is least, each piece as long as it may be."""
        at = 0
        while at < len(run):
            if not self._fits(run[at]):
                yield from self._by_lines(run[at])
                at += 1
                continue
            end = at + 1
            while end < len(run) and self._source.tokens(run[at].start, run[end].end) <= self._cap:
                end += 1
            if end < len(run):
                end = self._best_end(run, at, end)
            whole = unit.part(run[at].start, run[end - 1].end)
            for part in run[at:end]:
                whole.defines += part.defines
                whole.types += part.types
            yield self._piece(whole)
            at = end

    def _best_end(self, run: list[Unit], at: int, furthest: int) -> int:
        source = self._source
        enough = source.tokens(run[at].start, run[furthest - 1].end) // 2
        best, best_rank = furthest, (1 << 30, 1)
        for end in range(furthest, at, -1):
            if end < furthest and source.tokens(run[at].start, run[end - 1].end) < enough:
                break
            start = run[end].start
            rank = (source.indent(start), int(source.lines[start - 1].strip() != ""))
            if rank < best_rank:
                best, best_rank = end, rank
        return best

    def _by_lines(self, unit: Unit) -> Iterator[Piece]:
        """Cut what has no parts: at a blank line, or else at a line of little indentation."""
        parts: list[Unit] = []
        start = unit.start
        while start < unit.end:
            end = self._source.reach(start, unit.end, self._cap)
            if end < unit.end:
                end = self._seam(start, end)
            low, high = self._source.trim(start, end)
            if low < high:
                parts.append(unit.part(low, high))
            start = end
        unit.names_to(parts)
        return map(self._piece, parts)

    def _seam(self, start: int, furthest: int) -> int:
        lines = self._source.lines
        best, best_rank = furthest, 1 << 30
        for at in range(furthest, start + max(1, (furthest - start) // 2), -1):
            line = lines[at].lstrip()
            rank = self._source.indent(at) if line else -1
            if rank < best_rank and not line.startswith(CLOSERS):
                best, best_rank = at, rank
        return best

    def _piece(self, unit: Unit) -> Piece:
        return Piece(unit.start, unit.end, self._source.tokens(unit.start, unit.end), [unit])

    # -- nothing is tiny -------------------------------------------------------------------------------------

    def _grouped(self, pieces: Iterator[Piece]) -> Iterator[Piece]:
        """Join runs of imports, of statements, and of one type's fields."""
        held: Piece | None = None
        for piece in pieces:
            if held and self._of_a_kind(held, piece) and self._may_join(held, piece):
                held = self._joined(held, piece)
                continue
            if held:
                yield held
            held = piece
        if held:
            yield held

    def _of_a_kind(self, held: Piece, piece: Piece) -> bool:
        last, unit = held.units[-1], piece.units[0]
        if (unit.kind, unit.symbol, unit.owner) != (last.kind, last.symbol, last.owner):
            return False
        if unit.clause and last.clause:
            return True
        if unit.symbol is None:
            return unit.kind == "imports" or piece.end - held.start <= GROUP_LINES
        return unit.symbol == unit.owner

    def _merged(self, pieces: Iterator[Piece]) -> list[Piece]:
        """Join every piece below the minimum with the neighbour that it belongs to most."""
        done: list[Piece] = []
        for piece in pieces:
            if done and min(done[-1].tokens, piece.tokens) < self._min and self._may_join(done[-1], piece):
                tiny = done[-1]
                before = done[-2] if len(done) > 1 else None
                if (
                    tiny.tokens < self._min
                    and before
                    and self._kinship(before, tiny) > self._kinship(tiny, piece)
                    and self._may_join(before, tiny)
                ):
                    done[-2:] = [self._joined(before, tiny), piece]
                    continue
                if tiny.tokens < self._min:
                    done[-1] = self._joined(tiny, piece)
                    continue
            done.append(piece)
        return self._backwards(done)

    def _backwards(self, pieces: list[Piece]) -> list[Piece]:
        """What is tiny still, at the end or before a full neighbour, joins the one before it."""
        done: list[Piece] = []
        for piece in pieces:
            if done and piece.tokens < self._min and self._may_join(done[-1], piece):
                done[-1] = self._joined(done[-1], piece)
            else:
                done.append(piece)
        return done

    def _kinship(self, first: Piece, second: Piece) -> int:
        """How much two neighbours belong together."""
        one, other = first.units[-1], second.units[0]
        same = 4 * (one.owner == other.owner) + 4 * (one.symbol is not None and one.symbol == other.owner)
        return same + 2 * (first.end == second.start) + (one.kind == other.kind)

    def _may_join(self, first: Piece, second: Piece) -> bool:
        return self._source.tokens(first.start, second.end) <= self._cap

    def _joined(self, first: Piece, second: Piece) -> Piece:
        tokens = self._source.tokens(first.start, second.end)
        return Piece(first.start, second.end, tokens, first.units + second.units)
