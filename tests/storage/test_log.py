"""Frames on disk: whole or not there, whatever the bytes, the disk and the other writers do."""

from __future__ import annotations

import errno
import fcntl
import os
import resource
import struct
import subprocess
import sys
import threading
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mnemo.storage.errors import AppendFailedError, CutBackError, InvalidMemoryError, JournalError
from mnemo.storage.frames import HEADER_SIZE, MAGIC, MAX_PAYLOAD, Piece, frame, scan
from mnemo.storage.log import Log

SETTINGS = settings(max_examples=300)
MIB = 1 << 20


def append(log: Log, *payloads: bytes) -> None:
    with log.appending() as appender:
        appender.write(b"".join(map(frame, payloads)))


def pieces(path: Path, start: int = 0) -> list[Piece]:
    log = Log(path)
    try:
        return list(scan(log, start, log.stamp()[0]))
    finally:
        log.close()


def payloads(path: Path) -> list[bytes | None]:
    return [payload for _, _, payload in pieces(path)]


def naive_scan(data: bytes) -> list[Piece]:
    """The same by the letter of the format, one byte at a time; neighbouring damage is one piece."""

    def header(at: int) -> int | None:
        if at + HEADER_SIZE > len(data) or data[at : at + 4] != MAGIC:
            return None
        (length,) = struct.unpack(">I", data[at + 4 : at + 8])
        return length if length <= MAX_PAYLOAD else None

    def candidate(at: int) -> bool:
        return data[at : at + 4] == MAGIC and at + 4 < len(data) and data[at + 4] <= 4

    found: list[Piece] = []
    position = 0
    while position + HEADER_SIZE <= len(data):
        length = header(position)
        stop = position + HEADER_SIZE + (length or 0)
        limit = stop if length is not None else len(data)
        inner = next(
            (
                at
                # A header torn inside of its length has the next one in what looks like the rest of it.
                for at in range(position + (5 if length is not None else 1), min(limit, len(data)))
                if candidate(at)
            ),
            None,
        )
        if inner is not None:
            found.append((position, inner, None))
            position = inner
        elif length is None or stop > len(data):
            break
        else:
            found.append((position, stop, data[position + HEADER_SIZE : stop]))
            position = stop
    return found


def merged(found: list[Piece]) -> list[Piece]:
    """Neighbouring damage as one piece, and that at the very end, known only later, left out."""
    out: list[Piece] = []
    for start, end, payload in found:
        if payload is None and out and out[-1][2] is None and out[-1][1] == start:
            out[-1] = (out[-1][0], end, None)
        else:
            out.append((start, end, payload))
    while out and out[-1][2] is None:
        out.pop()
    return out


# -- what is written ------------------------------------------------------------------------------


def test_a_frame_is_magic_length_and_payload(tmp_path: Path) -> None:
    log = Log(tmp_path / "a.mnheme")
    append(log, b'{"a": 1}', b"")
    assert (tmp_path / "a.mnheme").read_bytes() == (
        b"MNE\xe0" + b"\x00\x00\x00\x08" + b'{"a": 1}' + b"MNE\xe0" + b"\x00\x00\x00\x00"
    )
    assert log.read(0) == b'{"a": 1}'
    assert log.read(16) == b""
    log.close()


def test_files_are_private_whatever_the_umask(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        log = Log(tmp_path / "deep" / "er" / "a.mnheme")
        append(log, b"{}")
    finally:
        os.umask(old)
    log.close()
    assert (tmp_path / "deep" / "er" / "a.mnheme").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "deep" / "er").stat().st_mode & 0o777 == 0o700


def test_opening_a_missing_log_makes_nothing(tmp_path: Path) -> None:
    log = Log(tmp_path / "none" / "a.mnheme")
    assert log.stamp() == (0, 0)
    assert list(scan(log, 0, 0)) == []
    log.close()
    assert list(tmp_path.iterdir()) == []


def test_the_largest_frame_is_written_and_read(tmp_path: Path) -> None:
    path = tmp_path / "a.mnheme"
    log = Log(path, fsync_policy="never")
    largest = bytes(MAX_PAYLOAD)
    append(log, b"before", largest, b"after")
    assert [len(payload or b"") for payload in payloads(path)] == [6, MAX_PAYLOAD, 5]
    assert log.read(HEADER_SIZE + 6) == largest
    log.close()


