"""Facts of finished steps, where a test cares for little of them."""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.facts import HlsFacts, UploadFacts

ENCODED = HlsFacts(duration_s=1.0, renditions=())


def uploaded(*, prefix: str = "a/", urls: Mapping[str, str] | None = None) -> UploadFacts:
    """What an upload to a place leaves."""
    return UploadFacts(
        prefix=prefix, backend_url="https://backend", session_id=None, keys={}, urls=urls or {}, log="upload_log_1.txt"
    )
