"""`transcripts`: datasets of transcripts: what is in them, adding, exporting, merging, saving, the window for them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePath

from cli.interrupts import ANY_TIME, raised
from cli.main import EXIT_DONE, EXIT_FAILED, complain
from cli.printing import counted, terminal_safe, write_event, write_rows
from cli.questions import can_ask, confirm
from cli.transcripts_options import EDIT, KEEP, OURS
from cli.transcripts_state import is_same_dataset, tell_what_is_missing
from config import Config
from pipeline.errors import PipelineError, SettingsError
from pipeline.files import is_folder, is_there, write_whole
from pipeline.slug import slug_for
from storage import InvalidUriError, StorageError
from transcripts.combine import combine
from transcripts.dataset import Dataset, open_dataset
from transcripts.errors import ReadOnlyError
from transcripts.export import ExportForm, exported
from transcripts.job_folder import job_folders, read_job_folder
from transcripts.merge import Collision, Side
from transcripts.schema import TRANSCRIPTS, Schema
from transcripts.videos import PutOutcome, PutResult, Video, put_video, videos_in

COLLISIONS_SHOWN = 50
"""How many collisions are printed at once."""


def run(options: argparse.Namespace, config: Config) -> int:
    """Do what was asked for."""
    try:
        return ACTIONS[options.action](options, config)
    except InvalidUriError as error:
        raise SettingsError(str(error)) from error
    except StorageError as error:
        raise PipelineError(str(error)) from error


def _info(options: argparse.Namespace, config: Config) -> int:
    with open_dataset(options.dataset, config=config) as dataset:
        document = dataset.document
        counts = {name: document.count(name) for name in document.collections}
        recovered = "" if document.recovery is None else document.recovery.text
        if options.json:
            write_event(
                "dataset",
                {
                    "dataset": str(dataset.source_uri),
                    "kind": document.schema.name,
                    "on_s3": dataset.is_on_s3,
                    "freshness": dataset.freshness.state.value,
                    "counts": counts,
                    "unsaved": document.changes.count,
                    "changes": document.changes.text,
                    "recovered": recovered,
                    "problems": list(document.problems),
                },
            )
            return EXIT_DONE
        rows = [("Dataset:", str(dataset.source_uri)), ("Kind:", document.schema.name)]
        described = [one for one in document.schema.collections if one.name in counts]
        rows.append(("Holds:", ", ".join(one.counted(counts[one.name]) for one in described)))
        rows.append(("Source:", dataset.freshness.text))
        rows.append(("Not saved:", document.changes.text if document.changes.unsaved else "nothing"))
        if recovered:
            rows.append(("Left over:", f"{recovered}, by a session that ended unexpectedly"))
        write_rows(*rows)
        for problem in document.problems:
            sys.stdout.write(f"{terminal_safe(problem)}\n")
    return EXIT_DONE


def _add(options: argparse.Namespace, config: Config) -> int:
    """Put videos in; exit 1 where one was left as it is because somebody has edited it."""
    videos = [read_job_folder(found) for folder in options.folders for found in job_folders(folder)]
    kept = 0
    with _editable(options, config, create=TRANSCRIPTS) as dataset:
        for video in videos:
            result = put_video(dataset.document, video, dataset.source_uri, replace_edited=options.replace_edited)
            kept += result.outcome is PutOutcome.KEPT
            _say_put(video.title, result, as_json=options.json)
        _say_unsaved(dataset, as_json=options.json)
    return EXIT_FAILED if kept else EXIT_DONE


def _say_put(title: str, result: PutResult, *, as_json: bool) -> None:
    if as_json:
        fields = {"title": title, "media_id": result.media_id, "outcome": result.outcome.value}
        write_event("dataset_video", {**fields, "segments": result.segments, "edited": result.edited})
    elif result.outcome is PutOutcome.KEPT:
        complain(
            f"{terminal_safe(title)} stays as it is, because somebody has edited {counted(result.edited, 'segment')} "
            "of it: add --replace-edited to replace it."
        )
    else:
        count = counted(result.segments, "segment")
        sys.stdout.write(f"{terminal_safe(title)}: {result.outcome.value}, {count} (id {result.media_id}).\n")


def _export(options: argparse.Namespace, config: Config) -> int:
    form = ExportForm(options.format)
    with open_dataset(options.dataset, config=config) as dataset:
        tell_what_is_missing(dataset)
        videos = videos_in(dataset.document, *options.media)
    output: Path | None = options.output
    if output is not None and (is_folder(output) or not output.suffix):
        return _export_each(videos, form, output, overwrite=options.overwrite)
    if not form.takes_several and len(videos) != 1:
        raise SettingsError(
            f"A file of this form takes one video, and these are {len(videos)}: name one with --media, or a folder "
            "with -o."
        )
    text = exported(videos, form)
    if output is None:
        sys.stdout.write(text)
        return EXIT_DONE
    _check_free([output], overwrite=options.overwrite)
    write_whole(output, text)
    sys.stdout.write(f"{counted(len(videos), 'video')} written to {terminal_safe(str(output))}.\n")
    return EXIT_DONE


def _export_each(videos: Sequence[Video], form: ExportForm, folder: Path, *, overwrite: bool) -> int:
    paths = [folder / f"{name}{form.suffix}" for name in _file_names(videos)]
    _check_free(paths, overwrite=overwrite)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(f"{folder} can't be made ({error.strerror}): choose another folder.") from error
    for video, path in zip(videos, paths, strict=True):
        write_whole(path, exported([video], form))
    sys.stdout.write(f"{counted(len(videos), 'video')} written to {terminal_safe(str(folder))}.\n")
    return EXIT_DONE


def _file_names(videos: Sequence[Video]) -> Iterator[str]:
    """Yield a name for each video, none of them twice, also where a disk does not tell capital letters."""
    taken: set[str] = set()
    for video in videos:
        name = wanted = slug_for(PurePath(f"{video.title.replace('/', '-')}.video"))
        number = 1
        while name.casefold() in taken:
            number += 1
            name = f"{wanted}-{number}"
        taken.add(name.casefold())
        yield name


def _check_free(paths: Sequence[Path], *, overwrite: bool) -> None:
    for path in paths:
        if is_there(path) and not overwrite:
            raise SettingsError(f"{path} is there already: choose another place, or replace it with --overwrite.")


def _merge(options: argparse.Namespace, config: Config) -> int:
    """Take another dataset's rows in; exit 1 where both differ and nothing says which counts."""
    if is_same_dataset(options.dataset, options.other):
        raise SettingsError(f"{options.dataset} and {options.other} are the same dataset: name another one to merge.")
    with open_dataset(options.other, config=config) as other, _editable(options, config) as dataset:
        tell_what_is_missing(other)
        result = combine(dataset.document, other.document, _side(options))
        if result.collisions:
            return _undecided(result.collisions, "Nothing was merged", as_json=options.json)
        if options.json:
            write_event("dataset_merged", {"dataset": str(dataset.source_uri), "changes": result.changes.text})
        elif result.changes.unsaved:
            sys.stdout.write(f"Merged into {terminal_safe(str(dataset.source_uri))}: {result.changes.text}.\n")
        else:
            there, here = terminal_safe(str(other.source_uri)), terminal_safe(str(dataset.source_uri))
            sys.stdout.write(f"Nothing new: {here} has everything that {there} has.\n")
        _say_unsaved(dataset, as_json=options.json)
    return EXIT_DONE


