"""Who may import whom, as a checker that reads the source without running it.

`violations` judges one file's text; the tables below are the whole law. Imports count wherever they stand: inside
functions and under TYPE_CHECKING as well, and so do relative ones and `import_module` of a fixed name.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

# what each part of the program may import of the others; hls_converter → cli, ui → the engines → storage
BELOW_ENGINES = {"storage", "config", "installation"}
ENGINES = {"s3_uploader", "backend", "transcripts", "pipeline"}
MAY_IMPORT: dict[str, set[str]] = {
    "hls_converter": {"cli", "ui", "diagnostics", *ENGINES, *BELOW_ENGINES},
    # ui is beside it, not below: the doctor asks whether a window can be opened
    "cli": {"ui", "diagnostics", *ENGINES, *BELOW_ENGINES},
    "ui": {"diagnostics", *ENGINES, *BELOW_ENGINES},
    "diagnostics": {"pipeline", *BELOW_ENGINES},
    "s3_uploader": {"pipeline", *BELOW_ENGINES},
    "backend": {"transcripts", "pipeline", *BELOW_ENGINES},  # it offers a dataset
    "transcripts": {"pipeline", *BELOW_ENGINES},
    "pipeline": {*BELOW_ENGINES},  # a job knows neither window nor server
    "storage": set(),
    "config": {"env_values", "env_warnings", "server_config", "installation"},
    "server_config": {"env_values", "installation"},
    "env_values": set(),
    "env_warnings": set(),
    "installation": set(),
}

# inside pipeline: each step may import its own and those before it
PIPELINE_STEPS: tuple[set[str], ...] = (
    {
        "job",
        "source_address",
        "media_info",
        "model",
        "events",
        "errors",
        "printable",
        "cancel",
        "codec",
        "alongside",
        "scheduler",
        "priority",
        "suspension",
        "worker_policy",
        "ffmpeg_need",
        "machine_use",
        "staying_awake",
    },
    {
        "phase_table",
        "preflight_answers",
        "plan",
        "presets",
        "slug",
        "timestamps",
        "files",
        "checkpoints",
        "work_log",
        "disk_room",
        "folder_lock",
        "published",
        "workspace",
        "job_folders",
        "job_file",
        "earlier_job_file",
        "facts",
        "fingerprint",
        "inputs",
        "input_list",
        "path_patterns",
        "open_files",
        "watched_files",
        "relocation",
        "finished_folder",
        "folder_notes",
        "folder_results",
        "fresh_note",
        "stored_captions",
        "sources",
        "transcript_note",
        "wanted_transcripts",
        "earlier_work",
        "caption_files",
        "corrected_captions",
        "corrected_words",
        "claims",
        "job_codec",
        "job_digest",
        "job_history",
        "job_list",
        "job_owner",
        "job_rows",
        "job_store",
        "leases",
        "list_file",
        "open_rows",
        "queued_job",
        "report_codec",
        "store_file",
        "stored_job",
        "unfinished",
        "event_codec",
        "output_settings",
        "own_claims",
        "pending_rows",
        "media",
        "speech",
        "transfer",
    },
    {"engines"},
    {"phases"},
    {"expected_time", "estimate", "steps", "measured_speed", "runner"},
    {"wiring", "transcript_job", "replaced_captions", "update_notice"},
    {"preflight"},
    {"forecast", "machine_report"},
    {
        "batch",
        "batch_callbacks",
        "batch_entry",
        "batch_parked",
        "batch_patience",
        "batch_pending",
        "cluster_access",
        "cluster_adding",
        "cluster_job",
        "cluster_results",
        "cluster_speech",
        "cluster_sweep",
        "cluster_waiting",
    },
    {"single_job", "queue_run"},
)

# which of the modules before its own a step may import, where not all: a worker runs tasks, and has no job and none
# of its folders
NARROWED: dict[str, set[str]] = {
    "engines": {
        *("job", "media_info", "model", "errors", "cancel", "suspension", "codec", "scheduler"),
        *("files", "fingerprint", "checkpoints", "work_log", "disk_room", "media", "speech"),
    },
    # a queue of whole jobs: how one is written, and what it tells, but neither its phases nor its folders
    "engines/procrastinate": {
        *("job", "model", "events", "errors", "cancel", "codec", "job_codec", "job_digest", "event_codec"),
        *("source_address", "engines", "speech", "transfer", "worker_policy", "ffmpeg_need"),
    },
}

# inside a package: which subpackages a subpackage may import besides its own; what lies in none of them is above all
SUBPACKAGES: dict[str, dict[str, set[str]]] = {
    "pipeline/media": {
        "stream_layout": set(),  # names alone, for all of them
        "ffmpeg": set(),
        "source": {"stream_layout"},
        "hls": {"source", "stream_layout"},
        "encode": {"ffmpeg", "source", "hls", "stream_layout"},
        "validate": {"source", "encode", "stream_layout"},  # judges what hls wrote, so it reads nothing with its help
    },
    "pipeline/transfer": {
        "http": set(),
        "manifests": {"http"},
        "upload": {"http", "manifests"},
    },
}

# never part of the program: nothing that ships may lean on them
OUTSIDE = {"tests", "benchmarks"}

# modules with one home; a home is a path below the root, a folder's with everything in it
HOMES: dict[str, tuple[str, ...]] = {
    "tkinter": ("ui",),
    "_tkinter": ("ui",),
    "ttkbootstrap": ("ui",),
    "tkinterdnd2": ("ui",),
    "keyring": ("ui/keychain.py",),
    "jeepney": ("ui/taskbar/launcher_entry.py",),
    "subprocess": (
        "pipeline/media/ffmpeg/process.py",
        "pipeline/speech",
        "ui/file_manager.py",
        "ui/own_worker.py",
        "ui/diagnostics.py",
        "ui/computer_sleep.py",
        "ui/open_with/linux.py",
        "ui/open_with/registry.py",
    ),
    "multiprocessing": (
        "pipeline/media/ffmpeg/process.py",
        "pipeline/speech",
        "ui/one_instance.py",
        "backend/serving/workers.py",
        "hls_converter.py",
    ),
    "faster_whisper": ("pipeline/speech",),
    "requests": ("pipeline/transfer/http", "backend/conformance/check_client.py"),
    "urllib3": ("pipeline/transfer/http",),
    "httpx": ("pipeline/transfer/http",),
    "aiohttp": ("pipeline/transfer/http", "storage/s3_errors.py"),
    "http.client": ("pipeline/transfer/http",),
    "urllib.request": ("pipeline/transfer/http",),
    "prometheus_client": ("backend/serving/metrics.py",),
    "wakepy": ("pipeline/staying_awake.py",),
    "procrastinate": ("pipeline/engines/procrastinate",),
    "psycopg": ("pipeline/engines/procrastinate",),
}

# names of a module that have one home though the module itself is free
NAME_HOMES: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(
        ("os.environ", "os.environb", "os.getenv", "os.getenvb", "os.putenv", "os.unsetenv"), ("config.py",)
    ),
    **dict.fromkeys(
        (
            "os.system",
            "os.popen",
            "os.fork",
            "os.posix_spawn",
            "os.posix_spawnp",
            "ffmpeg.run",
            "ffmpeg.run_async",
            "ffmpeg.probe",
        ),
        HOMES["subprocess"],
    ),
    **dict.fromkeys(("asyncio.create_subprocess_exec", "asyncio.create_subprocess_shell"), HOMES["subprocess"]),
}


@dataclass(frozen=True)
class Use:
    """A module or a name of a module that a file uses, and where."""

    name: str
    line: int


def program_files(root: Path) -> list[Path]:
    """Return the program's own source files, without what is outside of the rules."""
    files = [root / f"{part}.py" for part in MAY_IMPORT if (root / f"{part}.py").is_file()]
    return files + sorted(path for part in MAY_IMPORT for path in (root / part).rglob("*.py"))


