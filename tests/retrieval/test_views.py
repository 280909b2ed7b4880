"""Statistics, outline, delta, gc and the audit log, right by hand count; and the verbs that print them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from mnemo.retrieval import audit
from mnemo.retrieval.engine import RetrievalEngine
from mnemo.retrieval.errors import NoIndexError
from mnemo.retrieval.views import file_text

MODULE = '''"""About things."""

import os


class Thing:
    """A thing with a name."""

    size = 3
    colour = "a longer field so that this stands alone"

    def name(self, prefix):
        """Say the name of this thing, with a prefix before it."""
        joined = prefix + os.sep + self.colour
        return joined


def make_thing(first, second):
    """Make one from two values that are given."""
    thing = Thing()
    thing.size = first * second
    return thing
'''
NOTES = "# Notes\n\nWords about the thing and its name.\n"


@pytest.fixture
def engine(tmp_path: Path) -> RetrievalEngine:
    root = tmp_path / "project"
    (root / "pkg").mkdir(parents=True)
    (root / "pkg/thing.py").write_text(MODULE)
    (root / "pkg/copy.py").write_text(MODULE)
    (root / "notes.md").write_text(NOTES)
    (root / "nul.py").write_bytes(b"\0")
    engine = RetrievalEngine.open(root)
    engine.ingest()
    return engine


def test_stats(engine: RetrievalEngine) -> None:
    stats = engine.stats()
    root = engine.project.root
    assert stats.project_root == str(root)
    assert (stats.files, stats.lines, stats.bytes) == (3, 22 + 22 + 3, 2 * len(MODULE) + len(NOTES))
    assert stats.languages == {"python": 2, "markdown": 1}
    assert stats.left_out == {"binary": 1}
    assert sum(stats.chunk_types.values()) == stats.chunks
    python = (stats.chunks - 1) // 2
    assert (stats.chunks, stats.contents) == (2 * python + 1, python + 1)
    assert stats.chunk_types["function"] == stats.chunk_types["class"] == stats.chunk_types["method"] == 2
    assert stats.tokens == sum(
        tokens for (tokens,) in engine.store.connection.execute("SELECT tokens FROM chunks")
    )
    assert stats.tokens_per_chunk == stats.tokens / stats.chunks
    assert stats.index_bytes == sum(file.stat().st_size for file in engine.project.index_dir.iterdir())


def test_stats_count_what_queries_put_down(engine: RetrievalEngine) -> None:
    assert set(engine.stats().usage.values()) == {0}
    answer = engine.query("thing", session="one")
    engine.query("notes", session="two", learn=False)
    engine.feedback(answer[0].chunk.id, "used")
    usage = engine.stats().usage
    assert usage["events"] == len(answer) + 1
    assert (usage["queries"], usage["sessions"], usage["acts"], usage["patterns"]) == (1, 1, 1, 1)


def test_outline(engine: RetrievalEngine) -> None:
    entries = engine.outline(engine.project.root / "pkg/thing.py")
    assert (entries[0].type, entries[0].symbol, entries[0].line_end) == ("class", "Thing", 11)
    assert [(e.line_start, e.line_end, e.type, e.symbol) for e in entries[1:]] == [
        (12, 17, "method", "Thing.name"),
        (18, 22, "function", "make_thing"),
    ]
    assert entries[1].signature == "def name(self, prefix)"
    with pytest.raises(NoIndexError, match=r"nul\.py is not in the index: binary"):
        engine.outline(engine.project.root / "nul.py")


def test_a_file_comes_back_from_its_chunks(engine: RetrievalEngine) -> None:
    known = engine.store.known_files()
    for path, text in {"pkg/thing.py": MODULE, "notes.md": NOTES}.items():
        assert file_text(engine.store.connection, known[path].id) == text.rstrip("\n")
    long = "x = '" + "word " * 700 + "'\ny = 1\n"
    (engine.project.root / "long.py").write_text(long)
    engine.ingest()
    assert file_text(engine.store.connection, engine.store.known_files()["long.py"].id) == long.rstrip("\n")


def test_delta(engine: RetrievalEngine) -> None:
    root = engine.project.root
    assert engine.delta() == []
    os.utime(root / "notes.md", (1, 1))
    assert engine.delta() == []
    (root / "pkg/new.py").write_text("a = 1\nb = 2\n")
    (root / "pkg/copy.py").unlink()
    changed = MODULE.replace("    thing = Thing()\n", "").replace("size = 3", "size = 4\n    weight = 5")
    (root / "pkg/thing.py").write_text(changed)
    found = engine.delta()
    assert [(item.path, item.status, item.added_lines, item.removed_lines) for item in found] == [
        ("pkg/copy.py", "deleted", 0, 22),
        ("pkg/new.py", "added", 2, 0),
        ("pkg/thing.py", "modified", 2, 2),
    ]
    hunks = found[2].hunks
    assert [[chunk.symbol for chunk in chunks] for _, chunks in hunks] == [["Thing"], ["make_thing"]]
    assert "-    size = 3\n+    size = 4\n+    weight = 5" in found[2].diff
    assert [item.path for item in engine.delta([root / "pkg/new.py"])] == ["pkg/new.py"]
    assert [item.path for item in engine.delta([root / "pkg/copy.py"])] == ["pkg/copy.py"]
    assert len(engine.delta([root / "pkg"])) == 3
    with pytest.raises(NoIndexError, match=r"pkg/nowhere\.py is not in the index, and not there"):
        engine.delta([root / "pkg/thing.py", root / "pkg/nowhere.py"])
    engine.ingest()
    assert engine.delta() == []


def test_gc(engine: RetrievalEngine) -> None:
    root = engine.project.root
    chunks = engine.stats().chunks
    (root / "notes.md").write_text("# Other\n\nQuite different words stand here.\n")
    engine.ingest()
    (root / "pkg/copy.py").unlink()
    gone = (chunks - 1) // 2
    foreseen = engine.gc(dry_run=True)
    assert (foreseen.missing_files, foreseen.chunks, foreseen.dead_chunks, foreseen.bloom_stale) == (
        1,
        gone,
        1,
        1,
    )
    assert engine.stats().files == 3
    done = engine.gc()
    assert (done.missing_files, done.chunks, done.orphan_chunks, done.orphan_contents) == (1, gone, 0, 0)
    assert done.dead_chunks == 1 + gone
    again = engine.gc(dry_run=True)
    assert (again.missing_files, again.chunks, again.dead_chunks, again.bloom_stale) == (0, 0, 0, 0)
    assert engine.stats().files == 2
    assert engine.stats().chunks == chunks - gone
    assert engine.store.connection.execute("SELECT sum(gone) FROM segments").fetchone() == (0,)
    assert audit.read_last(engine.project.index_dir / "audit.log", 1)[0]["op"] == "gc_complete"


def test_audit_of_many_writers(tmp_path: Path) -> None:
    log = tmp_path / "audit.log"
    code = "import sys; from pathlib import Path; from mnemo.retrieval import audit\n"
    code += (
        "for n in range(200): audit.log(Path(sys.argv[1]), 'op', writer=sys.argv[2], n=n, text='é\\n' * 50)\n"
    )
    writers = [subprocess.Popen([sys.executable, "-c", code, str(log), str(each)]) for each in range(3)]
    assert [writer.wait(timeout=60) for writer in writers] == [0, 0, 0]
    entries = audit.read_last(log, 0)
    assert len(entries) == len(log.read_bytes().splitlines()) == 600
    for each in range(3):
        assert [entry["n"] for entry in entries if entry["writer"] == str(each)] == list(range(200))
    with log.open("a") as file:
        file.write("torn {\n")
    assert [entry["n"] for entry in audit.read_last(log, 5)] == [e["n"] for e in entries[-5:]]
    assert audit.read_last(tmp_path / "none", 5) == []


def mnemo(folder: Path, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", "-m", "mnemo", *arguments],
        cwd=folder,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_verbs(engine: RetrievalEngine, tmp_path: Path) -> None:
    root = engine.project.root
    engine.close()
    inner = root / "pkg"
    said = mnemo(inner, "stats", "--detailed")
    assert said.returncode == 0, said.stderr
    assert "Files indexed: 3\n" in said.stdout
    assert "  python   : 2 files\n" in said.stdout
    assert json.loads(mnemo(inner, "stats", "--json").stdout)["languages"] == {"python": 2, "markdown": 1}
    assert "method def name(self, prefix)" in mnemo(inner, "outline", "thing.py").stdout
    (root / "pkg/thing.py").write_text(MODULE + "\n\nX = 1\n")
    assert "  pkg/thing.py  +3 -0\n" in mnemo(inner, "delta").stdout
    (item,) = json.loads(mnemo(root, "delta", "--diff", "--json").stdout)
    assert item["hunks"][0]["chunks"][0]["symbol"] == "make_thing"
    assert "Files to index: 1\n" in mnemo(root, "ingest", "--dry-run").stdout
    assert "Files scanned: 0\n" in mnemo(root, "ingest", "--stdin").stdout
    assert "Files indexed: 1\n" in mnemo(root, "ingest", "--stdin", stdin="pkg/thing.py\n").stdout
    assert mnemo(root, "delta").stdout == "No changes since the last ingest.\n"
    assert mnemo(root, "delta", "--fail-empty").returncode == 3
    assert len(mnemo(root, "audit", "--last", "2").stdout.splitlines()) == 2
    assert "Would remove missing files: 0\n" in mnemo(root, "gc", "--dry-run").stdout
    assert mnemo(root, "gc").returncode == 0
    refused = mnemo(root, "ingest", str(tmp_path / "other.py"))
    assert (refused.returncode, len(refused.stderr.splitlines())) == (2, 1)
    unknown = mnemo(root, "ingest", "nope.py")
    told = "mnemo: nope.py is not in the index, and not there\n"
    assert (unknown.returncode, unknown.stdout, unknown.stderr) == (1, "", told)
    among = mnemo(root, "ingest", "nope.py", "pkg/thing.py")
    assert (among.returncode, among.stderr) == (1, told)
    assert "Files unchanged: 1\n" in among.stdout
    assert mnemo(root, "ingest", "--stdin", stdin="nope.py\n").returncode == 0, "it came and went"
    assert mnemo(root, "init").stdout.startswith("Already initialized")
    outside = mnemo(tmp_path, "stats")
    assert (outside.returncode, outside.stdout) == (1, "")
    assert "mnemo init" in outside.stderr


@pytest.mark.parametrize("everywhere", [False, True])
def test_watching(engine: RetrievalEngine, monkeypatch: pytest.MonkeyPatch, everywhere: bool) -> None:
    """Saves, new folders, renames, deletions and new rules are followed; a storm is one update: by the
    system's own events, and by those that serve ``everywhere``.
    """
    from mnemo.retrieval import watch
    from mnemo.retrieval.ingest import IngestReport
    from mnemo.retrieval.observed import Observed
    from mnemo.retrieval.watch import Watcher

    if everywhere:
        monkeypatch.setattr(watch, "listen", Observed)

    root = engine.project.root
    state = threading.Condition()
    reports: list[IngestReport] = []
    notices: list[str] = []

    def told(kept: list[object]) -> object:
        def tell(item: object) -> None:
            with state:
                kept.append(item)
                state.notify()

        return tell

    watcher = Watcher(engine.project, on_report=told(reports), on_notice=told(notices))  # type: ignore[arg-type]
    thread = threading.Thread(target=watcher.run)
    thread.start()

    def wait(condition: object) -> None:
        with state:
            assert state.wait_for(condition, 30), (reports, notices)  # type: ignore[arg-type]

    def indexed() -> set[str]:
        return {path for path, file in engine.store.known_files().items() if file.sha256}

    try:
        wait(lambda: any("watching" in notice for notice in notices))
        (root / "notes.md").write_text("# Fresh\n")
        wait(lambda: any(report.changed == ["notes.md"] for report in reports))
        (root / "deep/er").mkdir(parents=True)
        (root / "deep/er/new.py").write_text("x = 1\n")
        wait(lambda: any("deep/er/new.py" in report.changed for report in reports))
        (root / "deep").rename(root / "moved")
        wait(lambda: any("deep/er/new.py" in report.removed for report in reports))
        wait(lambda: any("moved/er/new.py" in report.changed for report in reports))
        before = len(reports)
        for number in range(200):
            (root / f"pkg/storm{number}.py").write_text(f"x = {number}\n")
        wait(lambda: sum(len(report.changed) for report in reports[before:]) >= 200)
        assert len(reports) - before < 20
        (root / ".gitignore").write_text("pkg/\n")
        wait(lambda: any("pkg/thing.py" in report.removed for report in reports))
        assert indexed() == {"notes.md", "moved/er/new.py"}
    finally:
        watcher.stop()
        thread.join(30)
    assert not thread.is_alive()


def test_reading_loads_nothing_heavy(engine: RetrievalEngine) -> None:
    """A query on a cold index pays for SQLite alone: no grammar, no array library, no file watching."""
    code = (
        "import sys\n"
        "from mnemo.retrieval.engine import RetrievalEngine\n"
        "from mnemo.retrieval.fulltext import FullText\n"
        "store = RetrievalEngine.open(sys.argv[1]).store\n"
        "with store.reading() as connection:\n"
        "    assert FullText(connection).matches('thing')\n"
        "print(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", code, str(engine.project.root)],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    heavy = {"tree_sitter", "numpy", "tantivy", "pathspec", "tomlkit", "watchdog", "msgspec", "textual"}
    assert not heavy & set(done.stdout.split())


def test_a_project_of_endings_that_are_not_read_is_told_of(tmp_path: Path) -> None:
    (tmp_path / "a.cob").write_text("DISPLAY 'x'.\n")
    (tmp_path / "b.cob").write_text("DISPLAY 'y'.\n")
    assert mnemo(tmp_path, "init").returncode == 0
    done = mnemo(tmp_path, "ingest")
    assert done.returncode == 0
    assert done.stderr == "mnemo: none of 2 files here has an ending of general.supported_extensions\n"
    (tmp_path / "c.dart").write_text("int total(List<int> of) {\n  return 1;\n}\n")
    assert mnemo(tmp_path, "ingest").stderr == ""
    assert "1-3  function int total(List<int> of)" in mnemo(tmp_path, "outline", "c.dart").stdout
