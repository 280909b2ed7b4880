"""Where a source's files are, and how an archive is opened without trusting a name in it."""

from __future__ import annotations

import errno
import io
import stat
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO, Any, BinaryIO, Final, cast

from ..errors import ImportRefusedError
from ..media import Media
from ..memory import Attachment, Memory
from ..pool import Incoming
from .records import Defaults

__all__ = ["Archive", "ReaderBeside", "beside"]

_MAX_MEMBERS: Final = 200_000
# Text shrinks ten times, photos not at all; a bomb a thousand times.
_MAX_RATIO: Final = 100
_SLACK: Final = 1 << 20
_DAMAGE: Final = (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError, OSError)
_LOCAL_HEADER: Final = 30  # bytes before a member's name and content


def beside(path: Path) -> Path:
    """The attachments' folder that belongs to a file: ``diary.jsonl`` -> ``diary_files``."""
    return path.with_name(f"{path.stem}_files")


class ReaderBeside:
    """What readers share whose files lie beside their source, in the layout of mnemo's own."""

    def __init__(self, path: Path, defaults: Defaults) -> None:
        self.path = path
        self.defaults = defaults
        self._media = Media(beside(path))
        self._there = self._media.root.is_dir()

    def file_of(self, memory: Memory, attachment: Attachment) -> Incoming | None:
        """The bytes of an attachment that the record names; None where they are not there."""
        if not self._there:
            return None
        path = self._media.file_of(memory, attachment).path
        return None if path is None else Incoming.from_path(path, attachment.name)

    def unnamed(self, memory: Memory) -> Iterator[Incoming]:
        """Files that only the folder says to be the memory's, as the reference engine leaves them."""
        if self._there and not memory.attachments:
            for found in self._media.files_of(memory):
                if found.path is not None:
                    yield Incoming.from_path(found.path, found.name)


class Archive:
    """A zip from outside, read member by member and never unpacked to a path.

    Raises:
        ImportRefusedError: it is no zip, or no honest one: names that lead outside, links, encrypted
            members, overlapping ones, or sizes that only a bomb has.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._zip = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError, NotImplementedError) as error:
            raise ImportRefusedError(f"cannot read {path.name} as a zip: {error}") from None
        self._members = {member.filename: member for member in self._zip.infolist()}
        faults = tuple(self._faults())
        if faults:
            self._zip.close()
            raise ImportRefusedError(f"nothing imported: {path.name} is not a safe archive", faults)

    def _faults(self) -> Iterator[tuple[str, str]]:
        members = self._zip.infolist()
        if len(members) > _MAX_MEMBERS or len(members) != len(self._members):
            yield "archive", "too many members, or two of one name"
        end = 0
        for member in sorted(members, key=lambda member: member.header_offset):
            if member.header_offset < end:
                yield "archive", "its members overlap: it is a zip bomb"
                break
            end = member.header_offset + _LOCAL_HEADER + member.compress_size
        if sum(member.file_size for member in members) > self.path.stat().st_size * _MAX_RATIO + _SLACK:
            yield "archive", "it would unpack to more than a hundred times its size: it is a zip bomb"
        for member in members[:_MAX_MEMBERS]:
            name, where = member.filename, f"member {member.filename[:80]!r}"
            parts = PurePosixPath(name).parts
            if "\\" in name or "\0" in name or ".." in parts or name.startswith("/") or name[1:2] == ":":
                yield where, "its name leads outside the archive"
            elif stat.S_ISLNK(member.external_attr >> 16):
                yield where, "it is a link"
            elif member.flag_bits & 1:
                yield where, "it is encrypted: unpack it with your password first"
            elif member.file_size > member.compress_size * _MAX_RATIO + _SLACK:
                yield where, f"{member.file_size:,} bytes out of {member.compress_size:,}: it is a zip bomb"

    def names(self) -> list[str]:
        """The members' names, sorted."""
        return sorted(self._members)

    def read(self, name: str) -> bytes:
        """A member's content, whole.

        Raises:
            ImportRefusedError: it is damaged.
        """
        try:
            return self._zip.read(name)
        except _DAMAGE as error:
            raise ImportRefusedError(f"{self.path.name}: {name} is damaged: {error}") from None

    def incoming(self, member: str, name: str) -> Incoming:
        """A member on its way into the pool."""

        def opened() -> BinaryIO:
            # An archive of its own for each: members are read in several threads.
            try:
                with zipfile.ZipFile(self.path) as archive:
                    # The member keeps the file open for itself.
                    return cast("BinaryIO", _Member(archive.open(member)))
            except _DAMAGE as error:
                raise OSError(errno.EIO, f"{member} is damaged: {error}") from None

        return Incoming(name, opened)


class _Member(io.RawIOBase):
    """A member's content; damage is an error of input like any other."""

    def __init__(self, member: IO[bytes]) -> None:
        self._member = member

    def readinto(self, buffer: Any, /) -> int:
        try:
            data = self._member.read(len(buffer))
        except _DAMAGE as error:
            raise OSError(errno.EIO, f"{self._member.name} is damaged: {error}") from None
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._member.close()
        super().close()
