"""Saving, publishing and closing in the editor's window. Knows no Tk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from transcripts.merge import CollisionKey, Side
from transcripts.save import DeletedElsewhereError
from ui.banners import Tone
from ui.transcripts.messages import (
    Closed,
    EditorMessage,
    Notice,
    Published,
    PublishFailed,
    Saved,
    SaveFailed,
    SaveProgress,
)
from ui.transcripts.publishing import Publish
from ui.transcripts.session import Session
from ui.transcripts.state import EditorStage, Question, Status, save_started
from ui.transcripts.worker import in_thread


class Saving:
    """How a controller saves, publishes and closes. Every method is called in the Tk thread and returns at once."""

    def __init__(self, controller: Session, publisher: Publish | None, before_closing: Callable[[], None]) -> None:
        """`before_closing` is called by a thread before the dataset is closed."""
        self._controller = controller
        self._before_closing = before_closing
        self._publisher = publisher

    def ask_to_save(self) -> None:
        """Ask whether to save to S3; a file is saved at once."""
        controller = self._controller
        if controller.state.save_enabled:
            if controller.state.on_s3:
                controller.state = replace(controller.state, question=Question.SAVE)
            else:
                self.save()

    def save(self, *, create_again: bool = False) -> None:
        """Save, with what was decided about collisions."""
        controller = self._controller
        dataset, state = controller.dataset, controller.state
        if dataset is None or not state.is_open or state.saving is not None:
            return
        controller.state = save_started(state)

        def work() -> EditorMessage:
            if not state.on_s3:
                dataset.document.flush()
                return Saved(result=None)
            result = dataset.save(
                decisions=dict(state.decisions),
                on_sent=lambda sent, total: controller.post(SaveProgress(sent_bytes=sent, total_bytes=total)),
                create_again=create_again,
            )
            return Saved(result=result)

        in_thread(
            "save",
            work,
            lambda error, text: SaveFailed(reason=text, deleted=isinstance(error, DeletedElsewhereError)),
            controller.post,
        )

    def publish(self) -> None:
        """Publish the video that is shown, as it is here."""
        controller = self._controller
        document, media_id, publisher = controller.document, controller.state.media_id, self._publisher
        if document is None or media_id is None or publisher is None or controller.state.publishing:
            return
        status = Status(text="Publishing the video's captions…", tone=Tone.BUSY)
        controller.state = replace(controller.state, publishing=True, status=status)

        def work() -> EditorMessage:
            return Published(text=publisher(document, media_id, lambda text: controller.post(Notice(text=text))))

        in_thread("publish", work, lambda _, text: PublishFailed(reason=text), controller.post)

    def decide(self, key: CollisionKey, side: Side) -> None:
        """Say whose change counts where two collide."""
        controller = self._controller
        controller.state = replace(controller.state, decisions={**controller.state.decisions, key: side})

    def withdraw(self) -> None:
        """Take a question back: nothing happens."""
        controller = self._controller
        if controller.state.question is not Question.RECOVERED:
            controller.state = replace(controller.state, question=Question.NONE, closing=False)

    def close(self) -> None:
        """Close the dataset; asks first where something is not on S3, and waits for a save that is under way."""
        controller = self._controller
        state = controller.state
        if state.stage in (EditorStage.EMPTY, EditorStage.OPENING):
            controller.left.set()
            controller.state = replace(state, stage=EditorStage.CLOSED)
        elif state.stage is not EditorStage.OPEN:
            return
        elif state.saving is not None or state.publishing:
            status = Status(text="The window closes when this has ended…", tone=Tone.BUSY)
            controller.state = replace(state, closing=True, status=status)
        elif state.on_s3 and state.unsaved and not state.read_only:
            controller.state = replace(state, question=Question.CLOSE)
        else:
            self.close_now()

    def save_and_close(self) -> None:
        """Save, and close when that has succeeded."""
        controller = self._controller
        self.save()
        controller.state = replace(controller.state, closing=controller.state.saving is not None)

    def close_now(self) -> None:
        """Close the dataset: what is not on S3 is kept on this computer."""
        controller = self._controller
        dataset = controller.dataset
        if dataset is None:
            return
        status = Status(text="Closing…", tone=Tone.BUSY)
        controller.state = replace(controller.state, stage=EditorStage.CLOSING, question=Question.NONE, status=status)

        def work() -> EditorMessage:
            self._before_closing()
            dataset.close()
            return Closed()

        in_thread("close dataset", work, lambda _, text: Closed(problem=text), controller.post)

    def leave(self) -> None:
        """Close the window although not everything could be written."""
        controller = self._controller
        controller.state = replace(controller.state, stage=EditorStage.CLOSED)
