"""Windows only: lets a program that was started end with this one, even when this one is killed.

A job object ends all that is in it when its last handle is closed, and the system closes the handles of whatever has
ended (JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE in Microsoft's documentation of job objects).
"""

from __future__ import annotations

import sys

if sys.platform == "win32":
    import ctypes
    import functools
    from ctypes import wintypes

    EXTENDED_LIMITS = 9
    KILL_ON_JOB_CLOSE = 0x2000
    SET_QUOTA, TERMINATE = 0x0100, 0x0001
    """What a job object asks of a handle to a program (PROCESS_SET_QUOTA, PROCESS_TERMINATE)."""

    class _BasicLimits(ctypes.Structure):
        """JOBOBJECT_BASIC_LIMIT_INFORMATION."""

        _fields_ = (
            ("process_time", ctypes.c_int64),
            ("job_time", ctypes.c_int64),
            ("flags", wintypes.DWORD),
            ("least_working_set", ctypes.c_size_t),
            ("most_working_set", ctypes.c_size_t),
            ("active_processes", wintypes.DWORD),
            ("affinity", ctypes.c_size_t),
            ("priority", wintypes.DWORD),
            ("scheduling", wintypes.DWORD),
        )

    class _ExtendedLimits(ctypes.Structure):
        """JOBOBJECT_EXTENDED_LIMIT_INFORMATION."""

        _fields_ = (("basic", _BasicLimits), ("input_output", ctypes.c_uint64 * 6), ("memory", ctypes.c_size_t * 4))

    def end_with_us(process_id: int) -> None:
        """Put a program into the job object. Where the system refuses, the program only ends when it is told to."""
        kernel = _kernel()
        process = kernel.OpenProcess(SET_QUOTA | TERMINATE, False, process_id)
        kernel.AssignProcessToJobObject(_job(), process)
        kernel.CloseHandle(process)

    @functools.cache
    def _job() -> wintypes.HANDLE:
        """Return the one job object of this program; its handle is never closed by us."""
        kernel = _kernel()
        job = wintypes.HANDLE(kernel.CreateJobObjectW(None, None))
        limits = _ExtendedLimits()
        limits.basic.flags = KILL_ON_JOB_CLOSE
        kernel.SetInformationJobObject(job, EXTENDED_LIMITS, ctypes.byref(limits), ctypes.sizeof(limits))
        return job

    @functools.cache
    def _kernel() -> ctypes.WinDLL:
        kernel = ctypes.WinDLL("kernel32")
        kernel.CreateJobObjectW.restype = wintypes.HANDLE
        kernel.CreateJobObjectW.argtypes = (wintypes.LPVOID, wintypes.LPCWSTR)
        kernel.SetInformationJobObject.argtypes = (wintypes.HANDLE, ctypes.c_int, wintypes.LPVOID, wintypes.DWORD)
        kernel.OpenProcess.restype = wintypes.HANDLE
        kernel.OpenProcess.argtypes = (wintypes.DWORD, wintypes.BOOL, wintypes.DWORD)
        kernel.AssignProcessToJobObject.argtypes = (wintypes.HANDLE, wintypes.HANDLE)
        kernel.CloseHandle.argtypes = (wintypes.HANDLE,)
        return kernel
