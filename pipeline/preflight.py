"""Looks at a job before it starts, the same for window, command line and queue: may it begin, or what is in the way?

Knows no front end, and changes nothing.
"""

from __future__ import annotations

from dataclasses import replace

from config import Config
from pipeline import wiring
from pipeline.cancel import CancelToken
from pipeline.errors import (
    DestinationTakenError,
    FolderTakenError,
    PipelineError,
    SettingsError,
    TransferError,
)
from pipeline.fingerprint import fingerprint
from pipeline.job import Existing, Job, UploadJob
from pipeline.media.stream_layout import MASTER
from pipeline.model import Plan, UploadPlan
from pipeline.preflight_answers import (
    DestinationTaken,
    PlanT,
    PreflightAnswer,
    Ready,
    ReplaceFolder,
    ResumeUpload,
    refused_by,
)
from pipeline.transfer.manifests.folder_owner import owner_of
from pipeline.transfer.manifests.ownership import destination_owner_from
from pipeline.transfer.upload.backend_answers import NO_ANSWERS, BackendAnswers, OpenDestination
from pipeline.transfer.upload.destination import DestinationCheck
from pipeline.transfer.upload.earlier_upload import previous_upload
from pipeline.transfer.upload.uploader import Uploader


def check_job(
    job: Job, config: Config, cancel: CancelToken, *, only_look: bool = False, for_others: bool = False
) -> PreflightAnswer[Plan]:
    """Decide what will be done and whether it can begin. Raises Cancelled.

    Of several questions the first is returned: change the plan's job as it is answered, and go on with `check_plan`.
    Where it is to `only_look`, nothing is written, not even to try whether the output folder can be. Where the job is
    `for_others`, that other machines do, neither the encoders of this one nor its folders matter.
    """
    if for_others:
        job = replace(job, existing=Existing.RESUME)
    try:
        plan = wiring.probe_and_plan(job, config, cancel, for_others=for_others)
    except (PipelineError, OSError) as error:
        return refused_by(error)
    return check_plan(plan, config, cancel, only_look=only_look)


def check_upload(job: UploadJob, config: Config, cancel: CancelToken) -> PreflightAnswer[UploadPlan]:
    """Decide the same of a folder that needs no work before. Raises Cancelled."""
    try:
        plan = wiring.make_upload_plan(job, config)
    except (PipelineError, OSError) as error:
        return refused_by(error)
    return check_plan(plan, config, cancel)


def check_plan(plan: PlanT, config: Config, cancel: CancelToken, *, only_look: bool = False) -> PreflightAnswer[PlanT]:
    """Return the first question that the plan's job does not answer, or that it may begin. Raises Cancelled.

    The disk is looked at before the network.
    """
    job = plan.job
    cancel.check()
    try:
        ask = job.existing is Existing.ASK
        about_folder = _about_folder(plan, config, only_look=only_look) if ask else None
        cancel.check()
        if about_folder is not None:
            return about_folder
        taken, answers = _about_destination(job, config, cancel)
    except (PipelineError, OSError) as error:
        return refused_by(error)
    cancel.check()
    if taken is None:
        return Ready(plan=plan, backend=answers)
    return DestinationTaken(
        plan=plan,
        prefix=taken.prefix,
        title=taken.title,
        same_name=taken.same_name,
        last_synced=taken.last_synced,
        begun=taken.begun,
        refusal=taken.problems[0],
    )


def _about_folder(plan: PlanT, config: Config, *, only_look: bool) -> ReplaceFolder[PlanT] | ResumeUpload[PlanT] | None:
    """Return what has to be asked about what an earlier run left; None where nothing has.

    Raises PipelineError where the folder can't be used at all.
    """
    upload = plan.job.upload
    if isinstance(plan, Plan):
        from pipeline.workspace import Workspace  # an upload alone has none

        workspace = Workspace(plan.job, only_seen=only_look)
        try:
            workspace.check_for(plan)
            sent_to = None if workspace.done.upload is None else workspace.done.upload.prefix
            if workspace.changes or workspace.corrections or upload is None or upload.prefix != sent_to:
                workspace.require_media()
        except FolderTakenError as error:
            return ReplaceFolder(plan=plan, reason=f"{error.reason}.", refusal=error.problems[0])
        if not workspace.published or workspace.media_deleted:
            return None
    if upload is None:
        return None
    left = previous_upload(plan.job.folder, config.backend, upload.prefix, upload.session_id)
    return None if left is None else ResumeUpload(plan=plan, files_done=left.files_done, files_total=left.files_total)


def _about_destination(
    job: Job | UploadJob, config: Config, cancel: CancelToken
) -> tuple[DestinationTakenError | None, BackendAnswers]:
    """Return which other video stands at the destination, and what the backend has said meanwhile.

    None where there is none, or where the job itself will say why nobody can tell. Raises SourceError, Cancelled.
    """
    upload = job.upload
    if upload is None or upload.replace:
        return None, NO_ANSWERS
    if isinstance(job, Job):
        owner = destination_owner_from(job.origin, fingerprint(job.source), job.title)
    elif (job.folder / MASTER).is_file():
        owner = owner_of(job.folder)
    else:  # nothing will be sent
        return None, NO_ANSWERS
    uploader = Uploader(config.backend, session_id=upload.session_id, delays=())
    try:
        uploader.test_connection(cancel)  # a server that does not answer is waited for once, and briefly
        DestinationCheck(uploader, upload.prefix, owner, job.folder, config.data_dir).ask(cancel)
    except DestinationTakenError as taken:
        return taken, uploader.answers
    except (SettingsError, TransferError):
        return None, uploader.answers
    return None, replace(uploader.answers, destination=OpenDestination(prefix=upload.prefix, owner=owner))
