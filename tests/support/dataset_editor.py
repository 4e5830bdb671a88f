"""Edits a dataset in a process of its own, which a test kills.

python dataset_editor.py PATH COLLECTION ID FIELD: sets the field to "1", "2", ... and prints each number after the edit
was made, until it is killed.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from transcripts.document import open_document  # the path above must be set first


def main() -> None:
    """Edit for ever."""
    path, collection, row_id, field = sys.argv[1:]
    document = open_document(Path(path))
    number = 0
    while True:
        number += 1
        document.update(collection, json.loads(row_id), **{field: str(number)})
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
