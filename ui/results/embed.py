"""The lines of HTML that show a stream in a web page. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

HLS_JS = "https://cdn.jsdelivr.net/npm/hls.js@1/dist/hls.min.js"
"""Where browsers that play no HLS themselves find hls.js; its own documentation names this address."""


def embed_code(addresses: Mapping[str, str], title: str) -> str:
    """Return the code for a page, empty where the stream has no address.

    Safari, Chrome and others play it by themselves, and nothing is fetched from elsewhere then. What a browser says of
    itself is no proof, so hls.js takes over where that fails (https://github.com/video-dev/hls.js/issues/7827).
    """
    master = addresses.get("master.m3u8", "")
    if not master:
        return ""
    poster = addresses.get("poster.jpg", "")
    picture = f' poster="{escape(poster)}"' if poster else ""
    return f"""\
<video controls playsinline preload="metadata" title="{escape(title)}" src="{escape(master)}"{picture}
 style="width: 100%; aspect-ratio: 16 / 9; background: #000"></video>
<script>
(video => {{
  const source = video.src;
  const playThroughLibrary = () => {{
    const script = document.createElement("script");
    script.src = "{HLS_JS}";
    script.onload = () => {{
      const hls = new Hls();
      hls.loadSource(source);
      hls.attachMedia(video);
    }};
    document.head.append(script);
  }};
  if (video.canPlayType("application/vnd.apple.mpegurl")) {{
    video.addEventListener("error", playThroughLibrary, {{ once: true }});
  }} else {{
    playThroughLibrary();
  }}
}})(document.currentScript.previousElementSibling);
</script>
"""