def test_a_larger_frame_is_refused_before_writing(tmp_path: Path) -> None:
    path = tmp_path / "a.mnheme"
    log = Log(path)
    append(log, b"before")
    with pytest.raises(InvalidMemoryError, match="too large"), log.appending() as appender:
        appender.write(frame(b"first of the batch"))
        appender.write(frame(bytes(MAX_PAYLOAD + 1)))
    log.close()
    assert payloads(path) == [b"before"]


def test_an_unknown_policy_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="always, batch or never"):
        Log(tmp_path / "a.mnheme", fsync_policy="sometimes")  # type: ignore[arg-type]


# -- what is read ---------------------------------------------------------------------------------


@SETTINGS
@given(st.lists(st.binary(max_size=40), max_size=12))
def test_whole_logs_scan_to_their_payloads(tmp_path: Path, written: list[bytes]) -> None:
    # Bytes that look like a header inside a payload are no JSON and cannot be told from damage.
    written = [payload.replace(MAGIC, b"MNE_") for payload in written]
    path = tmp_path / "a.mnheme"
    path.write_bytes(b"".join(map(frame, written)))
    found = pieces(path)
    assert [payload for _, _, payload in found] == written
    assert all(first[1] == second[0] for first, second in pairwise(found))


_BLOCKS = st.one_of(
    st.binary(max_size=30).map(frame),
    st.sampled_from([b"{}", '{"a": "MNE\u0905"}'.encode(), b"MNE", b""]).map(frame),
    st.binary(max_size=12),
    st.sampled_from(
        [MAGIC, MAGIC[:2], MAGIC + b"\x00", MAGIC + b"\x04\x00\x00\x01", MAGIC + b"\x00\x00\x00\xff"]
    ),
)


@SETTINGS
@given(
    st.lists(_BLOCKS, max_size=10),
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=3),
    st.integers(0, 400),
)
def test_scanning_damage_equals_the_naive_scan(
    tmp_path: Path, blocks: list[bytes], flips: list[tuple[int, int]], cut: int
) -> None:
    data = bytearray(b"".join(blocks))
    for at, value in flips:
        if at < len(data):
            data[at] = value
    data = data[: max(0, len(data) - cut)] if cut < 20 else data
    path = tmp_path / "a.mnheme"
    path.write_bytes(bytes(data))
    assert merged(pieces(path)) == merged(naive_scan(bytes(data)))


@pytest.mark.parametrize("kept", range(1, HEADER_SIZE))
def test_a_record_right_behind_a_torn_header_is_seen(tmp_path: Path, kept: int) -> None:
    """Another program appends straight behind what was torn: the length is then half the next header's."""
    path = tmp_path / "a.mnheme"
    path.write_bytes(frame(b"{}") + frame(b'{"torn": 1}')[:kept] + frame(b'{"whole": 1}') + frame(b"{}"))
    assert payloads(path) == [b"{}", None, b'{"whole": 1}', b"{}"]


def test_a_last_payload_that_ends_like_a_header_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.mnheme"
    path.write_bytes(frame(MAGIC))
    assert payloads(path) == [MAGIC]


@pytest.mark.parametrize("offset", range(-9, 10))
def test_frames_on_the_edge_of_a_read(tmp_path: Path, offset: int) -> None:
    path = tmp_path / "a.mnheme"
    written = [b"a" * (MIB - HEADER_SIZE + offset), b'{"b": 1}', b"c" * MIB, b"d"]
    path.write_bytes(b"".join(map(frame, written)))
    assert payloads(path) == written


@pytest.mark.parametrize("offset", range(-9, 10))
def test_damage_on_the_edge_of_a_read(tmp_path: Path, offset: int) -> None:
    path = tmp_path / "a.mnheme"
    garbage = b"\x00" * (4 * MIB + offset)
    path.write_bytes(frame(b"before") + garbage + frame(b"after"))
    assert merged(pieces(path)) == [
        (0, 14, b"before"),
        (14, 14 + len(garbage), None),
        (14 + len(garbage), 14 + len(garbage) + 13, b"after"),
    ]


