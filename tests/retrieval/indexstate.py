"""What an index holds, without row numbers, times or history: two equal states answer every question
alike.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

from mnemo.retrieval.bloom import filter_of
from mnemo.retrieval.fulltext import FullText
from mnemo.retrieval.store import Store, inflate


def index_state(database: Path) -> dict[str, Any]:
    with Store.open(database) as store, store.reading() as connection:
        execute = connection.execute
        paths = dict(execute("SELECT id, path FROM files"))
        chunks = {
            row: (paths[file_id], *rest)
            for row, file_id, *rest in execute(
                "SELECT id, file_id, uid, stamp, line_start, line_end, tokens, type, symbol,"
                " signature FROM chunks"
            )
        }
        text = FullText(connection)
        terms = [term for (term,) in execute("SELECT DISTINCT term FROM postings")]
        postings: dict[str, Counter[Any]] = defaultdict(Counter)
        documents: Counter[Any] = Counter()
        norms = text.norms()
        for segment in text.segments:
            for place, chunk in enumerate(segment.chunk_ids):
                if place not in segment.dead:
                    row = (
                        segment.lengths[place],
                        round(norms[segment.base + place], 3),
                        paths[segment.file_ids[place]],
                    )
                    documents[(chunks[chunk], row)] += 1
        for term in terms:
            for match in text.matches(term):
                for place, byte in zip(match.places, match.packed, strict=True):
                    postings[term][(chunks[match.segment.chunk_ids[place]], byte)] += 1
        stems: dict[str, list[str]] = {}
        for term in terms:
            if term[0] not in "=>" and postings[term]:
                stems[term] = [
                    part
                    for part in [term, *text.parts_with_stems([term]).get(term, ())]
                    if postings.get(part)
                ]
        bloom = filter_of(store)
        hashes = [digest for (digest,) in execute("SELECT hash FROM contents")]
        return {
            "files": sorted(
                execute(
                    "SELECT path, size, xxh3, sha256, language, lines, note, recipe, stem, folder FROM files"
                )
            ),
            "chunks": Counter(chunks.values()),
            "contents": sorted(
                (digest, inflate(body)) for digest, body in execute("SELECT hash, body FROM contents")
            ),
            "links": Counter(
                (chunks[row], digest)
                for row, digest in execute(
                    "SELECT chunks.id, hash FROM chunks JOIN contents ON contents.id = content_id"
                )
            ),
            "symbols": Counter((chunks[row], *rest) for row, *rest in execute("SELECT * FROM symbols")),
            "imports": Counter((paths[row[0]], *row[1:]) for row in execute("SELECT * FROM imports")),
            "import_keys": sorted(
                (key, paths[file_id]) for key, file_id in execute("SELECT * FROM import_keys")
            ),
            "path_terms": sorted(
                (term, paths[f], place) for term, f, place in execute("SELECT * FROM path_terms")
            ),
            "edges": sorted(
                (paths[a], paths[b], kind, n) for a, b, kind, n in execute("SELECT * FROM edges")
            ),
            "documents": documents,
            "postings": {term: found for term, found in postings.items() if found},
            "stems": stems,
            "count": (text.documents, round(text.mean_length, 6)),
            "bloom": all(digest in bloom for digest in hashes),
        }


def assert_fresh(root: Path, tmp: Path, config: Any = None) -> None:
    """The index of ``root`` equals one built from nothing at ``tmp``, from a copy of the files."""
    import shutil

    from mnemo.retrieval.engine import RetrievalEngine

    shutil.rmtree(tmp, ignore_errors=True)
    shutil.copytree(
        root, tmp, symlinks=True, ignore=lambda folder, _: [".mnemosyne"] if Path(folder) == root else []
    )
    settings = root / ".mnemosyne" / "config.toml"
    if settings.exists():
        (tmp / ".mnemosyne").mkdir()
        shutil.copy(settings, tmp / ".mnemosyne" / "config.toml")
    with RetrievalEngine.open(tmp, config) as engine:
        engine.ingest()
    mine, fresh = (
        index_state(root / ".mnemosyne" / "mnemosyne.db"),
        index_state(tmp / ".mnemosyne" / "mnemosyne.db"),
    )
    assert mine.keys() == fresh.keys()
    for key, value in mine.items():
        assert value == fresh[key], key
