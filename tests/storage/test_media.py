"""Attachments: what a memory names is kept whole, apart, private, inside the folder, and once."""

from __future__ import annotations

import hashlib
import json
import os
import resource
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mnemo import FsProbe, MemoryDB
from mnemo.storage import AttachmentError, NoSuchMemoryError
from mnemo.storage.filenames import distinct_names, safe_id, safe_name
from mnemo.storage.media import Incoming, Media, media_type_of
from mnemo.storage.memory import Attachment, new_record
from mnemo.storage.pool import Pool


def file(folder: Path, name: str, content: bytes = b"content") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def tree(root: Path) -> list[str]:
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if not path.is_dir())


def pool_files(root: Path) -> list[Path]:
    return [path for path in (root / "pool").glob("*/*") if not path.parent.name.startswith(".")]


@pytest.fixture
def db(tmp_path: Path) -> MemoryDB:
    return MemoryDB(tmp_path / "journal" / "diary.mnheme")


# -- the layout ---------------------------------------------------------------------------------


def test_a_memory_names_its_file_and_the_folder_is_laid_out_as_documented(
    db: MemoryDB, tmp_path: Path
) -> None:
    photo = file(tmp_path, "photo.jpg", b"sea")
    memory = db.remember("holiday", "joy", "the sea", attachments=[photo])
    sha256 = hashlib.sha256(b"sea").hexdigest()
    assert memory.attachments == (Attachment("photo.jpg", sha256, 3, "image"),)
    assert db.get(memory.memory_id).attachments == memory.attachments
    root = db.files_dir
    assert root == tmp_path / "journal" / "diary_files"
    own = f"memories/{memory.memory_id[:8]}/{memory.memory_id}/photo.jpg"
    pooled = f"pool/{sha256[:2]}/{sha256[:16]}_photo.jpg"
    assert {own, pooled, "_index.json"} <= set(tree(root))
    index = json.loads((root / "_index.json").read_text())
    assert index["pool"] == {sha256: pooled}
    [entry] = index["memories"][memory.memory_id]
    assert entry["link_path"] == own
    assert entry["inode"] == (root / own).stat().st_ino
    assert (entry["media_type"], entry["size_bytes"], entry["strategy_used"]) == ("images", 3, "hardlink")
    [found] = db.files_of(memory)
    assert found.path == root / own
    assert found.shared_by == 1