def violations(path: Path, text: str) -> list[str]:
    """Return a sentence for each rule that a file breaks. `path` is relative to the root."""
    tree = ast.parse(text)
    imported = list(imports(tree, path))
    found = []
    for use in imported:
        found += [
            (use.line, reason)
            for reason in (
                wrong_part(path, use),
                wrong_step(path, use),
                wrong_subpackage(path, use),
                wrong_home(path, use),
            )
            if reason
        ]
    for use in names(tree):
        if not at_home(path, NAME_HOMES[use.name]):
            found.append((use.line, f"uses {use.name}, which belongs in {' and '.join(NAME_HOMES[use.name])}"))
    return [f"{path.as_posix()}:{line} {reason}" for line, reason in sorted(set(found))]


def imports(tree: ast.Module, path: Path) -> Iterator[Use]:
    """Yield every module that a file imports, by its full name; `from a import b` yields `a.b`,
    which may be a module too.
    """
    package = path.parent.parts
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (Use(alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            base = ".".join((*above, *([node.module] if node.module else [])))
            yield from (Use(f"{base}.{alias.name}", node.lineno) for alias in node.names)
        elif isinstance(node, ast.Call) and called(node) in ("import_module", "__import__"):
            name = node.args[0] if node.args else None
            if isinstance(name, ast.Constant) and isinstance(name.value, str):
                yield Use(name.value, node.lineno)


def called(call: ast.Call) -> str:
    """Return the last name of what is called."""
    return (
        call.func.attr
        if isinstance(call.func, ast.Attribute)
        else call.func.id
        if isinstance(call.func, ast.Name)
        else ""
    )


def names(tree: ast.Module) -> Iterator[Use]:
    """Yield every guarded name that a file uses, whether as `os.environ` or after `from os import environ`,
    under any alias.
    """
    aliases = {name.split(".", 1)[0]: name.split(".", 1)[0] for name in NAME_HOMES}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            aliases.update({alias.asname: alias.name for alias in node.names if alias.asname})
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            name = f"{aliases.get(node.value.id, '')}.{node.attr}"
            if name in NAME_HOMES:
                yield Use(name, node.lineno)
        elif isinstance(node, ast.ImportFrom):
            yield from (
                Use(f"{node.module}.{a.name}", node.lineno)
                for a in node.names
                if f"{node.module}.{a.name}" in NAME_HOMES
            )


def part_of(path: Path) -> str:
    """Return the part of the program that a file belongs to: its folder below the root, or its own name."""
    return path.parts[0].removesuffix(".py")


def wrong_part(path: Path, use: Use) -> str | None:
    """Say so if a part imports another that is not below it."""
    part, other = part_of(path), use.name.split(".")[0]
    if other in OUTSIDE:
        return f"imports {use.name}, which is not a part of the program"
    if other in MAY_IMPORT and other != part and other not in MAY_IMPORT[part]:
        return f"imports {use.name}: {part} may not import {other}"
    return None


def step_of(module: tuple[str, ...]) -> int | None:
    """Return the step of a module inside pipeline, 0 for the lowest; None if the table doesn't have it."""
    return next((step for step, members in enumerate(PIPELINE_STEPS) if module and module[0] in members), None)


def wrong_step(path: Path, use: Use) -> str | None:
    """Say so if a module of pipeline imports one of a later step, or belongs to no step."""
    parts = use.name.split(".")
    if part_of(path) != "pipeline" or parts[0] != "pipeline":
        return None
    if path.parts[1:] == ("__init__.py",):
        return f"imports {use.name}: pipeline/__init__.py stands before every step"
    own = step_of((path.parts[1].removesuffix(".py"),))
    other = step_of(tuple(parts[1:]))
    if own is None or other is None:
        return f"imports {use.name}: one of the two has no step in the table"
    if other > own:
        return f"imports {use.name}, which comes after it"
    narrowed = NARROWED.get("/".join(path.parts[1:3]), NARROWED.get(path.parts[1]))
    if narrowed is not None and parts[1] not in {path.parts[1], *narrowed}:
        return f"imports {use.name}: {path.parts[1]} may not import {parts[1]}"
    return None


def wrong_subpackage(path: Path, use: Use) -> str | None:
    """Say so if a module of a package imports a subpackage that is not below its own."""
    for folder, subpackages in SUBPACKAGES.items():
        folders, package = tuple(folder.split("/")), folder.replace("/", ".")
        if path.parts[: len(folders)] != folders or not use.name.startswith(f"{package}."):
            continue
        own, other = path.parts[len(folders)].removesuffix(".py"), use.name.split(".")[len(folders)]
        if own not in subpackages or other not in subpackages:
            return f"imports {use.name}: one of the two is in no subpackage of {folder}"
        if other != own and other not in subpackages[own]:
            return f"imports {use.name}: {own} may not import {other}"
    return None


def cycles(root: Path) -> list[list[str]]:
    """Return the groups of modules that import each other, directly or by way of others."""
    modules = {name_of(path.relative_to(root)): path for path in program_files(root)}
    graph = {name: set(_imported(name, path.relative_to(root), path, modules)) for name, path in modules.items()}
    while True:  # what imports nothing that is left, or is imported by nothing that is left, is in no cycle
        imported = set().union(*graph.values()) if graph else set()
        free = {name for name, others in graph.items() if not others or name not in imported}
        if not free:
            break
        graph = {name: others - free for name, others in graph.items() if name not in free}
    return [sorted({name, *others}) for name, others in sorted(graph.items())]


def name_of(path: Path) -> str:
    """Return the dotted name of a module by its path below the root."""
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


def _imported(name: str, path: Path, file: Path, modules: Mapping[str, Path]) -> Iterator[str]:
    for use in imports(ast.parse(file.read_text(encoding="utf-8")), path):
        module = use.name if use.name in modules else use.name.rpartition(".")[0]
        if module in modules and module != name:
            yield module


def wrong_home(path: Path, use: Use) -> str | None:
    """Say so if a module with one home is imported elsewhere."""
    for module, homes in HOMES.items():
        if f"{use.name}.".startswith(f"{module}.") and not at_home(path, homes):
            return f"imports {module}, which belongs in {' and '.join(homes)}"
    return None


def at_home(path: Path, homes: tuple[str, ...]) -> bool:
    """Whether a file is one of `homes` or lies in one."""
    return any(path.as_posix() == home or path.as_posix().startswith(f"{home}/") for home in homes)


RULES = (wrong_part, wrong_step, wrong_subpackage, wrong_home)
