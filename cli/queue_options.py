"""The options of `queue`. Opens no queue."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cli.transfer_options import add_transfer_options

if TYPE_CHECKING:
    Actions = argparse._SubParsersAction[argparse.ArgumentParser]

LIST = "list"
ACTIONS = (LIST, "run", "hold", "start", "move", "remove", "cancel", "retry", "export", "import", "clear")


def with_action(arguments: Sequence[str]) -> Sequence[str]:
    """Return the arguments with the action added that may be left out: the queue is shown."""
    if not arguments or arguments[0] in ("--json", "--all"):
        return [LIST, *arguments]
    return arguments


def add_queue(actions: Actions) -> None:
    """Add every action."""
    listing = _action(actions, LIST, "show what waits, runs, is parked, or has ended lately; `list` may be left out")
    listing.add_argument("--all", action="store_true", help="show everything that has ended and is not deleted yet")
    listing.add_argument("--json", action="store_true", help="print one job per line as JSON")
    run = _action(
        actions,
        "run",
        "do what waits, what an ended process has left, and what comes meanwhile, with this computer's .env",
    )
    run.add_argument(
        "--jobs",
        type=_jobs,
        default=0,
        metavar="N",
        help="how many videos to convert at the same time, or auto (default: auto)",
    )
    _add_ids(run, "*", "; without one, all that wait")
    add_transfer_options(run)
    run.add_argument("--json", action="store_true", help="print one event per line as JSON")
    _add_ids(
        _action(actions, "hold", "let jobs wait until they are started; one that runs stops, and keeps what it made"),
        "+",
    )
    _add_ids(_action(actions, "start", "let held jobs begin in their turn, and parked ones at once"), "+")
    move = _action(actions, "move", "move jobs to the end of the queue, or before another")
    _add_ids(move, "+")
    where = move.add_mutually_exclusive_group()
    where.add_argument("--before", metavar="ID", help="the job before which they are to stand")
    where.add_argument("--first", action="store_true", help="move them to the beginning")
    _add_ids(_action(actions, "remove", "take jobs out of the queue that nobody works on"), "+")
    cancel = _action(actions, "cancel", "cancel jobs, also those that another process works on: it stops")
    cancel.add_argument("--all", action="store_true", help="every job that has not ended")
    _add_ids(cancel, "*")
    _add_ids(_action(actions, "retry", "let failed or cancelled jobs wait again"), "+")
    _add_file(
        _action(actions, "export", "write the jobs that have not ended to a file"), "to write; - for standard output"
    )
    _add_file(
        _action(actions, "import", "add the jobs of an exported file, all or none"), "to read; - for standard input"
    )
    _action(actions, "clear", "delete the history of ended jobs; folders and uploads stay as they are")


def _action(actions: Actions, name: str, text: str) -> argparse.ArgumentParser:
    return actions.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")


def _add_ids(parser: argparse.ArgumentParser, number: str, more: str = "") -> None:
    text = f"a job's id from `queue`, or the beginning of one{more}"
    parser.add_argument("ids", metavar="ID", nargs=number, help=text)


def _add_file(parser: argparse.ArgumentParser, text: str) -> None:
    parser.add_argument("file", metavar="FILE", type=Path, help=f"the file {text}")


def _jobs(text: str) -> int:
    from cli.convert_options import jobs  # takes long to load, and is not needed to show the queue

    return jobs(text)
