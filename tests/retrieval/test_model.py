"""Whatever happens to a project between ingests, its index equals one built from nothing."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from indexstate import assert_fresh
from mnemo.retrieval import graph, segments
from mnemo.retrieval.engine import RetrievalEngine

FOLDERS = ("", "pkg/", "pkg/sub/", "lib/")
STEMS = ("alpha", "beta", "gamma", "__init__", "delta_view")
ENDINGS = (".py", ".js", ".md", ".go", ".txt")
PIECES = (
    "import os\nfrom pkg.alpha import AlphaThing\nfrom . import beta\n",
    "class AlphaThing:\n    '''Holds userNames.'''\n\n    size = 3\n\n    def run(self,"
    " other):\n        return other.go()\n",
    "def make_alpha(name):\n    # TODO: naming\n    return AlphaThing(name)\n",
    "def go_home(path):\n    thing = make_alpha(path)\n    return thing.run(path)\n",
    "LIMIT = 10\n",
    "import { make } from './alpha'\nexport function use() { return make(1) }\n",
    "# Title\n\nSome words about AlphaThing and getUserById.\n\n## More\n\nText.\n",
    'package pkg\n\nimport "example.com/x/pkg/sub"\n\nfunc Do() int { return sub.Other() }\n',
    "func Other() int { return 1 }\n",
    "x" * 1500 + "\n",
    "naïve Straße 日本語テスト\r\n",
    "\n\n   \n",
    "",
)
paths = st.builds("{}{}{}".format, st.sampled_from(FOLDERS), st.sampled_from(STEMS), st.sampled_from(ENDINGS))
texts = st.lists(st.sampled_from(PIECES), max_size=5).map("\n".join)


class IndexMachine(RuleBasedStateMachine):
    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="mnemo-model-"))
        self.root = self.folder / "project"
        self.root.mkdir()
        self.engine = RetrievalEngine.open(self.root)
        self.dirty: set[str] | None = set()
        self.engine.ingest()

    def files(self) -> list[str]:
        found = (item for item in self.root.rglob("*") if item.is_file() and ".mnemosyne" not in item.parts)
        return sorted(item.relative_to(self.root).as_posix() for item in found if item.name != ".gitignore")

    def write(self, path: str, text: str) -> None:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, newline="")

    @rule(path=paths, text=texts)
    def put(self, path: str, text: str) -> None:
        self.write(path, text)

    @precondition(lambda self: self.files())
    @rule(data=st.data(), text=st.sampled_from(PIECES), front=st.booleans())
    def edit(self, data: st.DataObject, text: str, front: bool) -> None:
        path = data.draw(st.sampled_from(self.files()))
        old = (self.root / path).read_bytes().decode()
        self.write(path, text + old if front else old + text)

    @precondition(lambda self: self.files())
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        (self.root / data.draw(st.sampled_from(self.files()))).unlink()

    @precondition(lambda self: self.files())
    @rule(data=st.data(), new=paths)
    def rename(self, data: st.DataObject, new: str) -> None:
        source = data.draw(st.sampled_from(self.files()))
        (self.root / new).parent.mkdir(parents=True, exist_ok=True)
        (self.root / source).replace(self.root / new)

    @precondition(lambda self: self.files())
    @rule(data=st.data(), new=paths)
    def duplicate(self, data: st.DataObject, new: str) -> None:
        source = data.draw(st.sampled_from(self.files()))
        if source != new:
            (self.root / new).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(self.root / source, self.root / new)

    @precondition(lambda self: self.files())
    @rule(data=st.data(), seconds=st.integers(0, 2_000_000_000))
    def touch(self, data: st.DataObject, seconds: int) -> None:
        os.utime(self.root / data.draw(st.sampled_from(self.files())), (seconds, seconds))

    @rule(line=st.sampled_from(["", "beta*\n", "/pkg/\n", "*.py\n!alpha.py\n", "sub\n"]))
    def ignore(self, line: str) -> None:
        (self.root / ".gitignore").write_text(line)

    @rule()
    def folder_goes(self) -> None:
        shutil.rmtree(self.root / "pkg", ignore_errors=True)

    @rule(full=st.booleans())
    def ingest(self, full: bool) -> None:
        self.engine.ingest(full=full)

    @invariant()
    def equals_a_fresh_one(self) -> None:
        if hasattr(self, "engine"):
            self.engine.ingest()
            assert_fresh(self.root, self.folder / "fresh")

    def teardown(self) -> None:
        if hasattr(self, "engine"):
            self.engine.close()
            shutil.rmtree(self.folder)


class SmallSegments(IndexMachine):
    """The same with merges all the time, and edges made anew whenever three files change at once."""

    @initialize()
    def begin(self) -> None:
        self.before = (segments.FAN_OUT, graph.BULK)
        segments.FAN_OUT, graph.BULK = 2, 2
        super().begin()

    def teardown(self) -> None:
        super().teardown()
        if hasattr(self, "before"):
            segments.FAN_OUT, graph.BULK = self.before


QUIET = settings(max_examples=5, stateful_step_count=12)
TestIndex = IndexMachine.TestCase
TestIndex.settings = QUIET
TestSmallSegments = SmallSegments.TestCase
TestSmallSegments.settings = QUIET