def test_magic_bytes_inside_utf8_text_are_no_header(tmp_path: Path) -> None:
    path = tmp_path / "a.mnheme"
    # MNE and a character of U+0800..U+0FFF: the very bytes of the magic.
    text = "".join(f"MNE{chr(code)}" for code in range(0x800, 0x1000)).encode()
    assert MAGIC in text
    path.write_bytes(frame(text) + frame(b"next"))
    assert payloads(path) == [text, b"next"]


def test_a_run_of_false_headers_is_passed_quickly(tmp_path: Path) -> None:
    path = tmp_path / "a.mnheme"
    # Each claims 64 MiB; read for each anew, this would be terabytes.
    claims = (MAGIC + struct.pack(">I", MAX_PAYLOAD) + b"....") * 20_000
    path.write_bytes(frame(b"before") + claims + bytes(70 * MIB) + frame(b"after"))
    found = merged(pieces(path))
    assert found[0] == (0, 14, b"before")
    assert found[-1][2] == b"after"


def test_read_refuses_what_is_no_frame(tmp_path: Path) -> None:
    log = Log(tmp_path / "a.mnheme")
    append(log, b"payload")
    for ref in (1, 14, 15, 10_000, 1 << 62, (1 << 64) - 1):
        with pytest.raises(JournalError, match=r"no whole frame|cannot read"):
            log.read(ref)
    log.close()


# -- what goes wrong ------------------------------------------------------------------------------


def test_an_error_in_a_batch_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.mnheme"
    log = Log(path)
    append(log, b"before")
    for error in (RuntimeError, KeyboardInterrupt, GeneratorExit, OSError):
        with pytest.raises(error), log.appending() as appender:
            appender.write(frame(b"half"))
            raise error
        assert payloads(path) == [b"before"]
    append(log, b"after")
    log.close()
    assert payloads(path) == [b"before", b"after"]


def test_an_interrupt_right_after_the_write_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.mnheme"
    log = Log(path)
    append(log, b"before")
    write = os.write

    def interrupted(fd: int, data: bytes) -> int:
        write(fd, data)
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "write", interrupted)
    with pytest.raises(KeyboardInterrupt):
        append(log, b"half")
    monkeypatch.undo()
    assert payloads(path) == [b"before"]
    log.close()


@pytest.mark.parametrize("policy", ["always", "batch", "never"])
def test_a_file_size_limit_loses_nothing(tmp_path: Path, policy: str) -> None:
    path = tmp_path / "a.mnheme"
    log = Log(path, fsync_policy=policy)  # type: ignore[arg-type]
    append(log, b"before")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5000, hard))
    try:
        with pytest.raises(AppendFailedError, match="size limit") as failed:
            append(log, b"x" * 3000, b"y" * 3000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert failed.value.errno == errno.EFBIG
    assert "\n" not in str(failed.value)
    assert payloads(path) == [b"before"]
    append(log, b"after")
    log.close()
    assert payloads(path) == [b"before", b"after"]


@pytest.fixture
def small_disk(tmp_path: Path) -> Path:
    mount = tmp_path / "disk"
    mount.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(mount)],
        capture_output=True,
        timeout=30,
        check=False,
    )
    if done.returncode:
        pytest.skip("no tmpfs can be mounted here")
    return mount


def test_a_full_disk_loses_nothing(small_disk: Path) -> None:
    path = small_disk / "a.mnheme"
    log = Log(path)
    try:
        append(log, b"before")
        filler = small_disk / "filler"
        filler.write_bytes(bytes(128 << 10))
        with pytest.raises(AppendFailedError, match="disk is full") as failed:
            append(log, bytes(200 << 10))
        assert failed.value.errno == errno.ENOSPC
        assert payloads(path) == [b"before"]
        # Full, the torn bytes of a crash cannot be moved aside: they stay, and nothing else changes.
        with path.open("ab") as raw:
            raw.write(frame(bytes(100 << 10))[:-1])
        with pytest.raises(AppendFailedError, match="disk is full"), log.appending() as appender:
            appender.set_aside(14)
        assert path.stat().st_size == 14 + 8 + (100 << 10) - 1
        assert list(small_disk.glob("*.torn-*")) == []
        filler.unlink()
        with log.appending() as appender:
            aside = appender.set_aside(14)
            appender.write(frame(b"after"))
        assert aside is not None
        assert aside.stat().st_size == 8 + (100 << 10) - 1
        assert payloads(path) == [b"before", b"after"]
    finally:
        log.close()
        subprocess.run(["umount", str(small_disk)], check=True, timeout=30)


