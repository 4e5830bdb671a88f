"""The page that plays one stream, and the files that it needs: hls.js, its script and its style."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from string import Template

from fastapi.responses import FileResponse, HTMLResponse, Response
from starlette.exceptions import HTTPException

_FOLDER = Path(__file__).parents[1] / "player"
_ASSETS = {"hls.min.js": "text/javascript", "watch.js": "text/javascript", "style.css": "text/css"}
_MARKUP = ("streams", "more", "poster", "home")
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' https: http: data:; "
    # hls.js gives the browser blobs and texts, and works in a worker made of a blob; a stream may lead elsewhere
    "media-src 'self' https: http: blob: data:; connect-src 'self' https: http:; worker-src blob:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors "
)

CAPTIONS_MARK = b"-->"
"""What a WebVTT file with cues has: without speech there is a file, and no cue."""

CAPTIONS_HEAD_BYTES = 1 << 16
"""How much of such a file is looked at: only its head, styles and notes stand before the first cue."""


def watch_page(
    *,
    base: str,
    name: str,
    source: str,
    captions: str = "",
    chapters: str = "",
    poster: str = "",
    lists: bool = True,
    embedding: Sequence[str] = ("'self'",),
) -> Response:
    """Return the page of a stream.

    Args:
        base: the path below which `player/` is served; the list of streams too where `lists` says that there is one.
        name: what people know the stream by.
        source: the address of the master playlist.
        captions: of the captions for browsers that leave the stream's own out, empty where there are none.
        chapters: of the chapters as JSON, empty where there are none.
        poster: of the picture before the start, empty where there is none.
        lists: whether the page has a link to the list.
        embedding: the origins that may show the page in a frame, as Content-Security-Policy names them.
    """
    return filled_page(
        "watch.html",
        base=base,
        embedding=embedding,
        name=name,
        source=source,
        captions=captions,
        chapters=chapters,
        poster=f'poster="{escape(poster)}"' if poster else "",
        home=home_link(base) if lists else "",
    )


def page_headers(embedding: Sequence[str] = ()) -> dict[str, str]:
    """Return the headers of a page: only our own scripts run in it, and only these origins may show it in a frame.

    Source: W3C, Content Security Policy Level 3.
    """
    return {
        "Content-Security-Policy": _POLICY + (" ".join(embedding) or "'none'"),
        "Referrer-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
    }


def home_link(base: str) -> str:
    """Return the link to the list of streams."""
    return f'<a href="{escape(base)}/">All streams</a>'


def player_file(name: str) -> Response:
    """Return one of the player's own files. Raises HTTPException for any other name."""
    if name not in _ASSETS:
        raise HTTPException(404)
    return FileResponse(_FOLDER / name, media_type=_ASSETS[name], headers={"Cache-Control": "no-cache"})


def filled_page(file: str, *, base: str, status: int = 200, embedding: Sequence[str] = (), **values: str) -> Response:
    """Return a page with its values. They are escaped, but for those that are markup already."""
    filled = {name: value if name in _MARKUP else escape(value) for name, value in values.items()}
    text = Template((_FOLDER / file).read_text(encoding="utf-8")).substitute(base=escape(base), **filled)
    return HTMLResponse(text, status_code=status, headers=page_headers(embedding))