def _save(options: argparse.Namespace, config: Config) -> int:
    """Save to S3; exit 1 where somebody else has changed the same and nothing says which counts."""
    from transcripts.save import SaveOutcome  # with what S3 needs, which takes a third of a second to load

    with _editable(options, config) as dataset:
        if not dataset.is_on_s3:
            raise SettingsError(f"{dataset.source_uri} is a file of this computer, which has all of its changes.")
        if not _may_save(options, dataset):
            return EXIT_DONE
        side = _side(options)
        result = dataset.save(create_again=options.create_again)
        while result.outcome is SaveOutcome.UNDECIDED and side is not None:
            decisions = {one.key: side for one in result.collisions}
            result = dataset.save(decisions=decisions, create_again=options.create_again)
        if result.outcome is SaveOutcome.UNDECIDED:
            return _undecided(result.collisions, "Nothing was saved", as_json=options.json)
        if options.json:
            fields = {"dataset": str(dataset.source_uri), "outcome": result.outcome.value, "etag": result.etag}
            write_event("dataset_saved", {**fields, "size_bytes": result.size_bytes, "text": result.text})
        else:
            sys.stdout.write(f"{terminal_safe(result.text)}\n")
    return EXIT_DONE


def _may_save(options: argparse.Namespace, dataset: Dataset) -> bool:
    """Say whether to save: `--yes`, or a yes at a terminal."""
    if options.yes:
        return True
    if options.json or not can_ask():
        raise SettingsError("Saving replaces what is on S3: add --yes to save without being asked.")
    text = dataset.document.changes.text
    if confirm(f"Save to {terminal_safe(str(dataset.source_uri))} ({text})?", otherwise=False):
        return True
    sys.stdout.write("Nothing was saved.\n")
    return False


