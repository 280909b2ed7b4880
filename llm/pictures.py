"""Pictures for models that see: made small, and without what a camera writes into them."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Final

from ..storage.errors import AttachmentError
from .dialects import Image

__all__ = ["read_picture"]

_LONGEST_SIDE: Final = 1568
_MAX_PIXELS: Final = 100_000_000


def read_picture(file: Path) -> Image:
    """A picture as JPEG, 1,568 pixels on its longer side at most; place and time of taking stay behind.

    Raises:
        AttachmentError: it cannot be read, or is no picture.
    """
    from PIL import Image as Pictures  # noqa: PLC0415 - slow to import
    from PIL import ImageOps  # noqa: PLC0415

    try:
        with Pictures.open(file) as opened:
            if opened.width * opened.height > _MAX_PIXELS:
                raise AttachmentError(f"{file}: the picture is too large")
            picture = ImageOps.exif_transpose(opened).convert("RGB")
    except (OSError, ValueError, SyntaxError, Pictures.DecompressionBombError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "it is no picture"
        raise AttachmentError(f"{file}: {reason}") from None
    picture.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE))
    # A new picture: nothing but its pixels comes along.
    clean = Pictures.new("RGB", picture.size)
    clean.paste(picture)
    out = io.BytesIO()
    clean.save(out, "JPEG", quality=88)
    return Image("image/jpeg", out.getvalue())