def test_everything_is_private(db: MemoryDB, tmp_path: Path) -> None:
    previous = os.umask(0)
    try:
        db.remember("c", "joy", "x", attachments=[file(tmp_path, "a.txt")])
    finally:
        os.umask(previous)
    for path in [db.files_dir, *db.files_dir.rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_a_memory_never_shares_the_inode_of_the_users_own_file(db: MemoryDB, tmp_path: Path) -> None:
    photo = file(tmp_path, "photo.jpg", b"before")
    memory = db.remember("c", "joy", "x", attachments=[photo])
    assert photo.stat().st_nlink == 1
    photo.write_bytes(b"after!")
    [found] = db.files_of(memory)
    assert found.path is not None
    assert found.path.read_bytes() == b"before"


def test_link_adopts_the_users_inode(db: MemoryDB, tmp_path: Path) -> None:
    photo = file(tmp_path, "photo.jpg", b"before")
    memory = db.remember("c", "joy", "x", attachments=[photo], link=True)
    [found] = db.files_of(memory)
    assert found.path is not None
    assert found.path.stat().st_ino == photo.stat().st_ino
    assert photo.stat().st_nlink == 3  # the user's, the pool's, the memory's


def test_one_content_is_stored_once_and_the_count_tells_how_many_share_it(
    db: MemoryDB, tmp_path: Path
) -> None:
    memories = [
        db.remember("c", "joy", "x", attachments=[file(tmp_path, f"{number}.jpg", b"same")])
        for number in range(5)
    ]
    assert len(pool_files(db.files_dir)) == 1
    assert [db.files_of(memory)[0].shared_by for memory in memories] == [5] * 5
    assert db.files_of(memories[3])[0].name == "3.jpg"


def test_same_names_on_one_memory_are_kept_apart(db: MemoryDB, tmp_path: Path) -> None:
    files = [file(tmp_path, f"{folder}/photo.jpg", folder.encode()) for folder in "abc"]
    files.append(file(tmp_path, "d/PHOTO.jpg", b"d"))
    memory = db.remember("c", "joy", "x", attachments=files)
    names = [attachment.name for attachment in memory.attachments]
    assert names == ["photo.jpg", "photo-2.jpg", "photo-3.jpg", "PHOTO-4.jpg"]
    assert [found.path.read_bytes() for found in db.files_of(memory) if found.path] == [
        b"a",
        b"b",
        b"c",
        b"d",
    ]


def test_sixteen_equal_characters_are_only_a_name(tmp_path: Path) -> None:
    pool = Pool(tmp_path / "files")
    [mine] = pool.take([Incoming.from_bytes(b"mine", "a.txt")])
    # Another content that happens to have the same name in the pool, as a collision would.
    path = tmp_path / "files" / mine.pool_path
    path.write_bytes(b"else")
    [again] = Pool(tmp_path / "files").take([Incoming.from_bytes(b"mine", "a.txt")])
    assert again.pool_path != mine.pool_path
    assert (tmp_path / "files" / again.pool_path).read_bytes() == b"mine"
    assert path.read_bytes() == b"else"
    assert Pool(tmp_path / "files").find(mine.sha256, 4) == again.pool_path


def test_a_big_file_is_streamed_and_its_twin_found(tmp_path: Path) -> None:
    content = os.urandom(1 << 16) * 200  # 13 MB, above what is hashed in memory
    pool = Pool(tmp_path / "files")
    first, second = pool.take([Incoming.from_bytes(content, "a.mov"), Incoming.from_bytes(content, "b.mov")])
    assert first == second
    assert first.sha256 == hashlib.sha256(content).hexdigest()
    assert (tmp_path / "files" / first.pool_path).read_bytes() == content
    assert len(pool_files(tmp_path / "files")) == 1


def test_attach_adds_a_layer_with_the_feeling_of_the_older_memory(db: MemoryDB, tmp_path: Path) -> None:
    older = db.remember("sea", "nostalgia", "the sea")
    layer = db.attach(older.memory_id, file(tmp_path, "found later.png"))
    assert (layer.content, layer.media_type, layer.revisits) == ("found later.png", "image", older.memory_id)
    assert (layer.concept, layer.feeling) == ("sea", "nostalgia")
    assert [each.memory_id for each in db.revisited_by(older.memory_id)] == [layer.memory_id]
    from_bytes = db.attach(older.memory_id, b"words", name="note.txt")
    assert from_bytes.attachments[0].sha256 == hashlib.sha256(b"words").hexdigest()
    with pytest.raises(NoSuchMemoryError):
        db.attach("no such id", b"x")


def test_many_records_bring_many_files(db: MemoryDB, tmp_path: Path) -> None:
    records = [
        {
            "concept": "c",
            "feeling": "joy",
            "content": f"{n}",
            "attachments": [file(tmp_path, f"{n}.txt", b"%d" % (n % 7))],
        }
        for n in range(40)
    ]
    memories = db.remember_many(records)
    assert len(pool_files(db.files_dir)) == 7
    for number, memory in enumerate(memories):
        [found] = db.files_of(memory)
        assert found.path is not None
        assert found.path.read_bytes() == b"%d" % (number % 7)


def test_files_of_another_programs_folder_are_shown(db: MemoryDB) -> None:
    memory = db.remember("c", "joy", "x")
    file(db.files_dir, f"memories/{memory.memory_id[:8]}/{memory.memory_id}/scan.pdf", b"pdf")
    [found] = db.files_of(memory)
    assert (found.name, found.size, found.media_type, found.sha256) == ("scan.pdf", 3, "doc", "")


def test_media_types_follow_the_extension() -> None:
    names = ["a.JPG", "b.mov", "c.m4a", "d.pdf", "noextension", "e.tar.gz", ".jpg"]
    assert [media_type_of(name) for name in names] == [
        "image",
        "video",
        "audio",
        "doc",
        "doc",
        "doc",
        "image",
    ]


# -- failing before anything is written -----------------------------------------------------------


def test_bad_sources_fail_before_the_record(db: MemoryDB, tmp_path: Path) -> None:
    good = file(tmp_path, "good.txt")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "dangling").symlink_to("nowhere")
    for bad in ("missing.jpg", "pipe", "folder", "dangling"):
        with pytest.raises(AttachmentError, match=bad):
            db.remember("c", "joy", "x", attachments=[good, tmp_path / bad])
    with pytest.raises(AttachmentError, match="device"):
        db.remember("c", "joy", "x", attachments=["/dev/null"])
    assert not db.path.exists()
    assert db.count() == 0