def _publish(options: argparse.Namespace, config: Config) -> int:
    from cli.transcripts_publish import publish  # with what an upload needs, which takes a while to load

    return publish(options, config)


def _undecided(collisions: Sequence[Collision], said: str, *, as_json: bool) -> int:
    for one in collisions if as_json else collisions[:COLLISIONS_SHOWN]:
        if as_json:
            field = "" if one.field is None else one.field
            write_event(
                "dataset_collision", {"collection": one.collection, "id": one.id, "field": field, "text": one.text}
            )
        else:
            sys.stdout.write(f"{terminal_safe(one.text)}\n")
    if not as_json and len(collisions) > COLLISIONS_SHOWN:
        sys.stdout.write(f"… and {len(collisions) - COLLISIONS_SHOWN} more: --json lists all of them.\n")
    verb = "collides" if len(collisions) == 1 else "collide"
    complain(f"{said}: {counted(len(collisions), 'change')} {verb}. Say which counts with --ours or --theirs.")
    return EXIT_FAILED


def _side(options: argparse.Namespace) -> Side | None:
    if options.side is None:
        return None
    return Side.OURS if options.side == OURS else Side.THEIRS


def _say_unsaved(dataset: Dataset, *, as_json: bool) -> None:
    if dataset.is_on_s3 and dataset.document.changes.unsaved and not as_json:
        uri = terminal_safe(str(dataset.source_uri))
        sys.stdout.write(f"Not on S3 yet: {dataset.document.changes.text}. Save with `transcripts save {uri}`.\n")


@contextmanager
def _editable(options: argparse.Namespace, config: Config, create: Schema | None = None) -> Iterator[Dataset]:
    """Open a dataset that is to be changed, with what an earlier session left accepted or discarded as was asked for.

    Raises SettingsError, ReadOnlyError.
    """
    with open_dataset(options.dataset, create=create, config=config) as dataset:
        document = dataset.document
        if document.read_only:
            raise ReadOnlyError(document.read_only)
        if document.recovery is not None:
            if options.recovered is None:
                raise SettingsError(
                    f"A session that ended unexpectedly left changes of {dataset.source_uri} "
                    f"({document.recovery.text}): add --recovered keep or --recovered discard."
                )
            if options.recovered == KEEP:
                document.accept_recovered()
            else:
                document.discard_recovered()
        yield dataset


def _edit(options: argparse.Namespace, config: Config) -> int:
    """Open the window; its errors are told in it, and Ctrl-C closes it, which may take a question and its answer."""
    from ui.app import open_editor
    from ui.missing_tk import WindowUnavailableError

    try:
        with raised(patience_s=ANY_TIME):
            return open_editor(config, options.dataset, model=options.model)
    except WindowUnavailableError as error:
        raise PipelineError(str(error)) from error


ACTIONS: dict[str, Callable[[argparse.Namespace, Config], int]] = {
    EDIT: _edit,
    "info": _info,
    "add": _add,
    "export": _export,
    "merge": _merge,
    "save": _save,
    "publish": _publish,
}
