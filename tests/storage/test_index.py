"""The index, its tail and its snapshots against a list of memories that is searched one by one."""

from __future__ import annotations

import calendar
import os
import shutil
import struct
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import combinations_with_replacement
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from mnemo.storage import Memory, MemoryDB, NoSuchMemoryError, canonical_feeling
from mnemo.storage.codec import encode
from mnemo.storage.feelings import fold
from mnemo.storage.frames import MAGIC, frame
from mnemo.storage.memory import new_record

CONCEPTS = ["mare", "Mare", "MARÈ", "città", "Work/Projects", "日記", "a b", "x"]
FEELINGS = ["joy", "sadness", "nostalgia", "serenity", "curiosity"]
FOREIGN_FEELINGS = ["gioia", "serenità", "speranza", "unheard of"]
TAGS = ["t1", "t2", "T1", "estate", "é"]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# Few moments, so that many are equal; some of leap days, some in another year.
times = st.one_of(
    st.integers(0, 3).map(lambda day: datetime(2024, 2, 27, 12, tzinfo=UTC) + timedelta(days=day)),
    st.integers(1999, 2025).map(lambda year: datetime(year, 2, 28, 8, 30, tzinfo=UTC)),
    st.integers(-10_000_000, 10_000_000).map(lambda us: EPOCH + timedelta(microseconds=us)),
)
records = st.fixed_dictionaries(
    {
        "concept": st.sampled_from(CONCEPTS),
        "feeling": st.sampled_from(FEELINGS),
        "content": st.text("abc é", min_size=1, max_size=5),
        "tags": st.lists(st.sampled_from(TAGS), max_size=3),
        "at": times,
    }
)


def one_or_more(values: list[str]) -> st.SearchStrategy[Any]:
    return st.none() | st.sampled_from(values) | st.lists(st.sampled_from(values), max_size=3)


filters = st.fixed_dictionaries(
    {
        "concept": one_or_more([*CONCEPTS, "mare ", "CITTA", "none such"]),
        "feelings": one_or_more([*FEELINGS, "gioia", "Serenita", "speranza", "hope"]),
        "tags": one_or_more([*TAGS, "ESTATE", "none such"]),
        "since": st.none() | times,
        "until": st.none() | times,
    }
)


class Model:
    """Memories in the order of the log, and every question answered the slow way."""

    def __init__(self) -> None:
        self.memories: list[Memory] = []

    def meant(self, wanted: Sequence[str] | None, stored: Iterator[str]) -> set[str] | None:
        if wanted is None:
            return None
        known = set(stored)
        found: set[str] = set()
        for name in (wanted,) if isinstance(wanted, str) else wanted:
            found |= (
                {name} if name in known else {other for other in known if fold(other) == fold(name.strip())}
            )
        return found

    def find(self, concept: Any, feelings: Any, tags: Any, since: Any, until: Any) -> list[Memory]:
        """What is selected, oldest first, of equal times in the order of the log."""
        concepts = self.meant(concept, (memory.concept for memory in self.memories))
        labels = self.meant(tags, (tag for memory in self.memories for tag in memory.tags))
        shown = None
        if feelings is not None:
            names = {"gioia": "joy", "Serenita": "serenity", "speranza": "hope"}
            shown = {
                names.get(name, name) for name in ((feelings,) if isinstance(feelings, str) else feelings)
            }
        found = [
            memory
            for memory in self.memories
            if (concepts is None or memory.concept in concepts)
            and (shown is None or memory.feeling in shown)
            and (labels is None or labels & set(memory.tags))
            and (since is None or since <= memory.time)
            and (until is None or memory.time <= until)
        ]
        return sorted(found, key=lambda memory: memory.time)

    def on_this_day(self, day: date) -> list[Memory]:
        found = []
        for memory in self.find(None, None, None, None, None):
            local = memory.time.astimezone().date()
            same = (local.month, local.day) == (day.month, day.day)
            leap = (
                (local.month, local.day) == (2, 29)
                and (day.month, day.day) == (2, 28)
                and not calendar.isleap(day.year)
            )
            if local.year < day.year and (same or leap):
                found.append(memory)
        return found[::-1]