_FAIL_FSYNC = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <unistd.h>
int fsync(int fd) {
    if (access("fail-fsync", F_OK) == 0) { errno = EIO; return -1; }
    return ((int (*)(int))dlsym(RTLD_NEXT, "fsync"))(fd);
}
ssize_t pread64(int fd, void *data, size_t count, off64_t at) {
    if (access("fail-pread", F_OK) == 0) { errno = EIO; return -1; }
    return ((ssize_t (*)(int, void *, size_t, off64_t))dlsym(RTLD_NEXT, "pread64"))(fd, data, count, at);
}
"""


@pytest.fixture(scope="module")
def failing_disk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library under which fsync or pread fail while a file of that name is in the working directory."""
    folder = tmp_path_factory.mktemp("shim")
    (folder / "shim.c").write_text(_FAIL_FSYNC)
    built = folder / "shim.so"
    try:
        subprocess.run(
            ["cc", "-shared", "-fPIC", "-o", str(built), str(folder / "shim.c"), "-ldl"],
            check=True,
            capture_output=True,
            timeout=60,
        )
    except (OSError, subprocess.SubprocessError):
        pytest.skip("no C compiler here")
    return built


def test_io_errors_lose_nothing(tmp_path: Path, failing_disk: Path) -> None:
    script = """
from pathlib import Path
from mnemo import MemoryDB
from mnemo.storage import AppendFailedError, JournalError

db = MemoryDB("a.mnheme")
first = db.remember("sea", "joy", "before")
Path("fail-fsync").touch()
try:
    db.remember("sea", "joy", "lost")
except AppendFailedError as error:
    print(error.errno, error)
Path("fail-fsync").unlink()
second = db.remember("sea", "joy", "after")
assert [memory.content for memory in db.recall()] == ["after", "before"]
assert db.verify().sound
Path("fail-pread").touch()
for read in (db.recall, lambda: db.read(0), lambda: db.remember("sea", "joy", "unread" * 100)):
    try:
        print("no error", read())
    except JournalError as error:
        print(error)
Path("fail-pread").unlink()
assert len(db.recall()) == 2
db.close()
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env={**os.environ, "LD_PRELOAD": str(failing_disk)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith(f"{errno.EIO} cannot write ")
    assert "no error" not in done.stdout
    assert len(payloads(tmp_path / "a.mnheme")) == 2


def test_torn_bytes_move_aside(tmp_path: Path) -> None:
    path = tmp_path / "a.mnheme"
    log = Log(path)
    append(log, b"before")
    with path.open("ab") as raw:
        raw.write(b"torn bytes")
    with log.appending() as appender:
        aside = appender.set_aside(14)
        appender.write(frame(b"after"))
    log.close()
    assert aside is not None
    assert aside.name.startswith("a.torn-")
    assert aside.read_bytes() == b"torn bytes"
    assert aside.stat().st_mode & 0o777 == 0o600
    assert payloads(path) == [b"before", b"after"]


# -- who else is there ----------------------------------------------------------------------------


def test_a_batch_cannot_write_into_itself(tmp_path: Path) -> None:
    path = tmp_path / "a.mnheme"
    log = Log(path)
    with log.appending() as appender:
        with pytest.raises(JournalError, match="cannot write to the same journal"):
            append(log, b"inner")
        appender.write(frame(b"outer"))
    log.close()
    assert payloads(path) == [b"outer"]


def test_appenders_wait_for_each_other(tmp_path: Path) -> None:
    path = tmp_path / "a.mnheme"
    first, second = Log(path), Log(path)
    began, done = threading.Event(), threading.Event()

    def other() -> None:
        began.set()
        append(second, b"second")
        done.set()

    with first.appending() as appender:
        thread = threading.Thread(target=other)
        thread.start()
        began.wait(10)
        assert not done.wait(0.2)
        appender.write(frame(b"first"))
    thread.join(10)
    first.close()
    second.close()
    assert payloads(path) == [b"first", b"second"]


def test_settled_waits_for_an_append(tmp_path: Path) -> None:
    path = tmp_path / "a.mnheme"
    writer, reader = Log(path), Log(path)
    append(writer, b"before")
    sizes: list[int] = []

    def look() -> None:
        with reader.settled() as size:
            sizes.append(size)

    with pytest.raises(RuntimeError), writer.appending() as appender:
        appender.write(frame(b"to be taken back"))
        assert reader.stamp()[0] > 14
        thread = threading.Thread(target=look)
        thread.start()
        thread.join(0.2)
        assert sizes == []
        raise RuntimeError
    thread.join(10)
    writer.close()
    reader.close()
    assert sizes == [14]


def test_a_scan_notices_that_the_log_was_cut_back(tmp_path: Path) -> None:
    path = tmp_path / "a.mnheme"
    kept = [b"%07d" % number + b"k" * 1000 for number in range(3000)]
    path.write_bytes(b"".join(map(frame, kept)))
    reader, size = Log(path), path.stat().st_size
    pieces = scan(reader, 0, size)
    for _ in range(1500):
        next(pieces)
    # As after a failed append: shorter, then as long as before, with other frames of the same size.
    data = path.read_bytes()
    with path.open("r+b") as raw:
        raw.truncate(len(data) // 6)
        raw.seek(len(data) // 6)
        raw.write(data[len(data) // 6 :].replace(b"k", b"n"))
    with pytest.raises(CutBackError):
        list(pieces)
    reader.close()


def test_a_child_process_takes_its_own_lock(tmp_path: Path) -> None:
    path = tmp_path / "a.mnheme"
    script = f"""
