"""Puts the video of a finished job into a dataset that is open. Knows no Tk."""

from __future__ import annotations

from pathlib import Path

from transcripts.dataset import Dataset
from transcripts.job_folder import read_job_folder
from transcripts.videos import PutOutcome, put_video
from ui.transcripts.messages import Added

SAID = {
    PutOutcome.ADDED: "{title} was added to the dataset.",
    PutOutcome.REPLACED: "{title} was replaced in the dataset by the new transcript.",
    PutOutcome.UNCHANGED: "{title} is in the dataset.",
    PutOutcome.KEPT: "{title} is in the dataset, and stays as it is there because somebody has edited it.",
}


def add_job(dataset: Dataset, folder: Path) -> Added:
    """Put the video of a job's folder into a dataset, unless somebody has edited it there. May take long.

    Raises JobFolderError, DocumentError.
    """
    video = read_job_folder(folder)
    result = put_video(dataset.document, video, dataset.source_uri)
    return Added(media_id=result.media_id, text=SAID[result.outcome].format(title=video.title))
