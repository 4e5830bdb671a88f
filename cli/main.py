"""The parser of the command line. Each command lives in a module of its own, which is imported when it is called."""

from __future__ import annotations

import argparse
import importlib
import io
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cli import interrupts
from cli.parser import AnyOrderParser, SentenceParser
from cli.printing import PLAIN, without_plain
from config import VERSION, Config
from diagnostics import crash_log
from diagnostics.secrets import secrets_of
from installation import WHISPER_WORKER
from pipeline.errors import PipelineError, SettingsError
from pipeline.printable import printable_lines

EXIT_DONE = 0
EXIT_FAILED = 1
EXIT_WRONG_USAGE = 2


def run(arguments: Sequence[str]) -> int:
    """Run a command with the settings of `.env` and the environment, or at once an internal one; return its status."""
    if arguments[0] in INTERNAL_COMMANDS:
        importlib.import_module(INTERNAL_COMMANDS[arguments[0]]).main()
        return EXIT_DONE
    return run_command(arguments, Config.load())


def run_command(arguments: Sequence[str], config: Config) -> int:
    """Run one command and return its exit status; what goes wrong becomes a sentence on standard error."""
    for stream in (sys.stdout, sys.stderr):  # an old terminal's encoding must not end a job at the first "é"
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    arguments = without_plain(arguments)
    if arguments and arguments[0] in COMMANDS:
        arguments = [arguments[0], *COMMANDS[arguments[0]].written_out(arguments[1:])]
    crash_log.hide(*secrets_of(config))
    parser = build_parser(config, arguments[0] if arguments else "")
    options = parser.parse_args(arguments)
    run: Callable[[argparse.Namespace, Config], int] = importlib.import_module(COMMANDS[options.command].module).run
    try:
        with interrupts.raised():
            if getattr(options, "preset_file", None) is not None:
                options = _with_preset(parser, arguments, options.preset_file)
            return run(options, config)
    except SettingsError as error:
        complain(*error.sentences)
        return EXIT_WRONG_USAGE
    except PipelineError as error:
        complain(str(error))
        return EXIT_FAILED
    except KeyboardInterrupt:
        complain(interrupts.CANCELLED)
        return interrupts.EXIT_CANCELLED
    except BrokenPipeError:
        # the reader of our output went away; standard output is pointed elsewhere so that closing it is silent
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_FAILED
    except Exception as error:  # noqa: BLE001  # the command's outermost frame
        complain(*crash_log.terminal_sentences(error))
        return EXIT_FAILED


def _with_preset(parser: argparse.ArgumentParser, arguments: Sequence[str], path: Path) -> argparse.Namespace:
    """Return a command's options, with a preset's settings where they say nothing else. Raises SettingsError."""
    from cli.preset_arguments import parsed_with_preset
    from pipeline.presets.library import read_preset

    command, *typed = arguments
    return parsed_with_preset(lambda preset: parser.parse_args([command, *preset, *typed]), read_preset(path).settings)


def complain(*sentences: str) -> None:
    """Write sentences to standard error, a line each."""
    for sentence in sentences:
        sys.stderr.write(f"hls-converter: {printable_lines(sentence)}\n")


