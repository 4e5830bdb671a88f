"""A page that plays a passage of a video again and again, for the browser. Pure but for `open_in_browser`."""

from __future__ import annotations

import html
import json
import tempfile
import webbrowser
from pathlib import Path

from pipeline.errors import ToolError

PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{title}</title>
<style>body{{margin:0;background:#212529;color:#f8f9fa;font-family:sans-serif}}video{{width:100%;max-height:85vh}}
p{{margin:1em}}</style>
<video id="video" src="{source}" controls autoplay></video><p>{text}</p>
<script>
const video = document.getElementById("video"), passage = {passage};
video.addEventListener("loadedmetadata", () => {{ video.currentTime = passage.start; }});
video.addEventListener("timeupdate", () => {{
  if (video.currentTime >= passage.end) video.currentTime = passage.start;
}});
</script>
</html>
"""


def page(video: Path, start_s: float, end_s: float, text: str) -> str:
    """Return a page that plays a video from one time to another, in a loop, with a text beneath it."""
    passage = json.dumps({"start": round(start_s, 3), "end": round(max(end_s, start_s + 0.1), 3)})
    source = html.escape(video.absolute().as_uri())
    return PAGE.format(title=html.escape(video.name), source=source, text=html.escape(text), passage=passage)


def open_in_browser(video: Path, start_s: float, end_s: float, text: str) -> Path:
    """Play a passage of a file in the browser; return the page. Raises ToolError."""
    folder = Path(tempfile.mkdtemp(prefix="hls-converter-"))
    path = folder / "passage.html"
    path.write_text(page(video, start_s, end_s, text), encoding="utf-8")
    if not webbrowser.open(path.as_uri()):
        raise ToolError("No browser was found that could play the passage: install one.")
    return path
