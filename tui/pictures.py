"""Pictures in half blocks: two pixels to a cell, for terminals that show colours."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, Final

from rich.style import Style
from rich.text import Text

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["half_blocks"]

_SMALLEST: Final = 2


def half_blocks(path: Path, columns: int, rows: int) -> tuple[Text, ...]:
    """Draw the picture in a file within ``columns`` x ``rows`` cells; empty if it is none that can be read.

    Pictures that would unpack to more than Pillow's limit are left alone.
    """
    from PIL import Image, ImageOps  # noqa: PLC0415 -- only for memories with pictures

    size = (max(_SMALLEST, columns), max(_SMALLEST, rows * 2))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as source:
                source.draft("RGB", (size[0] * 2, size[1] * 2))
                picture = ImageOps.exif_transpose(source).convert("RGBA")
                picture.thumbnail(size)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        return ()
    ground = Image.new("RGBA", picture.size, (128, 128, 128, 255))
    pixels = Image.alpha_composite(ground, picture).convert("RGB").load()
    if pixels is None:
        return ()
    width, height = picture.size
    lines = []
    for y in range(0, height, 2):
        line = Text(no_wrap=True)
        for x in range(width):
            upper = Style(color=_hex(pixels[x, y]))
            lower = Style(bgcolor=_hex(pixels[x, y + 1])) if y + 1 < height else Style()
            line.append("▀", upper + lower)
        lines.append(line)
    return tuple(lines)


def _hex(pixel: Any) -> str:
    red, green, blue = pixel
    return f"#{red:02x}{green:02x}{blue:02x}"