def build_parser(config: Config, called: str = "") -> argparse.ArgumentParser:
    """Return the parser of every command; where one is called, without the options of the others.

    What the others' options take from the program, such as the names of encoders, takes long to load.
    """
    parser = SentenceParser(
        prog="hls-converter",
        description="Turn videos into HLS streams with captions and upload them. Without a command the window opens.",
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {VERSION}", help="show the version and exit")
    parser.add_argument(PLAIN, action="store_true", help="tell progress in lines, not bars: for screen readers")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, command in COMMANDS.items():
        text = command.help
        added = commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
        if command.add_options is not None and (called == name or called not in COMMANDS):
            command.add_options(added, config)
    return parser


def _add_convert(parser: argparse.ArgumentParser, config: Config) -> None:
    from cli.convert_options import add_convert_options

    add_convert_options(parser, default_language=config.languages.default)


def _add_watch(parser: argparse.ArgumentParser, config: Config) -> None:
    from cli.convert_options import add_watch_options

    add_watch_options(parser, default_language=config.languages.default)


def _add_transcribe(parser: argparse.ArgumentParser, _: Config) -> None:
    from cli.speech_options import add_transcribe_options

    add_transcribe_options(parser)


def _add_upload(parser: argparse.ArgumentParser, _: Config) -> None:
    from cli.transfer_options import add_again, add_record, add_replace, add_transfer_options

    parser.add_argument("folder", type=Path, metavar="DIR", help="the folder of a converted video")
    parser.add_argument("prefix", metavar="PREFIX", help="the destination, such as videos/course1/lesson1/")
    add_replace(parser)
    add_record(parser)
    add_transfer_options(parser)
    add_again(parser, fresh="upload everything anew")
    parser.add_argument("--json", action="store_true", help="print one event per line as JSON")


def _add_validate(parser: argparse.ArgumentParser, _: Config) -> None:
    parser.add_argument("folder", type=Path, metavar="DIR", help="the folder with master.m3u8")
    parser.add_argument("--key", type=Path, metavar="FILE", help="the key that decrypts encrypted segments")
    parser.add_argument("--json", action="store_true", help="print one finding per line as JSON")


def _add_play(parser: argparse.ArgumentParser, _: Config) -> None:
    parser.add_argument("folder", type=Path, metavar="DIR", help="the folder of a converted video")
    parser.add_argument("--port", type=int, default=0, help="the port of the page (default: any free one)")
    parser.add_argument(
        "--browser", action=argparse.BooleanOptionalAction, default=True, help="open the page in the browser"
    )


def _add_manifest(parser: argparse.ArgumentParser, _: Config) -> None:
    from cli.manifest_options import add_manifest

    add_manifest(parser.add_subparsers(dest="action", required=True, metavar="ACTION", parser_class=AnyOrderParser))


def _add_verify(parser: argparse.ArgumentParser, _: Config) -> None:
    from cli.manifest_options import add_verify

    add_verify(parser)


def _add_captions(parser: argparse.ArgumentParser, _: Config) -> None:
    from cli.captions_options import add_captions

    add_captions(parser.add_subparsers(dest="action", required=True, metavar="ACTION", parser_class=AnyOrderParser))


def _add_models(parser: argparse.ArgumentParser, _: Config) -> None:
    from cli.models_options import add_models

    add_models(parser)


def _add_transcripts(parser: argparse.ArgumentParser, _: Config) -> None:
    from cli.transcripts_options import add_transcripts

    add_transcripts(parser.add_subparsers(dest="action", required=True, metavar="ACTION", parser_class=AnyOrderParser))


def _with_action(arguments: Sequence[str]) -> Sequence[str]:
    from cli.transcripts_options import with_action

    return with_action(arguments)


def _add_presets(parser: argparse.ArgumentParser, _: Config) -> None:
    from cli.preset_options import add_presets

    add_presets(parser.add_subparsers(dest="action", required=True, metavar="ACTION", parser_class=AnyOrderParser))


def _add_queue(parser: argparse.ArgumentParser, _: Config) -> None:
    from cli.queue_options import add_queue

    add_queue(parser.add_subparsers(dest="action", required=True, metavar="ACTION"))


def _with_queue_action(arguments: Sequence[str]) -> Sequence[str]:
    from cli.queue_options import with_action

    return with_action(arguments)


def _add_storage(parser: argparse.ArgumentParser, _: Config) -> None:
    from cli.backend_options import add_storage

    add_storage(parser.add_subparsers(dest="action", required=True, metavar="ACTION", parser_class=AnyOrderParser))


def _add_backend(parser: argparse.ArgumentParser, config: Config) -> None:
    from cli.backend_options import add_backend

    add_backend(parser, default_root=config.server.local_path)


def _add_worker(parser: argparse.ArgumentParser, _: Config) -> None:
    from cli.cluster_options import add_worker

    add_worker(parser)


def _add_cluster(parser: argparse.ArgumentParser, _: Config) -> None:
    from cli.cluster_options import add_cluster

    add_cluster(parser.add_subparsers(dest="action", required=True, metavar="ACTION", parser_class=AnyOrderParser))


def _add_demo(parser: argparse.ArgumentParser, _: Config) -> None:
    work = Path("demo-output")
    parser.add_argument(
        "-o", "--output", type=Path, default=work, metavar="DIR", help="where to work (default: %(default)s)"
    )


def _add_open_with(parser: argparse.ArgumentParser, _: Config) -> None:
    from cli.open_with_options import add_open_with

    add_open_with(parser)


def _add_doctor(parser: argparse.ArgumentParser, _: Config) -> None:
    parser.add_argument(
        "--save", type=Path, metavar="FILE", help="also save it with the log, in a zip file to send to somebody"
    )


@dataclass(frozen=True, kw_only=True)
class Command:
    """A command: the module whose `run(options, config)` does it, what `--help` says of it, what adds its options, and
    what writes out its arguments where something may be left out.
    """

    module: str
    help: str
    add_options: Callable[[argparse.ArgumentParser, Config], None] | None = None
    written_out: Callable[[Sequence[str]], Sequence[str]] = tuple


COMMANDS = {
    "convert": Command(
        module="cli.convert", help="convert videos, and upload them when asked", add_options=_add_convert
    ),
    "watch": Command(
        module="cli.watch",
        help="convert videos as they come into a folder, with all options of convert",
        add_options=_add_watch,
    ),
    "presets": Command(
        module="cli.presets",
        help="list presets, which are settings with a name, and bring them to and from files",
        add_options=_add_presets,
    ),
    "transcribe": Command(
        module="cli.transcribe",
        help="make captions and transcripts of videos and audio files",
        add_options=_add_transcribe,
    ),
    "upload": Command(module="cli.upload", help="upload a folder that was converted before", add_options=_add_upload),
    "validate": Command(
        module="cli.validate",
        help="check a stream's folder against the rules that players rely on",
        add_options=_add_validate,
    ),
    "play": Command(
        module="cli.play",
        help="play a converted video in the browser, with its captions, until Ctrl-C",
        add_options=_add_play,
    ),
    "captions": Command(
        module="cli.captions",
        help="check captions against the rules of a publisher, or shape them anew by these",
        add_options=_add_captions,
    ),
    "models": Command(
        module="cli.models", help="list, fetch or delete Whisper models on this computer", add_options=_add_models
    ),
    "transcripts": Command(
        module="cli.transcripts",
        help="keep the transcripts of a course in a dataset: add, export, merge, save to S3",
        add_options=_add_transcripts,
        written_out=_with_action,
    ),
    "manifest": Command(
        module="cli.manifest", help="show, list, restore or clear up what was uploaded", add_options=_add_manifest
    ),
    "verify": Command(
        module="cli.verify", help="compare the files here, the manifest and the server", add_options=_add_verify
    ),
    "queue": Command(
        module="cli.queue",
        help="show the jobs of all commands and windows: what waits, runs and has ended; cancel or repeat some",
        add_options=_add_queue,
        written_out=_with_queue_action,
    ),
    "check": Command(module="cli.check", help="test the connection to the backend and the token"),
    "backend": Command(
        module="cli.backend", help="run the reference backend on this computer", add_options=_add_backend
    ),
    "storage": Command(
        module="cli.storage", help="copy objects between the storages that .env names", add_options=_add_storage
    ),
    "worker": Command(
        module="cli.worker", help="convert what others put into a queue, on this computer", add_options=_add_worker
    ),
    "cluster": Command(
        module="cli.cluster", help="set up the queue that several computers work through", add_options=_add_cluster
    ),
    "demo": Command(
        module="cli.demo",
        help="convert and upload a shipped sample, with a backend on this computer",
        add_options=_add_demo,
    ),
    "open-with": Command(
        module="cli.open_with",
        help="have file managers offer this program for videos under Open with, or not",
        add_options=_add_open_with,
    ),
    "doctor": Command(
        module="cli.doctor",
        help="show what this computer has: ffmpeg, encoders, screen, models, backend",
        add_options=_add_doctor,
    ),
}
"""Every command by its name, in the order of `--help`. A module is imported when its command is called, not before."""

INTERNAL_COMMANDS = {WHISPER_WORKER: "pipeline.speech.worker"}
"""What the program starts itself with, by the module whose `main()` does it. Neither `--help` nor `.env` has a part in
it: who starts them sends what they need.
"""
