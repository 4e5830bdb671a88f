"""Windows: progress on the button of the window, by the shell's interface ITaskbarList3.

Microsoft's shobjidl_core.h has the numbers and the order of the methods.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum

from ui.taskbar.background import Show
from ui.taskbar.progress import Standing, TaskbarProgress


class Flag(IntEnum):
    """TBPFLAG: how the bar is shown, where it is."""

    NO_PROGRESS = 0
    NORMAL = 2
    ERROR = 4
    PAUSED = 8


FLAGS = {
    Standing.NONE: Flag.NO_PROGRESS,
    Standing.RUNNING: Flag.NORMAL,
    Standing.PAUSED: Flag.PAUSED,
    Standing.FAILED: Flag.ERROR,
}


def taskbar_calls(progress: TaskbarProgress) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """Return the methods that show it, in their order, with what follows the window among their arguments."""
    state = ("SetProgressState", (int(FLAGS[progress.standing]),))
    if progress.standing is Standing.NONE:
        return (state,)
    # the value first would make a bar that stood still green for a moment
    return state, ("SetProgressValue", (progress.percent, 100))


if sys.platform == "win32":
    import ctypes
    from ctypes import wintypes
    from uuid import UUID

    TASKBAR_LIST = UUID("56FDF344-FD6D-11D0-958A-006097C9A090")
    TASKBAR_LIST_3 = UUID("EA1AFB91-9E28-4B86-90E9-9E9F8A5EEFAF")
    IN_PROCESS = 1
    """CLSCTX_INPROC_SERVER."""

    METHODS = {
        "Release": ctypes.WINFUNCTYPE(ctypes.c_ulong)(2, "Release"),
        "HrInit": ctypes.WINFUNCTYPE(ctypes.HRESULT)(3, "HrInit"),
        "SetProgressValue": ctypes.WINFUNCTYPE(ctypes.HRESULT, wintypes.HWND, ctypes.c_ulonglong, ctypes.c_ulonglong)(
            9, "SetProgressValue"
        ),
        "SetProgressState": ctypes.WINFUNCTYPE(ctypes.HRESULT, wintypes.HWND, ctypes.c_int)(10, "SetProgressState"),
    }
    """By their places in the interface's table, those of IUnknown and of the earlier interfaces counted."""

    @contextmanager
    def shown_by_windows(window: int) -> Iterator[Show]:
        """Ask the shell for its taskbar and yield what shows progress on the button of a window. Raises OSError."""
        ole = ctypes.OleDLL("ole32")  # raises what a call returns as an error
        ole.CoInitialize(None)
        try:
            taskbar = ctypes.c_void_p()
            ole.CoCreateInstance(
                ctypes.c_char_p(TASKBAR_LIST.bytes_le),
                None,
                wintypes.DWORD(IN_PROCESS),
                ctypes.c_char_p(TASKBAR_LIST_3.bytes_le),
                ctypes.byref(taskbar),
            )
            try:
                METHODS["HrInit"](taskbar)

                def show(progress: TaskbarProgress) -> None:
                    for method, arguments in taskbar_calls(progress):
                        METHODS[method](taskbar, window, *arguments)

                yield show
            finally:
                METHODS["Release"](taskbar)
        finally:
            ole.CoUninitialize()
