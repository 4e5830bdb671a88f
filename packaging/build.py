"""Builds the packages of this system into dist/: `python packaging/build.py`. docs/releasing.md says what they are.

Needs what requirements-dev.txt lists, installed beside the program's own requirements.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

import icon_files
import linux_packages

ROOT = Path(__file__).resolve().parent.parent


def main(arguments: list[str] | None = None) -> int:
    """Build what was asked for; return the exit status."""
    parser = argparse.ArgumentParser(description="Build the packages of this system.")
    parser.add_argument("--output", type=Path, default=ROOT / "dist", help="the folder to build into")
    parser.add_argument("--work", type=Path, default=ROOT / "build", help="the folder for what the build keeps")
    parser.add_argument("--compression", default="xz", help="how the .deb is compressed")
    options = parser.parse_args(arguments)
    icons = options.work / "icons"
    icon_files.write_icons(icons)
    build_folder(options.output, options.work)
    if sys.platform == "linux":
        from config import VERSION  # icon_files has set the path

        program = options.output / "hls-converter"
        if shutil.which("dpkg-deb"):  # elsewhere than on Debian and its children there is no .deb
            linux_packages.make_deb(program, icons, options.output, version=VERSION, compression=options.compression)
        linux_packages.make_app_folder(program, icons, options.output, version=VERSION)
    return 0


def build_folder(output: Path, work: Path) -> None:
    """Let PyInstaller build the program's folder, `hls-converter` in `output`."""
    command = [sys.executable, "-m", "PyInstaller", "--noconfirm", "--log-level", "WARN"]
    command += ["--workpath", str(work), "--distpath", str(output), str(ROOT / "packaging/hls-converter.spec")]
    subprocess.run(command, check=True, cwd=work)


if __name__ == "__main__":
    sys.exit(main())
