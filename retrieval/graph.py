"""Which file uses which: names that at most two files define, and imports resolved to files.

Edges are kept true inside the transaction that changes a file, by what that file's change touches: its own
edges, the users of names that came or went in it, the importers that might mean a path that came or went.
After a change of many files they are all made again, which is cheaper then.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from .analysis import REFERENCE, fold
from .fulltext import FullText
from .imports import Resolver, file_keys, import_keys, path_keys

if TYPE_CHECKING:
    from .records import ChunkRecord

__all__ = ["IMPORT", "REFERENCE_EDGE", "Pending", "file_keys", "is_whole", "rebuild", "write_imports"]

REFERENCE_EDGE = 0
IMPORT = 1
MAX_DEFINERS = 2
BULK = 64  # files changed in one batch, from which on making all edges again is cheaper


class Pending:
    """What one batch changed that edges depend on."""

    def __init__(self) -> None:
        self._before: dict[int, set[str]] = {}
        self._after: dict[int, tuple[set[str], set[str]]] = {}
        self._gone: set[int] = set()
        self._paths: set[str] = set()
        self._bulk = False

    def names_before(self, connection: sqlite3.Connection, file_id: int) -> None:
        """Note the names that a file defines before it is rewritten."""
        if len(self._after) + len(self._gone) <= BULK and file_id not in self._before:
            self._before[file_id] = {name for (name,) in connection.execute(_NAMES_OF_FILE, (file_id,))}

    def file_changed(self, file_id: int, chunks: Sequence[ChunkRecord]) -> None:
        """Note what a rewritten file defines and uses now."""
        if len(self._after) > BULK or any(chunk.terms is None for chunk in chunks):
            self._bulk = True
            self._after[file_id] = (set(), set())
            return
        defined = {name for chunk in chunks for _, name, _ in chunk.symbols}
        used = {
            term[1:] for chunk in chunks if chunk.terms for term in chunk.terms.terms if term[0] == REFERENCE
        }
        self._after[file_id] = (defined, used)

    def file_gone(self, connection: sqlite3.Connection, file_id: int) -> None:
        """Note that a file is about to leave."""
        self.names_before(connection, file_id)
        self._gone.add(file_id)

    def path_changed(self, path: str) -> None:
        """Note that ``path`` came into the index, or leaves it."""
        self._paths.add(path)

    def apply(self, connection: sqlite3.Connection) -> None:
        """Bring the edges up to date, after the batch's postings are written; or mark them as due for
        `rebuild`.
        """
        if not self._after and not self._gone and not self._paths:
            return
        if is_whole(connection):
            if self._bulk or len(self._after) + len(self._gone) > BULK:
                connection.execute("DELETE FROM meta WHERE key = 'graph'")
            else:
                self._apply_names(connection)
                self._apply_imports(connection)
        self.__init__()  # type: ignore[misc]

    def _apply_names(self, connection: sqlite3.Connection) -> None:
        changed = set(self._after) | self._gone
        connection.executemany(
            "DELETE FROM edges WHERE source = ? AND kind = 0", [(file_id,) for file_id in sorted(changed)]
        )
        definers = _Definers(connection)
        for file_id in sorted(self._after):
            _write_edges(
                connection, file_id, REFERENCE_EDGE, _uses(file_id, self._after[file_id][1], definers)
            )
        lost: dict[str, set[int]] = {}
        gained: dict[str, set[int]] = {}
        for file_id in changed:
            before = self._before.get(file_id, set())
            after = self._after[file_id][0] if file_id in self._after else set()
            for name in before - after:
                lost.setdefault(name, set()).add(file_id)
            for name in after - before:
                gained.setdefault(name, set()).add(file_id)
        text: FullText | None = None
        for name in sorted({*lost, *gained}):
            now = definers(name)
            was = (set(now) - gained.get(name, set())) | lost.get(name, set())
            if len(now) > MAX_DEFINERS and len(was) > MAX_DEFINERS:
                continue
            if text is None:
                text = FullText(connection)
            users = {
                match.segment.file_ids[place]
                for match in text.matches(REFERENCE + name)
                for place in match.places
            }
            for user in users - changed:
                for files, step in ((was, -1), (set(now), 1)):
                    if len(files) <= MAX_DEFINERS and user not in files:
                        connection.executemany(
                            _ADD_WEIGHT, [(user, target, step) for target in sorted(files)]
                        )
        connection.execute("DELETE FROM edges WHERE kind = 0 AND weight <= 0")

    def _apply_imports(self, connection: sqlite3.Connection) -> None:
        importers = set(self._after)
        for path in self._paths:
            for key in path_keys(path):
                importers.update(
                    file_id
                    for (file_id,) in connection.execute(
                        "SELECT file_id FROM import_keys WHERE key = ?", (key,)
                    )
                )
        connection.executemany(
            "DELETE FROM edges WHERE source = ? AND kind = 1",
            [(file_id,) for file_id in sorted(importers | self._gone)],
        )
        resolver = Resolver(connection)
        for file_id in sorted(importers):
            _write_edges(connection, file_id, IMPORT, _imported(connection, file_id, resolver))


_NAMES_OF_FILE = (
    "SELECT DISTINCT name FROM chunks JOIN symbols ON symbols.chunk_id = chunks.id WHERE chunks.file_id = ?"
)
_ADD_WEIGHT = (
    "INSERT INTO edges VALUES (?, ?, 0, ?) ON CONFLICT (source, target, kind)"
    " DO UPDATE SET weight = weight + excluded.weight"
)


class _Definers:
    """The files that define a name, as written; none for a name that more than enough files define."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._known: dict[str, tuple[int, ...]] = {}

    def __call__(self, name: str) -> tuple[int, ...]:
        found = self._known.get(name)
        if found is None:
            rows = self._connection.execute(
                "SELECT DISTINCT file_id FROM symbols JOIN chunks ON chunks.id = chunk_id WHERE"
                " folded = ? AND name = ?"
                " LIMIT ?",
                # a few more than count, so that the state before a batch can be told as well
                (fold(name), name, MAX_DEFINERS + BULK + 2),
            )
            found = self._known[name] = tuple(sorted(file_id for (file_id,) in rows))
        return found