def test_a_link_of_the_users_own_is_followed_and_its_content_kept(db: MemoryDB, tmp_path: Path) -> None:
    file(tmp_path, "real.jpg", b"real")
    (tmp_path / "link.jpg").symlink_to("real.jpg")
    for link in (False, True):
        memory = db.remember("c", "joy", "x", attachments=[tmp_path / "link.jpg"], link=link)
        [found] = db.files_of(memory)
        assert found.path is not None
        assert found.path.read_bytes() == b"real"
        assert not found.path.is_symlink()


def test_linking_across_file_systems_says_what_to_do(tmp_path: Path) -> None:
    other = Path("/dev/shm")
    if not other.is_dir() or other.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("no second file system")
    source = other / f"mnemo-test-{os.getpid()}.txt"
    source.write_bytes(b"x")
    try:
        with MemoryDB(tmp_path / "j.mnheme") as db:
            with pytest.raises(AttachmentError, match="without linking"):
                db.remember("c", "joy", "x", attachments=[source], link=True)
            assert db.count() == 0
    finally:
        source.unlink()


def test_a_full_disk_fails_the_memory_and_leaves_no_half_file(tmp_path: Path) -> None:
    script = f"""
import resource
from mnemo import MemoryDB
from mnemo.storage import AttachmentError
from mnemo.storage.media import Incoming
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
with MemoryDB({str(tmp_path / "j.mnheme")!r}) as db:
    db.remember("c", "joy", "small", attachments=[Incoming.from_bytes(b"x" * 50_000, "small.bin")])
    try:
        db.remember("c", "joy", "large", attachments=[Incoming.from_bytes(b"y" * 200_000, "large.bin")])
    except AttachmentError as error:
        print(error)
    db.remember("c", "joy", "after", attachments=[Incoming.from_bytes(b"z" * 50_000, "after.bin")])
    print(db.count())
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True
    )
    message, count = done.stdout.splitlines()
    assert "large.bin" in message
    assert count == "2"
    assert sorted(path.name[17:] for path in pool_files(tmp_path / "j_files")) == ["after.bin", "small.bin"]
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 100_000


def test_no_space_left_is_told_and_what_fits_still_fits(tmp_path: Path) -> None:
    place = tmp_path / "small"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)]
    try:
        subprocess.run(mount, check=True, capture_output=True, timeout=60)
    except (OSError, subprocess.SubprocessError):
        pytest.skip("no small file system can be mounted here")
    try:
        with MemoryDB(place / "j.mnheme") as db:
            with pytest.raises(AttachmentError, match=r"big\.bin.*No space left"):
                db.remember("c", "joy", "x", attachments=[Incoming.from_bytes(bytes(2 << 20), "big.bin")])
            assert db.count() == 0
            db.remember("c", "joy", "x", attachments=[Incoming.from_bytes(b"small", "small.bin")])
            assert db.verify().sound
    finally:
        subprocess.run(["umount", str(place)], check=True, timeout=60)


# -- paths ----------------------------------------------------------------------------------------

NASTY = [
    "../../etc/passwd",
    "/etc/passwd",
    "..",
    ".",
    "",
    "a\x00b.jpg",
    "x" * 300 + ".jpg",
    "é" * 300,
    "NUL",
    "com1.txt",
    "trailing.",
    "trailing. . ",
    "C:\\Windows\\system.ini",
    "line\nbreak",
    "photo\u202egpj.exe",
    "caf\udce9.jpg",
    "~/.ssh/id_rsa",
    "-rf",
    ".lock",
]


@pytest.mark.parametrize("name", NASTY)
def test_nasty_names_stay_in_the_folder(tmp_path: Path, name: str) -> None:
    with MemoryDB(tmp_path / "home" / "j.mnheme") as db:
        memory = db.remember("c", "joy", "x", attachments=[Incoming.from_bytes(b"data", name)])
        [found] = db.files_of(memory)
        assert found.path is not None
        assert found.path.read_bytes() == b"data"
        assert found.path.parent == db.files_dir / "memories" / memory.memory_id[:8] / memory.memory_id
    assert [path.name for path in tmp_path.iterdir()] == ["home"]


@pytest.mark.parametrize("identity", [*NASTY, "memories", "x/../../../y"])
def test_nasty_ids_stay_in_the_folder(tmp_path: Path, identity: str) -> None:
    media = Media(tmp_path / "home" / "files")
    attachments = media.add([Incoming.from_bytes(b"data", "a.txt")])
    memory = new_record("c", "joy", "x", memory_id=identity, attachments=attachments)
    media.place([memory])
    [found] = media.files_of(memory)
    assert found.path is not None
    assert found.path.resolve().is_relative_to((tmp_path / "home" / "files" / "memories").resolve())
    assert len(found.path.relative_to(tmp_path / "home" / "files").parts) == 4
    assert [path.name for path in tmp_path.iterdir()] == ["home"]


def test_a_record_cannot_name_a_file_outside(tmp_path: Path) -> None:
    secret = file(tmp_path, "secret.txt", b"secret")
    media = Media(tmp_path / "files")
    media.add([Incoming.from_bytes(b"x", "x")])
    for name, sha256 in [
        ("../../../secret.txt", hashlib.sha256(b"secret").hexdigest()),
        (str(secret), "../../secret.txt"),
        ("x", "../" * 20),
    ]:
        memory = new_record("c", "joy", "x", attachments=[Attachment(name, sha256, 6, "doc")])
        media.place([memory])
        assert [found.path for found in media.files_of(memory)] == [None]


@given(st.text(max_size=400))
def test_safe_names_are_one_harmless_component(name: str) -> None:
    safe = safe_name(name)
    assert safe == safe_name(safe)
    assert safe not in ("", ".", "..")
    assert "/" not in safe and "\\" not in safe and "\x00" not in safe
    assert len(safe.encode()) <= 201
    assert not safe.endswith((".", " "))
    identity = safe_id(name)
    assert (
        identity.replace("-", "").replace("_", "").isascii() and "/" not in identity and "." not in identity
    )


def test_harmless_names_stay_as_they_are() -> None:
    for name in (
        "photo.jpg",
        "IMG 0001 (2).HEIC",
        ".hidden",
        "père & fils.txt",
        "👩‍👧.png",
        "می‌خواهم.pdf",
        "a.tar.gz",
    ):
        assert safe_name(name) == name


@given(st.lists(st.text(max_size=20), max_size=12))
def test_distinct_names_are_distinct_without_regard_to_case(names: list[str]) -> None:
    found = distinct_names(names)
    assert len(found) == len(names)
    assert len({name.casefold() for name in found}) == len(names)


@pytest.mark.parametrize("name", ["pool", "memories"])
def test_a_folder_replaced_by_a_link_is_not_followed(tmp_path: Path, name: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    with MemoryDB(tmp_path / "j.mnheme") as db:
        memory = db.remember("c", "joy", "x", attachments=[file(tmp_path, "a.txt", b"a")])
        (db.files_dir / name).rename(tmp_path / "moved")
        (db.files_dir / name).symlink_to(outside)
        with pytest.raises(AttachmentError, match=name):
            db.remember("c", "joy", "y", attachments=[file(tmp_path, "b.txt", b"b")])
        assert db.count() == 1
        assert list(outside.iterdir()) == []
        # A planted file is not served in place of the memory's own.
        planted = outside / memory.memory_id[:8] / memory.memory_id / "a.txt"
        file(outside, str(planted.relative_to(outside)), b"!")
        assert all(
            found.path is None or "outside" not in str(found.path.resolve()) for found in db.files_of(memory)
        )


def test_a_bucket_or_pool_file_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    root = tmp_path / "files"
    pool = Pool(root)
    [stored] = pool.take([Incoming.from_bytes(b"abc", "a")])
    path = root / stored.pool_path
    path.unlink()
    path.symlink_to(file(tmp_path, "outside", b"abc"))
    [again] = Pool(root).take([Incoming.from_bytes(b"abc", "a")])
    assert again.pool_path != stored.pool_path
    assert not (root / again.pool_path).is_symlink()


# -- many at once, and killed ---------------------------------------------------------------------


def test_threads_attach_the_same_and_different_files_at_once(tmp_path: Path) -> None:
    root = tmp_path / "files"
    results: list[list[str]] = []

    def work() -> None:
        sources = [Incoming.from_bytes(b"%d" % (number % 5), f"{number}.bin") for number in range(30)]
        results.append([stored.pool_path for stored in Pool(root).take(sources)])

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert len(results) == 6
    assert all(result == results[0] for result in results)
    assert len(pool_files(root)) == 5


def test_processes_attach_at_once(tmp_path: Path) -> None:
    journal = tmp_path / "j.mnheme"
    script = f"""