def us(memory: Memory) -> int:
    return (memory.time - EPOCH) // timedelta(microseconds=1)


def agree(db: MemoryDB, model: Model, wanted: dict[str, Any]) -> None:
    """Every reading call gives what the model gives."""
    found = model.find(**wanted)
    assert db.recall(**wanted, oldest_first=True) == found
    assert db.recall(**wanted) == found[::-1]
    assert db.recall(**wanted, limit=2) == found[::-1][:2]
    times_found, refs = db.listing(**wanted)
    assert list(times_found) == [us(memory) for memory in reversed(found)]
    assert db.read_many(refs) == found[::-1]
    assert db.read_many(db.listing(**wanted, limit=2, oldest_first=True).refs) == found[:2]


def every_filter(memories: list[Memory]) -> Iterator[dict[str, Any]]:
    """Each kind alone and in pairs, with bounds of time that some memories lie on."""
    moments = [memory.time for memory in memories[:3]] or [EPOCH]
    kinds: list[tuple[str, list[Any]]] = [
        ("concept", ["mare", ["città", "x"]]),
        ("feelings", ["joy", ["gioia", "speranza", "serenity"]]),
        ("tags", ["t1", ["t2", "estate"]]),
        ("since", moments),
        ("until", moments),
    ]
    nothing = dict.fromkeys(("concept", "feelings", "tags", "since", "until"))
    for (first, values), (second, others) in combinations_with_replacement(kinds, 2):
        for value in values:
            for other in others:
                yield nothing | {second: other} | {first: value}


def agree_on_the_whole(db: MemoryDB, model: Model) -> None:
    memories = model.memories
    assert db.count() == len(memories)
    assert db.concepts() == dict(Counter(memory.concept for memory in memories))
    assert db.tags() == dict(Counter(tag for memory in memories for tag in set(memory.tags)))
    counted = db.feeling_distribution()
    assert counted == dict(Counter(str(memory.feeling) for memory in memories))
    assert list(counted.values()) == sorted(counted.values(), reverse=True)
    assert [str(feeling) for feeling in db.feelings()] == list(counted)
    for concept in CONCEPTS:
        of_concept = model.find(concept, None, None, None, None)
        points = db.concept_timeline(concept)
        assert [(point.us, point.feeling) for point in points] == [
            (us(memory), memory.feeling) for memory in of_concept
        ]
        assert [point.time for point in points] == [memory.time for memory in of_concept]
        assert db.read_many(point.ref for point in points) == of_concept
        assert db.count(concept) == len(of_concept)
        of_feelings = Counter(str(memory.feeling) for memory in of_concept)
        assert db.feeling_distribution(concept) == of_feelings
        assert db.count(concept, "joy") == sum(memory.feeling == "joy" for memory in of_concept)
    for day in (date(2026, 2, 28), date(2025, 3, 1), date(2024, 2, 29), date(2024, 2, 28)):
        assert db.on_this_day(day) == model.on_this_day(day)
    for memory in memories[:5]:
        assert db.get(memory.memory_id) == memory
        assert db.resolve_id(memory.memory_id[:13]) == memory.memory_id
        layers = [layer for layer in memories if layer.revisits == memory.memory_id]
        assert db.revisited_by(memory.memory_id) == sorted(layers, key=lambda layer: layer.time)
    assert db.problems() == ()


def fold_now(db: MemoryDB) -> None:
    """Write the snapshot that a large tail would be worth."""
    indexed = db._indexed
    with indexed._lock:
        indexed.current()
        indexed._fold_if(1)


