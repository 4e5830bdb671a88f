"""Make or mend the environment in .venv: where both launchers begin.

Written so that any Python, however old, reads it far enough to say in a plain sentence that it is too old.
"""

import os
import sys

if sys.version_info < (3, 10):  # noqa: UP036  # the launchers look first, but this may be started by hand
    sys.exit(
        "HLS Converter needs Python 3.10 or newer, but this is Python "
        + ".".join(str(part) for part in sys.version_info[:2])
        + ". Install a newer one from https://www.python.org/downloads/ and start again."
    )

# PYTHONSAFEPATH and python -I leave a program's own folder out. No pathlib: this file has to run on Python 2 as well.
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120

from environment import main  # what it holds, an old Python can't read

sys.exit(main(sys.argv[1:]))
