"""The icon as the files that desktops want, drawn as the window draws it: PNG, ICO and ICNS."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from ui.icon import DRAWN, drawn  # the path above must be set first

PNG_SIZES = (16, 32, 48, 64, 128, 256, 512)
ICO_SIZES = [(size, size) for size in (16, 24, 32, 48, 64, 128, 256)]


def write_icons(folder: Path) -> None:
    """Write all files into a folder, which is made if need be."""
    folder.mkdir(parents=True, exist_ok=True)
    icon = drawn(DRAWN)
    for size in PNG_SIZES:
        drawn(size).save(folder / f"hls-converter-{size}.png")
    icon.save(folder / "hls-converter.ico", sizes=ICO_SIZES)
    icon.save(folder / "hls-converter.icns")