from mnemo import MemoryDB
from mnemo.storage.media import Incoming
with MemoryDB({str(journal)!r}) as db:
    for number in range(12):
        db.remember("c", "joy", "x", attachments=[Incoming.from_bytes(b"%d" % (number % 3), "n.bin")])
"""
    workers = [subprocess.Popen([sys.executable, "-c", script]) for _ in range(4)]
    assert [worker.wait(timeout=60) for worker in workers] == [0] * 4
    with MemoryDB(journal) as db:
        memories = db.recall()
        assert len(memories) == 48
        assert len(pool_files(db.files_dir)) == 3
        assert all(db.files_of(memory)[0].shared_by == 16 for memory in memories)
        index = json.loads((db.files_dir / "_index.json").read_text())
        assert len(index["memories"]) == 48


def test_killed_while_attaching_leaves_whole_files_and_goes_on(tmp_path: Path) -> None:
    journal = tmp_path / "j.mnheme"
    script = f"""
import itertools
from mnemo import MemoryDB
from mnemo.storage.media import Incoming
with MemoryDB({str(journal)!r}) as db:
    for number in itertools.count():
        big = Incoming.from_bytes(b"%d" % number * 100_000, "n.bin")
        db.remember("c", "joy", str(number), attachments=[big])
        print(number, flush=True)
