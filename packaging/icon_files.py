"""The icon as the files that desktops want, drawn as the window draws it: PNG, ICO and ICNS."""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from ui.icon import spans  # the path above must be set first

DRAWN = 1024
"""Pixels; the files are made from this by scaling it down, which smooths the edges."""

PNG_SIZES = (16, 32, 48, 64, 128, 256, 512)
ICO_SIZES = [(size, size) for size in (16, 24, 32, 48, 64, 128, 256)]


def drawn(size: int) -> Image.Image:
    """Return the icon in so many pixels, transparent around its corners."""
    image = Image.new("RGBA", (size, size), (0, 0, 0, 0))
    for colour, y, left, right in spans(size):
        image.paste(colour, (left, y, right, y + 1))
    return image


def write_icons(folder: Path) -> None:
    """Write all files into a folder, which is made if need be."""
    folder.mkdir(parents=True, exist_ok=True)
    icon = drawn(DRAWN)
    for size in PNG_SIZES:
        icon.resize((size, size), Image.Resampling.LANCZOS).save(folder / f"hls-converter-{size}.png")
    icon.save(folder / "hls-converter.ico", sizes=ICO_SIZES)
    icon.save(folder / "hls-converter.icns")
