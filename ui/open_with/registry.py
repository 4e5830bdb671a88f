"""Windows: a kind of file of the program's own, which the endings of videos name among those that open them.

Microsoft, "How to Include an Application on the Open With Dialog Box": OpenWithProgids adds, and changes no default.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from installation import window_command
from pipeline.errors import OutputError
from pipeline.files import VIDEO_SUFFIXES
from ui.open_with.offered import Offered

CLASSES = "Software\\Classes"
KIND = "HLSConverter.Video"
PACKAGED = "Applications\\hls-converter-gui.exe"
"""What the installer writes."""


@dataclass(frozen=True, kw_only=True)
class RegistryValue:
    """A value of a key below `Software\\Classes`; the key's own one has no name."""

    key: str
    name: str = ""
    data: str = ""


def registry_values(command: Sequence[str]) -> tuple[RegistryValue, ...]:
    """Return what offers a program that `command` starts for every ending of a video."""
    opened = f'{subprocess.list2cmdline(command)} "%1"'
    return (
        RegistryValue(key=KIND, data="Video"),
        RegistryValue(key=f"{KIND}\\Application", name="ApplicationName", data="HLS Converter"),
        RegistryValue(key=f"{KIND}\\shell\\open\\command", data=opened),
        *(RegistryValue(key=f"{suffix}\\OpenWithProgids", name=KIND) for suffix in VIDEO_SUFFIXES),
    )


OWN_KEYS = (f"{KIND}\\shell\\open\\command", f"{KIND}\\shell\\open", f"{KIND}\\shell", f"{KIND}\\Application", KIND)
"""The program's own keys, the inner ones first: a key that has others inside can't be deleted."""


if sys.platform == "win32":
    import ctypes
    import winreg
    from contextlib import suppress

    ASSOCIATIONS_CHANGED = 0x08000000
    """SHCNE_ASSOCCHANGED."""

    class WindowsDesktop:
        """The user's own part of the registry."""

        def offered(self) -> Offered:
            """Return whether the registry has the values that start the program from where it is now."""
            if all(_read(value) == value.data for value in registry_values(window_command())):
                return Offered.YES
            return Offered.BY_PACKAGE if _read(RegistryValue(key=PACKAGED, name="FriendlyAppName")) else Offered.NO

        def offer(self) -> None:
            """Write the values. Raises OutputError."""
            try:
                for value in registry_values(window_command()):
                    with winreg.CreateKey(winreg.HKEY_CURRENT_USER, f"{CLASSES}\\{value.key}") as key:
                        winreg.SetValueEx(key, value.name, 0, winreg.REG_SZ, value.data)
            except OSError as error:
                raise OutputError(f"The registry can't be written ({error.strerror}).") from error
            _tell_explorer()

        def withdraw(self) -> None:
            """Take the values away. Raises OutputError."""
            try:
                for suffix in VIDEO_SUFFIXES:
                    with (
                        suppress(FileNotFoundError),
                        winreg.OpenKey(
                            winreg.HKEY_CURRENT_USER,
                            f"{CLASSES}\\{suffix}\\OpenWithProgids",
                            access=winreg.KEY_SET_VALUE,
                        ) as key,
                    ):
                        winreg.DeleteValue(key, KIND)
                for name in OWN_KEYS:
                    with suppress(FileNotFoundError):
                        winreg.DeleteKey(winreg.HKEY_CURRENT_USER, f"{CLASSES}\\{name}")
            except OSError as error:
                raise OutputError(f"The registry can't be written ({error.strerror}).") from error
            _tell_explorer()

    def _read(value: RegistryValue) -> str | None:
        try:
            with winreg.OpenKey(winreg.HKEY_CURRENT_USER, f"{CLASSES}\\{value.key}") as key:
                return str(winreg.QueryValueEx(key, value.name)[0])
        except OSError:
            return None

    def _tell_explorer() -> None:
        ctypes.windll.shell32.SHChangeNotify(ASSOCIATIONS_CHANGED, 0, None, None)