class IndexMachine(RuleBasedStateMachine):
    """Two openings of one journal, written through both and behind both, folded, reopened and cut back."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="mnemo-index-"))
        self.path = self.folder / "journal.mnheme"
        self.model = Model()
        self.ends: list[int] = []

    @initialize()
    def open(self) -> None:
        self.dbs = [self.opened(), self.opened()]

    def opened(self) -> MemoryDB:
        return MemoryDB(self.path, fsync_policy="never")

    def noted(self, memories: Sequence[Memory]) -> None:
        self.model.memories += memories
        self.ends += [0] * (len(memories) - 1) + [self.path.stat().st_size] if memories else []

    @rule(which=st.integers(0, 1), record=records)
    def remember(self, which: int, record: dict[str, Any]) -> None:
        fields = dict(record)
        self.noted([self.dbs[which].remember(fields.pop("concept"), fields.pop("feeling"), **fields)])

    @rule(which=st.integers(0, 1), batch=st.lists(records, max_size=8))
    def remember_many(self, which: int, batch: list[dict[str, Any]]) -> None:
        self.noted(list(self.dbs[which].remember_many(batch)))

    @precondition(lambda self: self.model.memories)
    @rule(which=st.integers(0, 1), at=st.integers(0, 1000), when=times)
    def revisit(self, which: int, at: int, when: datetime) -> None:
        older = self.model.memories[at % len(self.model.memories)]
        layer = self.dbs[which].remember("x", "joy", "again", revisits=older.memory_id, at=when)
        self.noted([layer])

    @rule(record=records, token=st.sampled_from(FOREIGN_FEELINGS))
    def append_behind(self, record: dict[str, Any], token: str) -> None:
        made = new_record(**record).record() | {"feeling": token}
        memory = Memory(
            **{key: made[key] for key in made if key not in ("tags", "feeling", "utc_offset")},
            tags=tuple(made["tags"]),
            feeling=canonical_feeling(token),
            feeling_token=token,
        )
        with self.path.open("ab") as raw:
            raw.write(frame(encode(memory)))
        self.noted([memory])

    @rule(which=st.integers(0, 1))
    def fold(self, which: int) -> None:
        db = self.dbs[which]
        fold_now(db)

    @rule(which=st.integers(0, 1), fresh=st.booleans())
    def reopen(self, which: int, fresh: bool) -> None:
        self.dbs[which].close()
        if fresh:
            shutil.rmtree(self.folder / "journal.mnemo", ignore_errors=True)
        self.dbs[which] = self.opened()

    @precondition(lambda self: self.ends and any(self.ends))
    @rule(back=st.integers(0, 4))
    def cut_back(self, back: int) -> None:
        whole = [number for number, end in enumerate(self.ends) if end]
        kept = whole[max(0, len(whole) - 1 - back)]
        with self.path.open("r+b") as raw:
            raw.truncate(self.ends[kept])
        os.utime(self.path, ns=(0, len(self.model.memories)))
        del self.model.memories[kept + 1 :], self.ends[kept + 1 :]

    @rule(which=st.integers(0, 1), wanted=filters)
    def ask(self, which: int, wanted: dict[str, Any]) -> None:
        agree(self.dbs[which], self.model, wanted)

    @invariant()
    def counts(self) -> None:
        if hasattr(self, "dbs"):
            assert self.dbs[0].count() == self.dbs[1].count() == len(self.model.memories)

    def teardown(self) -> None:
        try:
            for db in getattr(self, "dbs", []):
                for _ in range(2):
                    agree_on_the_whole(db, self.model)
                    for wanted in every_filter(self.model.memories):
                        agree(db, self.model, wanted)
                    fold_now(db)
                db.close()
        finally:
            shutil.rmtree(self.folder)


TestIndex = IndexMachine.TestCase
TestIndex.settings = settings(max_examples=40, stateful_step_count=25)


# -- snapshots ------------------------------------------------------------------------------------


def filled(path: Path, count: int = 2500) -> list[Memory]:
    """A journal that is large enough to leave a snapshot on closing, in no order of time."""
    with MemoryDB(path, fsync_policy="never") as db:
        made = db.remember_many(
            {
                "concept": f"concept {number % 7}",
                "feeling": FEELINGS[number % 5],
                "content": f"memory {number}",
                "tags": [f"t{number % 3}"],
                "at": datetime(2000, 1, 1, tzinfo=UTC) + timedelta(hours=number * 7919 % 10007),
            }
            for number in range(count)
        )
        return list(made)


@pytest.fixture(scope="module")
def snapshotted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Memory]]:
    path = tmp_path_factory.mktemp("snapshotted") / "a.mnheme"
    memories = filled(path)
    assert len(list(path.with_name("a.mnemo").glob("*.snap"))) == 1
    return path, memories


@pytest.fixture
def copied(tmp_path: Path, snapshotted: tuple[Path, list[Memory]]) -> tuple[Path, list[Memory]]:
    path, memories = snapshotted
    shutil.copytree(path.parent, tmp_path / "copy")
    return tmp_path / "copy" / path.name, memories


def snapshots(path: Path) -> list[Path]:
    return sorted(path.with_name(f"{path.stem}.mnemo").glob("*.snap"))


def answers(db: MemoryDB, memories: list[Memory]) -> None:
    """A few hundred reads, all right."""
    ordered = sorted(memories, key=lambda memory: memory.time)
    assert db.recall() == ordered[::-1]
    for number in range(7):
        assert db.recall(f"concept {number}", oldest_first=True) == [
            memory for memory in ordered if memory.concept == f"concept {number}"
        ]
    for name in FEELINGS:
        assert db.count(feeling=name) == sum(memory.feeling == name for memory in memories)
        assert db.recall(feelings=name, tags="t1") == [
            memory for memory in ordered[::-1] if memory.feeling == name and "t1" in memory.tags
        ]
    for memory in memories[::25]:
        assert db.get(memory.memory_id) == memory


def test_a_snapshot_is_used_and_private(copied: tuple[Path, list[Memory]]) -> None:
    path, memories = copied
    with MemoryDB(path) as db:
        assert db._indexed.current().base_count == len(memories)
        assert db._indexed.current().tail_count == 0
        answers(db, memories)
    (snapshot,) = snapshots(path)
    assert snapshot.parent.stat().st_mode & 0o777 == 0o700
    assert snapshot.stat().st_mode & 0o777 == 0o600


def test_a_snapshot_is_extended_by_the_tail_and_not_rewritten_per_write(
    copied: tuple[Path, list[Memory]],
) -> None:
    path, memories = copied
    before = snapshots(path)
    with MemoryDB(path) as db:
        memories = [*memories, *(db.remember("concept 1", "joy", f"later {number}") for number in range(20))]
        answers(db, memories)
    assert snapshots(path) == before
    with MemoryDB(path) as db:
        answers(db, memories)


def test_a_snapshot_of_another_log_is_ignored(copied: tuple[Path, list[Memory]], tmp_path: Path) -> None:
    path, _ = copied
    other = tmp_path / "other" / "a.mnheme"
    others = filled(other, 2600)
    shutil.rmtree(other.with_name("a.mnemo"))
    shutil.copytree(path.with_name("a.mnemo"), other.with_name("a.mnemo"))
    with MemoryDB(other) as db:
        answers(db, others)


def test_a_log_cut_below_its_snapshot_is_read_again(copied: tuple[Path, list[Memory]]) -> None:
    path, memories = copied
    with MemoryDB(path) as db:
        ref = db.listing().refs[0]
        end = max(db.listing().refs)
        assert db.read(ref)
    with path.open("r+b") as raw:
        raw.truncate(end)
    with MemoryDB(path) as db:
        answers(db, memories[:-1])


def test_a_folder_that_cannot_be_written_costs_nothing_but_time(tmp_path: Path) -> None:
    path = tmp_path / "a.mnheme"
    path.with_name("a.mnemo").write_text("a file in the folder's place")
    memories = filled(path)
    with MemoryDB(path) as db:
        answers(db, memories)


def sections(data: bytes) -> dict[str, tuple[int, int]]:
    import json

    _, length, _ = struct.unpack_from("<8sII", data)
    found = json.loads(data[16 : 16 + length])["sections"]
    return {name: (start, size) for name, (start, size) in found.items()}


@given(st.integers(0, (1 << 30) - 1), st.integers(1, 255))
@settings(max_examples=25)
def test_a_flipped_byte_anywhere_gives_no_wrong_memory(
    snapshotted: tuple[Path, list[Memory]], at: int, flip: int
) -> None:
    path, memories = snapshotted
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(path.parent, folder, dirs_exist_ok=True)
        copy = Path(folder) / path.name
        (snapshot,) = snapshots(copy)
        data = bytearray(snapshot.read_bytes())
        data[at % len(data)] ^= flip
        snapshot.write_bytes(bytes(data))
        with MemoryDB(copy) as db:
            # Whatever is read is right at once ...
            for number in range(7):
                for memory in db.recall(f"concept {number}"):
                    assert memory.concept == f"concept {number}"
            for memory in memories[::100]:
                assert db.get(memory.memory_id) == memory
            # ... and once it was verified nothing is missing either.
            assert db.verify().sound
            answers(db, memories)


COLUMNS = ("time", "offset", "concept", "feeling", "id_key", "id_rank")
POSTINGS = ("concept_start", "concept_rank", "feeling_start", "feeling_rank", "tag_start", "tag_rank")


@pytest.mark.parametrize("name", [*COLUMNS, *POSTINGS])
def test_a_column_of_nonsense_gives_no_wrong_memory(copied: tuple[Path, list[Memory]], name: str) -> None:
    path, memories = copied
    (snapshot,) = snapshots(path)
    data = bytearray(snapshot.read_bytes())
    start, size = sections(bytes(data))[name]
    data[start : start + size] = b"\xfe" * size
    snapshot.write_bytes(bytes(data))
    with MemoryDB(path) as db:
        assert db.get(memories[7].memory_id) == memories[7]
        db.concept_timeline("concept 1")
        db.listing("concept 2", tags="t1")
        db.count("concept 3", "joy")
        assert db.verify().sound
        answers(db, memories)


@pytest.mark.parametrize("kept", [0, 1, 15, 16, 100, 5000, -8, -1])
def test_a_cut_snapshot_is_ignored(copied: tuple[Path, list[Memory]], kept: int) -> None:
    path, memories = copied
    (snapshot,) = snapshots(path)
    snapshot.write_bytes(snapshot.read_bytes()[:kept])
    with MemoryDB(path) as db:
        answers(db, memories)


def test_an_alien_in_the_snapshots_place_is_ignored(copied: tuple[Path, list[Memory]]) -> None:
    path, memories = copied
    folder = path.with_name("a.mnemo")
    (folder / "index-ffffffffffffffff-xx.snap").mkdir()
    (folder / "index-fffffffffffffffe-xx.snap").write_bytes(b"MNEMOIX1" + bytes(100))
    (folder / "index-zz.snap").symlink_to("nowhere")
    with MemoryDB(path) as db:
        answers(db, memories)


def test_a_hundred_thousand_concepts(tmp_path: Path) -> None:
    path = tmp_path / "a.mnheme"
    count = 100_000
    with path.open("wb") as raw:
        for number in range(count):
            raw.write(
                frame(
                    b'{"memory_id":"%d","concept":"c%d","feeling":"f%d","tags":["t%d"],'
                    b'"timestamp":"2020-01-01T00:00:00Z"}' % (number, number, number % 1000, number)
                )
            )
    for _ in range(2):  # indexed, then from the snapshot
        with MemoryDB(path) as db:
            assert db.count() == len(db.concepts()) == len(db.tags()) == count
            assert len(db.feelings()) == 1000
            assert [memory.memory_id for memory in db.recall("C99999")] == ["99999"]
            assert db.get("31415").concept == "c31415"
            assert [memory.memory_id for memory in db.recall(limit=2)] == ["99999", "99998"]


def test_ids_that_occur_twice_are_both_found(tmp_path: Path) -> None:
    path = tmp_path / "a.mnheme"
    with MemoryDB(path) as db:
        first = db.remember("c", "joy", "first")
        db.append_memories([first])
        assert db.count() == 2
        assert [memory.content for memory in db.recall()] == ["first", "first"]
        assert db.get(first.memory_id) == first
        assert db.resolve_id(first.memory_id[:8]) == first.memory_id


def test_foreign_ids_of_any_shape_are_found(tmp_path: Path) -> None:
    path = tmp_path / "a.mnheme"
    ids = [
        "",
        "1",
        "-1234567-1234-4aaa-8aaa-aaaaaaaaaaaa",
        "日記",
        "A" * 36,
        "\x00",
        "0x345678-1234-4aaa-8aaa-aaaaaaaaaaaa",
    ]
    with MemoryDB(path) as db:
        memories = [new_record("c", "joy", f"memory {name}", memory_id=name) for name in ids]
        assert db.append_memories(memories) == len(ids)
    with MemoryDB(path) as db:
        for name in ids:
            assert db.get(name).content == f"memory {name}"
        with pytest.raises(NoSuchMemoryError):
            db.get("none")


def test_prefixes_of_ids(tmp_path: Path) -> None:
    with MemoryDB(tmp_path / "a.mnheme") as db:
        ids = [
            "aaaabbbb-0000-4000-8000-000000000001",
            "aaaabbbb-0000-4000-8000-000000000002",
            "aaaacccc-0000-4000-8000-000000000003",
        ]
        db.append_memories(new_record("c", "joy", name, memory_id=name) for name in ids)
        assert db.resolve_id("aaaac") == ids[2]
        assert db.resolve_id("AAAAC") == ids[2]
        assert db.resolve_id(ids[0]) == ids[0]
        for ambiguous in ("aaaa", "aaaabbbb", "aaaabbbb-0000-4000"):
            with pytest.raises(NoSuchMemoryError, match="give more"):
                db.resolve_id(ambiguous)
        for none in ("aaa", "", "bbbb", "zzzz", "aaaab-"):
            with pytest.raises(NoSuchMemoryError, match="no memory"):
                db.resolve_id(none)


def test_foreign_names_with_blanks_are_found_as_they_stand(tmp_path: Path) -> None:
    path = tmp_path / "a.mnheme"
    with MemoryDB(path) as db:
        db.append_memories([new_record("c", "joy", "x")])
        record = new_record("c", "joy", "y").record() | {"concept": " mare ", "tags": [" t "]}
    import json

    with path.open("ab") as raw:
        raw.write(frame(json.dumps(record).encode()))
    with MemoryDB(path) as db:
        for name in db.concepts():
            assert db.count(name) == len(db.recall(name)) == 1
        assert db.count("MARE") == len(db.recall("mare")) == 1
        assert len(db.recall(tags="t")) == len(db.recall(tags=" t ")) == 1


def test_garbage_in_front_of_everything_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "a.mnheme"
    memory = new_record("c", "joy", "x")
    path.write_bytes(b"garbage" + MAGIC + frame(encode(memory)) + frame(b"[]") + frame(encode(memory)))
    with MemoryDB(path) as db:
        assert db.count() == 2
        assert [(damage.start, damage.end) for damage in db.problems()] == [
            (0, 11),
            (11 + 8 + len(encode(memory)), 11 + 8 + len(encode(memory)) + 10),
        ]
