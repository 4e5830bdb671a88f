"""Linux: progress on the docks and task managers that listen to the launcher's signal on the session bus.

KDE Plasma, Ubuntu's dock, Dash to Dock and Plank do. They find the program by the name of its menu entry
(https://wiki.ubuntu.com/Unity/LauncherAPI, "Low level DBus API: com.canonical.Unity.LauncherEntry").
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from jeepney import DBusAddress, new_signal
from jeepney.io.blocking import open_dbus_connection

from ui.open_with.desktop_entry import FILE_NAME
from ui.taskbar.background import Show
from ui.taskbar.progress import Standing, TaskbarProgress

MENU_ENTRY = f"application://{FILE_NAME}"
INTERFACE = "com.canonical.Unity.LauncherEntry"
PATH = "/com/canonical/unity/launcherentry/"


@contextmanager
def shown_by_launcher() -> Iterator[Show]:
    """Connect to the session bus and yield what shows progress there. Raises whatever the bus fails with."""
    address = DBusAddress(f"{PATH}{os.getpid()}", interface=INTERFACE)
    with open_dbus_connection("SESSION") as bus:
        yield lambda progress: bus.send(
            new_signal(address, "Update", "sa{sv}", (MENU_ENTRY, launcher_properties(progress)))
        )


def launcher_properties(progress: TaskbarProgress) -> dict[str, tuple[str, object]]:
    """Return the properties of the launcher's entry, each with its D-Bus type. There is none for a pause."""
    under_way = progress.standing in (Standing.RUNNING, Standing.PAUSED)
    return {
        "progress": ("d", progress.percent / 100),
        "progress-visible": ("b", under_way),
        "urgent": ("b", progress.attention),
    }
