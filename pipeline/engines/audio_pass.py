"""One pass over a source's audio in pieces: finds the finished checkpoints and makes the missing ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from pipeline.cancel import CancelToken
from pipeline.checkpoints import Checkpoints
from pipeline.codec import from_json
from pipeline.engines.tasks import AudioPlan
from pipeline.errors import CodecError
from pipeline.media.encode.audio_clock import Entry
from pipeline.media.encode.audio_coding import Length
from pipeline.media.encode.audio_encoder import EARLY, PIECE, AudioEncoder, Level, wanted
from pipeline.media.encode.audio_reader import AudioReader, Block


@dataclass(frozen=True, kw_only=True)
class AudioPassResult:
    """The result of a pass: if it measured, the power of each tenth of a second of each rendition; how many packets
    could not be decoded; and the time at which each track ended, in seconds, by its index.
    """

    powers: list[list[float]]
    errors: int
    ends: dict[int, float]


@dataclass(frozen=True, kw_only=True)
class AudioPieceFacts:
    """A finished piece of audio.

    `errors` is how many packets of it could not be decoded, `powers` those of each rendition's tenths of a second.
    `entries` says where each track can be entered for the next piece, by its index as a text: the packet's time and
    the position of its first sample.
    """

    errors: int
    powers: tuple[tuple[float, ...], ...]
    entries: Mapping[str, tuple[int, int]]


class AudioPass:
    """Reads the tracks of a plan and makes its audio renditions at the given levels.

    Args:
        source: the file with the tracks.
        plan: the audio to make.
        pieces: the checkpoints that keep the pieces.
        kind: the first part of the pieces' names.
        key: identifies what the pieces are made from.
        levels: one per rendition.
        encodes: whether the pass writes audio; otherwise it only measures.
        measures: whether the loudness is measured.
        length: returns the length of the stream; called when the source has ended, which may be longer or shorter than
            the stream. None if nothing is written.
        on_piece: called with the number of finished pieces.
        on_read: called with the position that was read last.
        stop: ends the pass.
    """

    def __init__(
        self,
        source: Path,
        plan: AudioPlan,
        pieces: Checkpoints,
        *,
        kind: str,
        key: str,
        levels: Sequence[Level],
        encodes: bool,
        measures: bool,
        length: Callable[[], Length] | None,
        on_piece: Callable[[int], None],
        on_read: Callable[[int], None],
        stop: CancelToken,
    ) -> None:
        self._source = source
        self._plan = plan
        self._pieces = pieces
        self._kind = kind
        self._key = key
        self._levels = levels
        self._encodes = encodes
        self._measures = measures
        self._length = length
        self._on_piece = on_piece
        self._on_read = on_read
        self._stop = stop
        self._made: list[AudioPieceFacts] = []
        self._told_errors = 0
        self._attempts: dict[int, Path] = {}
        self._entries: dict[int, dict[int, Entry]] = {}

    def run(self) -> AudioPassResult:
        """Make the missing pieces. Raises EncodeError, SourceError, OutputError, Cancelled."""
        while (piece := self._found(len(self._made))) is not None:
            self._made.append(piece)
        first = len(self._made)
        self._on_piece(first)
        wants = wanted(self._plan.renditions)
        entries = _read_entries(self._made[-1].entries) if self._made else {}
        self._entries = {index: {first: entry} for index, entry in entries.items()}
        reader = AudioReader(self._source, self._plan.start_s, wants, entries, limit_s=self._plan.limit_s)
        encoders = [
            AudioEncoder(
                rendition,
                level,
                wants,
                first,
                self._piece_path(number) if self._encodes else None,
                measures=self._measures,
            )
            for number, (rendition, level) in enumerate(zip(self._plan.renditions, self._levels, strict=True))
        ]
        try:
            self._read(reader, encoders)
            self._end(reader, encoders)
        finally:
            for encoder in encoders:
                encoder.abandon()
        powers = [[power for piece in self._made for power in piece.powers[number]] for number in range(len(encoders))]
        return AudioPassResult(powers=powers, errors=sum(piece.errors for piece in self._made), ends=reader.ends)

    def _found(self, number: int) -> AudioPieceFacts | None:
        name = audio_piece_name(self._kind, number)
        facts = self._pieces.find(name, self._key)
        try:
            return None if facts is None else from_json(AudioPieceFacts, facts, name)
        except CodecError:  # written by a version that noted other things, or with powers that are not numbers
            return None

    def _read(self, reader: AudioReader, encoders: Sequence[AudioEncoder]) -> None:
        for block in reader.blocks(self._stop.check):
            self._note(block)
            for encoder in encoders:
                if block.index in encoder.indexes:
                    encoder.put(block.index, block.placed.position, block.placed.samples)
            while all(encoder.done(len(self._made)) for encoder in encoders):
                self._finish(reader, encoders)
            self._on_read(block.placed.position)

    def _end(self, reader: AudioReader, encoders: Sequence[AudioEncoder]) -> None:
        """Fill up to the length of the stream, and keep the rest as the last piece, which is made again when the job is
        started again.
        """
        if self._length is not None:
            length = self._length()
            for encoder in encoders:
                encoder.end(length)
            while len(self._made) * PIECE + PIECE <= length.samples and all(
                encoder.done(len(self._made)) for encoder in encoders
            ):
                self._finish(reader, encoders)
        self._finish(reader, encoders, last=True)

    def _finish(self, reader: AudioReader, encoders: Sequence[AudioEncoder], *, last: bool = False) -> None:
        number = len(self._made)
        piece = AudioPieceFacts(
            errors=reader.errors - self._told_errors,
            powers=tuple(tuple(encoder.piece_powers(number)) for encoder in encoders),
            entries={str(index): (entry.pts, entry.position) for index, entry in self._entered(number + 1).items()},
        )
        self._told_errors = reader.errors
        name = audio_piece_name(self._kind, number)
        attempt = self._attempts.pop(number, None) or self._pieces.begin(name)
        self._pieces.keep(name, attempt)
        if not last:
            self._pieces.finish(name, self._key, asdict(piece))  # as it is: powers of broken audio may not be numbers
        self._made.append(piece)
        self._on_piece(len(self._made))

    def _piece_path(self, rendition: int) -> Callable[[int], Path]:
        def path(number: int) -> Path:
            if number not in self._attempts:
                self._attempts[number] = self._pieces.begin(audio_piece_name(self._kind, number))
            return self._attempts[number] / piece_file(rendition)

        return path

    def _note(self, block: Block) -> None:
        """Note where reading of the track can begin for the pieces that follow: the last position that is early
        enough.
        """
        entry = block.placed.entry
        if entry is not None:
            number = -(-(entry.position + EARLY) // PIECE)
            self._entries.setdefault(block.index, {})[number] = entry

    def _entered(self, number: int) -> Mapping[int, Entry]:
        found = {}
        for index, entries in self._entries.items():
            before = max((n for n in entries if n <= number), default=None)
            if before is not None:
                found[index] = entries[before]
        return found


def audio_piece_name(kind: str, number: int) -> str:
    """Return the name of a piece."""
    return f"{kind}-{number:04d}"


def piece_file(rendition: int) -> str:
    """Return the name of a rendition's file in a piece."""
    return f"{rendition}.nut"


def _read_entries(stored: Mapping[str, Sequence[int]]) -> dict[int, Entry]:
    return {int(index): Entry(pts=pts, position=position) for index, (pts, position) in stored.items()}