"""
    for _ in range(3):
        with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as worker:
            assert worker.stdout is not None
            for line in worker.stdout:
                if line == "4\n":
                    worker.send_signal(signal.SIGKILL)
                    break
            worker.stdout.read()
            assert worker.wait(timeout=60) == -signal.SIGKILL
        with MemoryDB(journal) as db:
            for memory in db.recall():
                [found] = db.files_of(memory)
                assert found.path is not None
                assert hashlib.sha256(found.path.read_bytes()).hexdigest() == found.sha256
    with MemoryDB(journal) as db:
        assert db.count() >= 15
        db.remember("c", "joy", "last", attachments=[Incoming.from_bytes(b"last", "last.bin")])
        report = db.media.verify(
            (memory.memory_id, each) for memory in db.recall() for each in memory.attachments
        )
        assert report.damages == ()
    assert not list((tmp_path / "j_files" / "pool").glob(".staging-*"))


def test_what_a_killed_process_staged_is_swept_but_not_what_a_living_one_stages(tmp_path: Path) -> None:
    root = tmp_path / "files"
    pool = Pool(root)
    pool.take([Incoming.from_bytes(b"x", "x")])
    dead = root / "pool" / ".staging-dead"
    dead.mkdir()
    (dead / "half").write_bytes(b"half a file")
    seen: list[list[str]] = []

    def look() -> Path:
        Pool(root).take([Incoming.from_bytes(b"other", "other")])
        seen.append([path.name for path in (root / "pool").glob(".staging-*")])
        return file(tmp_path, "y", b"y")

    pool.take([Incoming("y", lambda: look().open("rb"))])
    assert len(seen[0]) == 1
    assert not list((root / "pool").glob(".staging-*"))


# -- verify and the index -------------------------------------------------------------------------


def test_verify_names_every_lost_and_altered_file(db: MemoryDB, tmp_path: Path) -> None:
    memories = [
        db.remember("c", "joy", "x", attachments=[file(tmp_path, f"{n}.txt", b"%d" % n)]) for n in range(5)
    ]
    named = [(memory.memory_id, memory.attachments[0]) for memory in memories]
    assert db.media.verify(named).damages == ()
    paths = [found.path for memory in memories for found in db.files_of(memory) if found.path]
    paths[1].write_bytes(b"?")  # the shared inode: pool and memory both
    paths[2].unlink()  # only the name: the pool still has it
    (db.files_dir / str(db.media.pool.find(named[3][1].sha256, 1))).unlink()
    paths[3].unlink()
    paths[4].unlink()
    paths[4].write_bytes(b"#")  # replaced by another file
    stray = db.media.pool.take([Incoming.from_bytes(b"stray", "stray.txt")])
    seen: list[tuple[int, int]] = []
    report = db.media.verify(named, on_progress=lambda done, total: seen.append((done, total)))
    assert [(damage.name, damage.memory_id) for damage in report.damages] == [
        (f"{n}.txt", memories[n].memory_id) for n in (1, 3, 4)
    ]
    assert ["hash" in report.damages[0].reason, "missing" in report.damages[1].reason] == [True, True]
    assert report.orphans == (stray[0].pool_path,)
    assert seen[-1][0] == seen[-1][1] > 0

    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        db.media.verify(named, on_progress=stop)
    whole = db.verify()
    assert [problem.kind for problem in whole.problems] == ["attachment"] * 3
    assert whole.problems[0].memory_id == memories[1].memory_id
    assert whole.orphans == report.orphans
    # The memory whose own name was lost still finds its file.
    assert db.files_of(memories[2])[0].path is not None


def test_the_index_can_be_lost_torn_and_rebuilt(db: MemoryDB, tmp_path: Path) -> None:
    memories = [
        db.remember("c", "joy", "x", attachments=[file(tmp_path, f"{n}.txt", b"%d" % n)]) for n in range(4)
    ]
    index = db.files_dir / "_index.json"
    before = json.loads(index.read_text())
    for harm in ('{"pool": {', "", "[]", '{"pool": {}, "memories": {"a": 1}}', None):
        if harm is None:
            index.unlink()
        else:
            index.write_text(harm)
        (db.files_dir / "_index.pending.jsonl").write_text('{}\n[]\n1\n{"memory_id": "torn')
        content = str(harm).encode()
        memories.append(db.remember("c", "joy", "x", attachments=[file(tmp_path, "one.txt", content)]))
        assert db.verify().sound
        after = json.loads(index.read_text())
        assert before["memories"].items() <= after["memories"].items()
        assert set(after["memories"]) == {memory.memory_id for memory in memories}
        assert len(after["pool"]) == len(memories)
        before = after
    written = index.stat().st_mtime_ns
    db.verify()
    assert index.stat().st_mtime_ns == written


def test_the_index_of_many_is_not_rewritten_for_each(db: MemoryDB, tmp_path: Path) -> None:
    db.remember_many(
        {
            "concept": "c",
            "feeling": "joy",
            "content": "x",
            "attachments": [Incoming.from_bytes(b"%d" % n, f"{n}.txt")],
        }
        for n in range(400)
    )
    index = db.files_dir / "_index.json"
    written = index.stat().st_mtime_ns
    memory = db.remember("c", "joy", "x", attachments=[file(tmp_path, "one more.txt")])
    assert index.stat().st_mtime_ns == written
    assert memory.memory_id in (db.files_dir / "_index.pending.jsonl").read_text()
    for number in range(150):
        db.remember("c", "joy", "x", attachments=[Incoming.from_bytes(b"more %d" % number, "more.txt")])
    assert memory.memory_id in json.loads(index.read_text())["memories"]


# -- other file systems ---------------------------------------------------------------------------


def test_on_a_file_system_with_reflinks_files_are_cloned(reflink_folder: Path) -> None:
    content = os.urandom(3 << 20)
    source = file(reflink_folder, "source.bin", content)
    with MemoryDB(reflink_folder / "cloned" / "j.mnheme") as db:
        first = db.remember("c", "joy", "x", attachments=[source])
        db.remember("c", "joy", "x", attachments=[source])
        source.write_bytes(b"changed")
        [found] = db.files_of(first)
        assert found.path is not None
        assert found.path.read_bytes() == content
        assert found.shared_by == 2
        assert len(pool_files(db.files_dir)) == 1
    assert FsProbe(reflink_folder).detect().can_reflink


def test_without_hard_links_the_memory_still_has_its_file(tmp_path: Path) -> None:
    source = file(tmp_path, "a.txt", b"a")
    media = Media(tmp_path / "files")
    media._can_hardlink = False
    memory = new_record("c", "joy", "x", attachments=media.add([source]))
    media.place([memory])
    [found] = media.files_of(memory)
    assert found.path is not None
    assert found.path.read_bytes() == b"a"
    assert media.verify([(memory.memory_id, memory.attachments[0])]).damages == ()
    [entry] = json.loads((tmp_path / "files" / "_index.json").read_text())["memories"][memory.memory_id]
    assert entry["strategy_used"] in ("reflink", "symlink")
    # What stands under the name already, here something of the user's own, stays.
    own = found.path
    own.unlink()
    own.write_bytes(b"mine")
    media.place([memory])
    assert own.read_bytes() == b"mine"
