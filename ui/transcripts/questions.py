"""The questions of the editor's window, in words. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from transcripts.merge import Side
from ui.transcripts.state import EditorState, Question


class EditorAnswer(Enum):
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
class EditorChoice:
    """A button of a question. `default` gets the keyboard: never one that takes something away."""

    label: str
    answer: EditorAnswer
    default: bool = False
    enabled: bool = True


@dataclass(frozen=True, kw_only=True)
class AskedQuestion:
    """A question: a title, a sentence beneath it, and its buttons."""

    title: str
    text: str
    choices: tuple[EditorChoice, ...]


def asked(state: EditorState) -> AskedQuestion | None:
    """Return what the editor is asked, None for nothing."""
    match state.question:
        case Question.NONE:
            return None
        case Question.RECOVERED:
            return _recovered(state)
        case Question.SAVE:
            return AskedQuestion(
                title="Save to S3?",
                text=f"{state.source_uri} is replaced ({state.changes}). What others have saved meanwhile is merged.",
                choices=(
                    EditorChoice(label="Save", answer=EditorAnswer.SAVE, default=True),
                    EditorChoice(label="Not now", answer=EditorAnswer.WITHDRAW),
                ),
            )
        case Question.COLLISIONS:
            return _collisions(state)
        case Question.DELETED:
            return AskedQuestion(
                title="The dataset was deleted on S3. Save it as a new one?",
                text=f"Somebody has deleted {state.source_uri}. Your work is kept on this computer either way.",
                choices=(
                    EditorChoice(label="Save as new", answer=EditorAnswer.CREATE_AGAIN),
                    EditorChoice(label="Not now", answer=EditorAnswer.WITHDRAW, default=True),
                ),
            )
        case Question.CLOSE:
            return AskedQuestion(
                title="Close with unsaved changes?",
                text=(
                    f"Not on S3 yet: {state.changes}. Without saving, they are kept on this computer and are there "
                    "when you open the dataset again."
                ),
                choices=(
                    EditorChoice(label="Save and close", answer=EditorAnswer.SAVE_AND_CLOSE, default=True),
                    EditorChoice(label="Close without saving", answer=EditorAnswer.CLOSE),
                    EditorChoice(label="Keep editing", answer=EditorAnswer.WITHDRAW),
                ),
            )
        case Question.NOT_WRITTEN:
            return AskedQuestion(
                title="Not everything could be written.",
                text="The changes are kept in the dataset's journal and offered when it is opened again.",
                choices=(EditorChoice(label="Close window", answer=EditorAnswer.LEAVE, default=True),),
            )


def _recovered(state: EditorState) -> AskedQuestion:
    count = len(state.recovered_conflicts)
    both = ""
    if count:
        rows = "One row was" if count == 1 else f"{count} rows were"
        both = f" {rows} changed by somebody else too, and would get your values back."
    return AskedQuestion(
        title="Restore what was not saved?",
        text=f"A session that ended unexpectedly left changes that were not saved: {state.recovered}.{both}",
        choices=(
            EditorChoice(label="Restore", answer=EditorAnswer.ACCEPT, default=True),
            EditorChoice(label="Discard", answer=EditorAnswer.DISCARD),
        ),
    )


def _collisions(state: EditorState) -> AskedQuestion:
    left = state.undecided
    text = "Choose for each which counts." if left == len(state.collisions) else f"{left} left to decide."
    return AskedQuestion(
        title="Somebody else has made conflicting changes.",
        text=text if left else "All are decided.",
        choices=(
            EditorChoice(label="Save", answer=EditorAnswer.SAVE_DECIDED, enabled=not left),
            EditorChoice(label="Not now", answer=EditorAnswer.WITHDRAW, default=True),
        ),
    )


SIDES = {Side.OURS: "mine", Side.THEIRS: "on S3"}
"""What the two sides are called."""
KEEP = {Side.OURS: "Keep mine", Side.THEIRS: "Keep on S3"}
