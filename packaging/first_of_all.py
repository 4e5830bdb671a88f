"""What a packaged program does before anything else; PyInstaller runs it before `hls_converter.py`."""

import os
import sys

# Other programs, such as a browser, must not load the libraries that the package brings. Its own executable sets the
# path anew for itself (https://github.com/pyinstaller/pyinstaller/issues/1759).
if "LD_LIBRARY_PATH" in os.environ:
    del os.environ["LD_LIBRARY_PATH"]
    if "LD_LIBRARY_PATH_ORIG" in os.environ:
        os.environ["LD_LIBRARY_PATH"] = os.environ.pop("LD_LIBRARY_PATH_ORIG")

# Windows gives a program without a console no standard streams, and libraries write to them without looking
# (https://github.com/tqdm/tqdm/issues/1523).
if sys.stdout is None:
    sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115  # as long as the program runs
if sys.stderr is None:
    sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
