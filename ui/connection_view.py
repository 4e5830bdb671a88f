"""How the test of the connection to the backend went, as it is shown beside its button. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from ui.banners import Tone
from ui.messages import ConnectionForgotten, ConnectionTested, ConnectionTesting


@dataclass(frozen=True, kw_only=True)
class ConnectionView:
    """What is shown beside Test Connection."""

    number: int = 0
    testing: bool = False
    text: str = ""
    tone: Tone = Tone.PLAIN

    @property
    def shown(self) -> bool:
        """Whether a test is under way or has been made."""
        return self.tone is not Tone.PLAIN


NOT_TESTED = ConnectionView()


def tested(view: ConnectionView, message: ConnectionTesting | ConnectionTested | ConnectionForgotten) -> ConnectionView:
    """Return what is shown after a message; a test that is not the latest changes nothing."""
    match message:
        case ConnectionTesting():
            return ConnectionView(number=message.number, testing=True, text="Testing…", tone=Tone.BUSY)
        case ConnectionForgotten():
            return ConnectionView(number=view.number + 1)
        case ConnectionTested():
            if message.number != view.number:
                return view
            good = ("✓", Tone.GOOD) if message.token_tried else ("⚠", Tone.WARNING)
            mark, tone = good if message.ok else ("✗", Tone.BAD)
            return ConnectionView(number=view.number, text=f"{mark} {message.text}", tone=tone)
