"""The program's entry in the menus of Linux desktops, with the types of files that it is offered for. Pure.

Desktop Entry Specification 1.5, https://specifications.freedesktop.org/desktop-entry-spec/latest/
"""

from __future__ import annotations

from collections.abc import Sequence

FILE_NAME = "hls-converter.desktop"
ICON = "hls-converter"
WINDOW_CLASS = "Hls-converter"
"""By which a desktop finds the menu entry, and with it the name and the icon, of the window (ICCCM, WM_CLASS)."""

TYPES = (
    *("video/mp4", "video/quicktime", "video/x-matroska", "video/x-msvideo", "video/webm", "video/x-m4v"),
    *("video/mpeg", "video/mp2t", "video/x-ms-wmv", "video/x-flv", "video/ogg", "application/mxf"),
)

RESERVED = frozenset(" \t\n\"'\\><~|&;$*?#()`")
"""Characters with a meaning in a command line: an argument that has one stands in quotes ("The Exec key")."""


def desktop_entry(command: Sequence[str], comment: str = "") -> str:
    """Return the entry of a program that `command` starts, whose window takes files; `comment` is a line above it."""
    fields = {
        "Type": "Application",
        "Name": "HLS Converter",
        "GenericName": "Video converter",
        "Comment": "Turn videos into HLS streams with captions, and upload them",
        "Exec": " ".join([*map(_argument, _findable(command)), "%F"]),
        "Icon": ICON,
        "Terminal": "false",
        "Categories": "AudioVideo;Video;AudioVideoEditing;",
        "Keywords": "video;HLS;stream;captions;subtitles;upload;",
        "MimeType": "".join(f"{kind};" for kind in TYPES),
        "StartupNotify": "true",
        "StartupWMClass": WINDOW_CLASS,
    }
    lines = [comment, "[Desktop Entry]"] if comment else ["[Desktop Entry]"]
    return "\n".join([*lines, *(f"{key}={value}" for key, value in fields.items()), ""])


def _findable(command: Sequence[str]) -> Sequence[str]:
    """Return a command whose program GLib finds: it looks for a percent sign with its escape, and takes no entry whose
    program is not there (2.74, g_desktop_app_info_load_from_keyfile).
    """
    return ["env", *command] if "%" in command[0] else command


def _argument(text: str) -> str:
    """Return an argument of a command line; quotes have their own escapes, and all strings of the file theirs."""
    if RESERVED.intersection(text):
        text = '"' + "".join(f"\\{sign}" if sign in '"`$\\' else sign for sign in text) + '"'
    return text.replace("\\", "\\\\").replace("%", "%%")
