"""The questions of the editor's window, in words. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from transcripts.merge import Side
from ui.transcripts.state import EditorState, Question


class Answer(Enum):
    """What an editor can answer."""

    ACCEPT = "accept"
    DISCARD = "discard"
    SAVE = "save"
    SAVE_DECIDED = "save decided"
    CREATE_AGAIN = "create again"
    SAVE_AND_CLOSE = "save and close"
    CLOSE = "close"
    LEAVE = "leave"
    WITHDRAW = "withdraw"


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A button of a question. `default` gets the keyboard: never one that takes something away."""

    label: str
    answer: Answer
    default: bool = False
    enabled: bool = True


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A question: a title, a sentence beneath it, and its buttons."""

    title: str
    text: str
    choices: tuple[Choice, ...]


def asked(state: EditorState) -> Asked | None:
    """Return what the editor is asked, None for nothing."""
    match state.question:
        case Question.NONE:
            return None
        case Question.RECOVERED:
            return _recovered(state)
        case Question.SAVE:
            return Asked(
                title="Save to S3?",
                text=f"{state.source_uri} is replaced ({state.changes}). What others have saved meanwhile is merged.",
                choices=(
                    Choice(label="Save", answer=Answer.SAVE, default=True),
                    Choice(label="Not now", answer=Answer.WITHDRAW),
                ),
            )
        case Question.COLLISIONS:
            return _collisions(state)
        case Question.DELETED:
            return Asked(
                title="The dataset was deleted on S3. Save it as a new one?",
                text=f"Somebody has deleted {state.source_uri}. Your work is kept on this computer either way.",
                choices=(
                    Choice(label="Save as new", answer=Answer.CREATE_AGAIN),
                    Choice(label="Not now", answer=Answer.WITHDRAW, default=True),
                ),
            )
        case Question.CLOSE:
            return Asked(
                title="Close with unsaved changes?",
                text=(
                    f"Not on S3 yet: {state.changes}. Without saving, they are kept on this computer and are there "
                    "when you open the dataset again."
                ),
                choices=(
                    Choice(label="Save and close", answer=Answer.SAVE_AND_CLOSE, default=True),
                    Choice(label="Close without saving", answer=Answer.CLOSE),
                    Choice(label="Keep editing", answer=Answer.WITHDRAW),
                ),
            )
        case Question.NOT_WRITTEN:
            return Asked(
                title="Not everything could be written.",
                text="The changes are kept in the dataset's journal and offered when it is opened again.",
                choices=(Choice(label="Close window", answer=Answer.LEAVE, default=True),),
            )


def _recovered(state: EditorState) -> Asked:
    count = len(state.recovered_conflicts)
    both = ""
    if count:
        rows = "One row was" if count == 1 else f"{count} rows were"
        both = f" {rows} changed by somebody else too, and would get your values back."
    return Asked(
        title="Restore what was not saved?",
        text=f"A session that ended unexpectedly left changes that were not saved: {state.recovered}.{both}",
        choices=(
            Choice(label="Restore", answer=Answer.ACCEPT, default=True),
            Choice(label="Discard", answer=Answer.DISCARD),
        ),
    )


def _collisions(state: EditorState) -> Asked:
    left = state.undecided
    text = "Choose for each which counts." if left == len(state.collisions) else f"{left} left to decide."
    return Asked(
        title="Somebody else has changed the same.",
        text=text if left else "All are decided.",
        choices=(
            Choice(label="Save", answer=Answer.SAVE_DECIDED, enabled=not left),
            Choice(label="Not now", answer=Answer.WITHDRAW, default=True),
        ),
    )


SIDES = {Side.OURS: "mine", Side.THEIRS: "on S3"}
"""What the two sides are called."""
