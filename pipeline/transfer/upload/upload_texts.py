"""The texts about an upload as a whole, whose wording is fixed. Knows no upload."""

from __future__ import annotations

VALIDATING = "Validating..."
UPDATING = "Updating session..."
ADDING_RECORD = "Adding the file record..."
RESUME = " Resume anytime."
"""How an upload that was cancelled goes on; a front end that says it in words of its own leaves it out."""
COMPLETE = "Upload complete!"


def failed_text(count: int) -> str:
    """Return what stands beside the bar when so many files could not be sent; 0 where it failed as a whole."""
    return f"Upload failed ({_files(count)}). Check logs." if count else "Upload failed. Check logs."


def cancelled_text(files_done: int, files_total: int) -> str:
    """Return what stands beside the bar when the editor stopped the upload."""
    return f"Upload cancelled. {files_done}/{files_total} files uploaded.{RESUME}"


def _files(count: int) -> str:
    return "1 file" if count == 1 else f"{count} files"