def _uses(file_id: int, names: Iterable[str], definers: _Definers) -> Counter[int]:
    weights: Counter[int] = Counter()
    for name in names:
        files = definers(name)
        if files and len(files) <= MAX_DEFINERS and file_id not in files:
            weights.update(files)
    return weights


def _imported(connection: sqlite3.Connection, file_id: int, resolver: Resolver) -> Counter[int]:
    weights: Counter[int] = Counter()
    row = connection.execute("SELECT path FROM files WHERE id = ?", (file_id,)).fetchone()
    if row is not None:
        rows = connection.execute("SELECT module, names FROM imports WHERE file_id = ?", (file_id,))
        for module, names in rows.fetchall():
            weights.update(target for target in resolver(module, names.split(), row[0]) if target != file_id)
    return weights


def _write_edges(connection: sqlite3.Connection, source: int, kind: int, weights: Counter[int]) -> None:
    connection.executemany(
        "INSERT INTO edges VALUES (?, ?, ?, ?)",
        [(source, target, kind, weight) for target, weight in sorted(weights.items())],
    )


def write_imports(
    connection: sqlite3.Connection, file_id: int, path: str, imports: Sequence[tuple[int, str, str]]
) -> None:
    """Make the imports of a file these ``(line, module, names)``, inside a batch."""
    rows = connection.execute(
        "SELECT line, module, names FROM imports WHERE file_id = ? ORDER BY rowid", (file_id,)
    ).fetchall()
    if rows == list(imports):
        return
    if rows:
        old = {key for _, module, names in rows for key in import_keys(module, names.split(), path)}
        connection.executemany(
            "DELETE FROM import_keys WHERE key = ? AND file_id = ?", [(key, file_id) for key in sorted(old)]
        )
        connection.execute("DELETE FROM imports WHERE file_id = ?", (file_id,))
    keys = {key for _, module, names in imports for key in import_keys(module, names.split(), path)}
    connection.executemany("INSERT INTO imports VALUES (?, ?, ?, ?)", [(file_id, *row) for row in imports])
    connection.executemany("INSERT INTO import_keys VALUES (?, ?)", [(key, file_id) for key in sorted(keys)])


def is_whole(connection: sqlite3.Connection) -> bool:
    """Whether the edges cover the store as it stands."""
    return connection.execute("SELECT 1 FROM meta WHERE key = 'graph'").fetchone() is not None


def rebuild(connection: sqlite3.Connection) -> None:
    """Make all edges again, inside the caller's transaction."""
    connection.execute("DELETE FROM edges")
    definers: dict[str, set[int]] = {}
    for name, file_id in connection.execute(
        "SELECT name, file_id FROM symbols JOIN chunks ON chunks.id = symbols.chunk_id"
    ):
        files = definers.setdefault(name, set())
        if len(files) <= MAX_DEFINERS:
            files.add(file_id)
    users: dict[str, set[int]] = {}
    for name, files in FullText(connection).references():
        if 0 < len(definers.get(name, ())) <= MAX_DEFINERS:
            users.setdefault(name, set()).update(files)
    weights: Counter[tuple[int, int]] = Counter()
    for name, sources in users.items():
        targets = definers[name]
        for target in targets:
            weights.update((source, target) for source in sources if source not in targets)
    connection.executemany(
        "INSERT INTO edges VALUES (?, ?, 0, ?)",
        [(source, target, weight) for (source, target), weight in sorted(weights.items())],
    )
    resolver = Resolver(connection)
    rows = connection.execute(
        "SELECT file_id, path, module, names FROM imports JOIN files ON files.id = file_id"
    ).fetchall()
    imported: Counter[tuple[int, int]] = Counter()
    for source, path, module, names in rows:
        imported.update(
            (source, target) for target in resolver(module, names.split(), path) if target != source
        )
    connection.executemany(
        "INSERT INTO edges VALUES (?, ?, 1, ?)",
        [(source, target, weight) for (source, target), weight in sorted(imported.items())],
    )
    connection.execute("INSERT OR REPLACE INTO meta VALUES ('graph', 1)")
