"""What Linux installs of the program's folder: a tree of files, a .deb of it, and a folder as AppImages have inside.

Needs neither root nor anything but dpkg-deb, and that only for the .deb.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from ui.open_with.desktop_entry import FILE_NAME, desktop_entry  # the path above must be set first

FILES = Path(__file__).resolve().parent / "linux"
NAME = "hls-converter"
MAINTAINER = "HLS Converter's maintainers <hls-converter@localhost>"

CONTROL = """\
Package: {name}
Version: {version}
Architecture: {architecture}
Maintainer: {maintainer}
Installed-Size: {kilobytes}
Depends: libc6 (>= {libc})
Recommends: xdg-utils, fonts-dejavu-core
Section: video
Priority: optional
Description: Turn videos into HLS streams with captions, and upload them
 Turns a finished video into an adaptive stream that every web player plays,
 with an MP4 for offline viewing and automatic captions, checks it, and uploads
 it through your own backend. It brings its own Python and ffmpeg.
"""

APP_RUN = """\
#!/bin/sh
exec "$(dirname "$(readlink -f "$0")")/usr/lib/hls-converter/hls-converter" "$@"
"""


def lay_out(program: Path, icons: Path, root: Path, *, version: str) -> None:
    """Make the tree `usr/` below `root`: program, commands, menu entry, metadata and icons.

    The program's files are linked rather than copied where that is possible.
    """
    shutil.copytree(program, root / "usr/lib" / NAME, symlinks=True, copy_function=_linked)
    commands = root / "usr/bin"
    commands.mkdir(parents=True)
    for command in (NAME, f"{NAME}-gui"):
        (commands / command).symlink_to(f"../lib/{NAME}/{NAME}")
    share = root / "usr/share"
    (share / "applications").mkdir(parents=True)
    _write_menu_entry(share / "applications")
    (share / "metainfo").mkdir()
    metainfo = (FILES / f"{NAME}.metainfo.xml").read_text(encoding="utf-8")
    metainfo = metainfo.replace("@VERSION@", version).replace("@DATE@", date.today().isoformat())
    (share / "metainfo" / f"{NAME}.metainfo.xml").write_text(metainfo, encoding="utf-8")
    for icon in icons.glob(f"{NAME}-*.png"):
        size = icon.stem.rpartition("-")[2]
        folder = share / f"icons/hicolor/{size}x{size}/apps"
        folder.mkdir(parents=True)
        shutil.copy(icon, folder / f"{NAME}.png")
    documents = share / "doc" / NAME
    documents.mkdir(parents=True)
    for text in ("LICENSE", "NOTICE"):
        shutil.copy(FILES.parent.parent / text, documents)


def make_deb(program: Path, icons: Path, folder: Path, *, version: str, compression: str = "xz") -> Path:
    """Make the Debian package and return its path; `compression` is one that dpkg-deb knows."""
    root = folder / "deb"
    shutil.rmtree(root, ignore_errors=True)
    lay_out(program, icons, root, version=version)
    architecture = _said(["dpkg", "--print-architecture"])
    control = CONTROL.format(
        name=NAME,
        version=version,
        architecture=architecture,
        maintainer=MAINTAINER,
        kilobytes=sum(path.lstat().st_size for path in root.rglob("*")) // 1024,
        libc=platform.libc_ver()[1] or "2.31",
    )
    (root / "DEBIAN").mkdir()
    (root / "DEBIAN/control").write_text(control, encoding="utf-8")
    package = folder / f"{NAME}_{version}_{architecture}.deb"
    _said(["dpkg-deb", "--root-owner-group", f"-Z{compression}", "--build", str(root), str(package)])
    shutil.rmtree(root)
    return package


def make_app_folder(program: Path, icons: Path, folder: Path, *, version: str) -> Path:
    """Make a folder that runs from anywhere, as `appimagetool` takes it, and return its path."""
    root = folder / "HLS_Converter.AppDir"
    shutil.rmtree(root, ignore_errors=True)
    lay_out(program, icons, root, version=version)
    start = root / "AppRun"
    start.write_text(APP_RUN, encoding="utf-8")
    start.chmod(0o755)
    _write_menu_entry(root)
    shutil.copy(icons / f"{NAME}-256.png", root / f"{NAME}.png")
    (root / ".DirIcon").symlink_to(f"{NAME}.png")
    return root


def _write_menu_entry(folder: Path) -> None:
    (folder / FILE_NAME).write_text(desktop_entry([f"{NAME}-gui"]), encoding="utf-8")


def _linked(source: str, target: str) -> str:
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:  # another file system
        shutil.copy2(source, target, follow_symlinks=False)
    return target


def _said(command: list[str]) -> str:
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