import os, sys
from mnemo import MemoryDB
db = MemoryDB({str(path)!r}, fsync_policy="never")
db.remember("fork", "joy", "parent")
children = []
for number in range(3):
    child = os.fork()
    if not child:
        for turn in range(100):
            db.remember("fork", "joy", f"{{number}} {{turn}}")
        db.close()
        os._exit(0)
    children.append(child)
for turn in range(100):
    db.remember("fork", "joy", f"parent {{turn}}")
assert all(os.waitpid(child, 0)[1] == 0 for child in children)
report = db.verify()
assert report.sound, report.problems[:3]
assert report.memories == report.chained == db.count() == 401, report
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr


def test_a_replaced_log_is_followed_by_reader_and_appender(tmp_path: Path) -> None:
    path, other = tmp_path / "a.mnheme", tmp_path / "b.mnheme"
    log = Log(path)
    append(log, b"old")
    other.write_bytes(frame(b"new one") + frame(b"new two"))
    other.rename(path)
    assert log.stamp()[0] == path.stat().st_size
    append(log, b"appended")
    assert payloads(path) == [b"new one", b"new two", b"appended"]
    log.close()


def test_a_log_moved_aside_is_not_appended_to(tmp_path: Path) -> None:
    path = tmp_path / "a.mnheme"
    log = Log(path)
    append(log, b"old")
    path.rename(tmp_path / "moved.mnheme")
    append(log, b"new")
    assert log.stamp()[0] == path.stat().st_size
    log.close()
    assert payloads(path) == [b"new"]
    assert payloads(tmp_path / "moved.mnheme") == [b"old"]


def test_a_deleted_log_is_empty_and_can_be_begun_again(tmp_path: Path) -> None:
    path = tmp_path / "a.mnheme"
    log = Log(path)
    append(log, b"old")
    path.unlink()
    assert log.stamp() == (0, 0)
    append(log, b"new")
    log.close()
    assert payloads(path) == [b"new"]


def test_many_threads_follow_a_replaced_log(tmp_path: Path) -> None:
    path = tmp_path / "a.mnheme"
    log = Log(path)
    append(log, b"0" * 10)
    failed: list[BaseException] = []
    over = threading.Event()

    def look() -> None:
        try:
            while not over.is_set():
                size, _ = log.stamp()
                assert size in (18, 19)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(200):
        made = tmp_path / "made"
        made.write_bytes(frame(b"x" * (10 + number % 2)))
        made.rename(path)
    over.set()
    for thread in threads:
        thread.join(10)
    log.close()
    assert failed == []


