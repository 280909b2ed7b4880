"""The terminal's driver: whole after any stop, and at peace with a terminal that has gone."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, TextIO, cast

from textual.drivers.linux_driver import LinuxDriver

if TYPE_CHECKING:
    from textual.app import App
    from textual.driver import Driver

__all__ = ["Quiet", "TerminalDriver", "driver_for"]


class Quiet:
    """Where the screen is drawn; nothing any more once the terminal has gone.

    An error would end Textual's thread that writes, and whoever then fills its queue would wait for ever.
    """

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self.fileno = file.fileno

    def write(self, text: str) -> None:
        """Draw."""
        with suppress(OSError):
            self._file.write(text)

    def flush(self) -> None:
        """Show what was drawn."""
        with suppress(OSError):
            self._file.flush()


class TerminalDriver(LinuxDriver):
    """Textual's own, but for its end and for what stops it."""

    def __init__(
        self, app: App[None], *, debug: bool = False, mouse: bool = True, size: tuple[int, int] | None = None
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        self._file = cast("Any", Quiet(cast("TextIO", self._file)))

    def go_on(self) -> None:
        """Take the terminal back, which may have been another's meanwhile, after a stop.

        Textual does so within the signal's handler, whatever that interrupts, and begins to read and write
        in threads anew even where it never ended them: after another's SIGSTOP two would read the keys. A
        terminal that closes sends SIGCONT as well; the app ends then.
        """
        if self._app._exit or not self._auto_restart:
            return
        if not self._must_signal_resume:  # it was not the user's Ctrl+Z
            self.suspend_application_mode()
            self._must_signal_resume = True
        self.resume_application_mode()


def driver_for(chosen: type[Driver]) -> type[Driver]:
    """Ours in the place of Textual's for a terminal; any other that the user chose stays."""
    return TerminalDriver if chosen is LinuxDriver else chosen
