"""`convert --dry-run`: says what would happen to every video, and does nothing."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cli.json_lines import json_line
from cli.main import EXIT_DONE, EXIT_WRONG_USAGE, complain
from cli.printing import counted, size_text, terminal_safe, write_event, write_rows
from config import Config
from pipeline.cancel import CancelToken
from pipeline.files import is_there
from pipeline.forecast import Action, Forecast, forecast
from pipeline.job import Job
from pipeline.model import PhaseName
from pipeline.phase_table import PHASES

WORDS = {
    Action.KEEP: "is there",
    Action.MAKE: "would be made",
    Action.CONTINUE: "would be continued",
    Action.ADD: "would be added to",
    Action.REDO: "would be made anew",
}

FETCH_WORDS = {**WORDS, Action.KEEP: "is not needed", Action.MAKE: "would be fetched"}


def dry_run(jobs: Sequence[Job], config: Config, moved: Mapping[str, Path], *, as_json: bool) -> int:
    """Print what each job would do, and return 0, or 2 where one could not begin.

    `moved` are the folders of earlier work that would be moved first, by the slugs of their jobs.
    """
    cancel = CancelToken()
    ready = 0
    new_bytes = 0
    problems: list[str] = []
    for job in jobs:
        found = forecast(job, config, cancel, moved_from=moved.get(job.slug))
        sys.stdout.write(json_line("job_planned", _fields(found), job=job.slug)) if as_json else _write(found)
        sys.stdout.flush()
        problems += [f"{job.slug}: {terminal_safe(problem.text)}" for problem in found.problems]
        ready += not found.problems
        new_bytes += found.new_bytes
    free_bytes = _free_bytes(jobs[0].output_dir)
    if as_json:
        totals = {"videos": len(jobs), "ready": ready, "new_bytes": new_bytes, "free_bytes": free_bytes}
        write_event("plan_finished", totals)
    else:
        more = f"About {size_text(new_bytes)} more on the disk{_room(new_bytes, free_bytes)}."
        sys.stdout.write(f"{ready} of {counted(len(jobs), 'video')} could begin. {more}\n")
    complain(*problems)
    return EXIT_WRONG_USAGE if problems else EXIT_DONE


def _write(found: Forecast) -> None:
    job = found.job
    sys.stdout.write(f"{terminal_safe(job.slug)}\n")
    rows = [("source", f"{job.origin}{_length(found.duration_s)}"), ("folder", str(job.folder))]
    if job.title:
        rows.append(("title", job.title))
    if found.moved_from is not None:
        rows.append(("moved", f"from {found.moved_from}, where an earlier run has made it"))
    if job.upload is not None:
        rows.append(("destination", job.upload.prefix))
    if found.qualities:
        rows.append(("qualities", ", ".join(found.qualities)))
    for step in found.steps:
        because = f" ({', '.join(step.because)})" if step.because else ""
        words = FETCH_WORDS if step.phase is PhaseName.FETCH else WORDS
        rows.append((PHASES[step.phase].title, f"{words[step.action]}{because}"))
    if found.steps:
        rows.append(("disk", f"about {size_text(found.new_bytes)} more" if found.new_bytes else "nothing more"))
    rows += [("problem", problem.text) for problem in found.problems]
    write_rows(*((f"  {label}", text) for label, text in rows))


def _length(duration_s: float | None) -> str:
    if duration_s is None:
        return ""
    minutes, seconds = divmod(round(duration_s), 60)
    hours, minutes = divmod(minutes, 60)
    return f" ({hours}:{minutes:02}:{seconds:02})"


def _fields(found: Forecast) -> dict[str, Any]:
    job = found.job
    return {
        "source": job.origin,
        "folder": job.folder,
        "title": job.name,
        "destination": None if job.upload is None else job.upload.prefix,
        "moved_from": found.moved_from,
        "duration_s": found.duration_s,
        "qualities": found.qualities,
        "steps": [asdict(step) for step in found.steps],
        "new_bytes": found.new_bytes,
        "notes": found.notes,
        "problems": [problem.text for problem in found.problems],
    }


def _room(new_bytes: int, free_bytes: int | None) -> str:
    if free_bytes is None:
        return ""
    wait = ": that is too little, and jobs would wait for room" if new_bytes > free_bytes else ""
    return f", {size_text(free_bytes)} free{wait}"


def _free_bytes(folder: Path) -> int | None:
    there = next((path for path in (folder.absolute(), *folder.absolute().parents) if is_there(path)), None)
    try:
        return None if there is None else shutil.disk_usage(there).free
    except OSError:
        return None