@pytest.mark.parametrize("kind", ["folder", "pipe", "device", "below a file"])
def test_what_is_no_file_is_refused(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a.mnheme"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path.symlink_to("/dev/null")
    else:
        (tmp_path / "file").write_text("")
        path = tmp_path / "file" / "a.mnheme"
    with pytest.raises(JournalError, match="cannot open") as refused:
        Log(path)
    assert "\n" not in str(refused.value)


def test_a_closed_log_says_so(tmp_path: Path) -> None:
    log = Log(tmp_path / "a.mnheme")
    append(log, b"{}")
    log.close()
    log.close()
    for use in (log.stamp, lambda: append(log, b"{}"), lambda: log.read(0)):
        with pytest.raises(JournalError, match="is closed"):
            use()
    assert payloads(tmp_path / "a.mnheme") == [b"{}"]


def test_closing_leaves_no_descriptor(tmp_path: Path) -> None:
    def descriptors() -> int:
        return len(list(Path("/dev/fd").iterdir()))

    before = descriptors()
    path = tmp_path / "a.mnheme"
    log = Log(path)
    for _ in range(5):
        append(log, b"{}")
        path.unlink()
    log.close()
    assert descriptors() == before


# -- when it reaches the disk ---------------------------------------------------------------------

_COUNT_SYNCS = """
import os, sys, time
from pathlib import Path
from mnemo.storage.frames import frame
from mnemo.storage.log import Log
synced = []
fsync = os.fsync
os.fsync = lambda fd: (synced.append(fd), fsync(fd))[1]
log = Log(Path(sys.argv[1]), fsync_policy=sys.argv[2])
def append():
    with log.appending() as appender:
        appender.write(frame(b"{}"))
append()
synced.clear()
"""


def syncs(tmp_path: Path, policy: str, script: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", _COUNT_SYNCS + script, str(tmp_path / "a.mnheme"), policy],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_always_syncs_each_append_before_it_returns(tmp_path: Path) -> None:
    assert (
        syncs(tmp_path, "always", "for _ in range(5):\n    append()\n    print(len(synced))")
        == "1\n2\n3\n4\n5"
    )


def test_never_leaves_it_to_the_system(tmp_path: Path) -> None:
    assert (
        syncs(tmp_path, "never", "for _ in range(200):\n    append()\nlog.close()\nprint(len(synced))") == "0"
    )


def test_batch_syncs_by_count(tmp_path: Path) -> None:
    script = """
log.sync()
synced.clear()
with log._append_lock:  # the timer cannot come in between
    for _ in range(63):
        append()
    print(len(synced))
    append()
    print(len(synced))
"""
    assert syncs(tmp_path, "batch", script) == "0\n1"


def test_batch_syncs_by_time_with_nobody_asking(tmp_path: Path) -> None:
    script = """
deadline = time.monotonic() + 20
for turn in (1, 2):
    append()
    while len(synced) < turn and time.monotonic() < deadline:
        time.sleep(0.01)
print(len(synced))
"""
    assert int(syncs(tmp_path, "batch", script)) >= 2


@pytest.mark.parametrize("end", ["log.close()", "log.sync()", "pass"])
def test_batch_syncs_at_the_end(tmp_path: Path, end: str) -> None:
    script = f"""
import atexit
log.sync()
synced.clear()
append()
{end}
atexit.register(lambda: print(bool(synced)))
"""
    assert syncs(tmp_path, "batch", script) == "True"


def test_the_system_calls_are_made(tmp_path: Path) -> None:
    """One write and one fsync for one append of many frames, seen from outside."""
    strace = ["strace", "-f", "-e", "trace=fsync,write,pwrite64,writev", "-e", "signal=none"]
    try:
        subprocess.run([*strace, "true"], check=True, capture_output=True, timeout=30)
    except (OSError, subprocess.SubprocessError):
        pytest.skip("no strace here")
    script = f"""
import os
from mnemo import MemoryDB
db = MemoryDB({str(tmp_path / "a.mnheme")!r})
db.remember("c", "joy", "made")
os.write(2, b"BEGIN")
db.remember_many({{"concept": "c", "feeling": "joy", "content": "x"}} for _ in range(100))
os.write(2, b"END")
"""
    done = subprocess.run(
        [*strace, sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True
    )
    during = done.stderr.partition("BEGIN")[2].partition("END")[0].splitlines()
    assert sum("fsync(" in line for line in during) == 1
    assert sum("MNE" in line and "write(" in line for line in during) == 1


def test_flock_is_released_on_every_way_out(tmp_path: Path) -> None:
    path = tmp_path / "a.mnheme"
    log = Log(path)
    append(log, b"{}")
    with pytest.raises(RuntimeError), log.appending():
        raise RuntimeError
    with path.open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
    log.close()
