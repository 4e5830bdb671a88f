"""Whether the program is offered for videos, and the same in a sentence. Pure."""

from __future__ import annotations

from enum import Enum

TAKE_BUNDLE = "macOS offers programs for files only as applications: use HLS Converter.app, which it does offer."


class Offered(Enum):
    """Whether file managers offer the program for videos, and by whose doing."""

    NO = "no"
    YES = "yes"
    BY_PACKAGE = "by the package"
    IMPOSSIBLE = "impossible"


SENTENCES = {
    Offered.NO: "File managers do not offer this program for videos.",
    Offered.YES: "File managers offer this program under Open with. What a double-click opens has stayed as it was.",
    Offered.BY_PACKAGE: "File managers offer this program for videos: its package sees to that.",
    Offered.IMPOSSIBLE: TAKE_BUNDLE,
}
