"""Encrypts the segments of a finished rendition with the editor's own key (RFC 8216, 4.3.2.4 and 5.2), and undoes it.

Each segment is replaced in one step, so a run that was killed leaves every segment either plain or encrypted, and which
of the two it is can be seen. Knows nothing of how segments were made.
"""

from __future__ import annotations

import hashlib
import shutil
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.cancel import CancelToken
from pipeline.errors import OutputError, Problem, Setting, SettingsError
from pipeline.files import read_file, write_whole
from pipeline.job import Encryption
from pipeline.media.hls.measure import read_map_uri, read_media_playlist
from pipeline.media.hls.playlists import FMP4_VERSION, TS_VERSION, media_playlist
from pipeline.media.stream_layout import PLAYLIST

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers import Cipher, modes

KEY_BYTES = 16
"""RFC 8216, 5.1: a key of AES-128 is a file of 16 bytes."""

BLOCK_BITS = 128
FIRST_SEQUENCE_NUMBER = 1
PUBLISHED_KEY = "key.bin"

TS_PACKET_BYTES = 188
TS_PACKETS_LOOKED_AT = 5
FMP4_FIRST_BOXES = (b"styp", b"sidx", b"moof")


def read_key(encryption: Encryption) -> bytes:
    """Return the key. Raises SettingsError when the key's file or the key's address is not what players can use."""
    problems: list[Problem] = []
    key = b""
    try:
        key = _key_bytes(encryption)
        if len(key) != KEY_BYTES:
            found = f"more than {KEY_BYTES}" if len(key) > KEY_BYTES else str(len(key))
            text = (
                f"The key file {encryption.key_file} holds {found} bytes: "
                f"an AES-128 key is a file of exactly {KEY_BYTES}."
            )
            problems.append(Problem(text=text, setting=Setting.KEY_FILE))
    except SettingsError as error:
        problems += error.problems
    if not _is_address(encryption.key_uri):
        text = (
            f"{encryption.key_uri!r} can't be a key's address: give one that begins with https:// or a relative path."
        )
        problems.append(Problem(text=text, setting=Setting.KEY_URI))
    if problems:
        raise SettingsError(problems)
    return key


def key_digest(encryption: Encryption) -> str:
    """Return a digest that identifies this key without revealing it. Raises SettingsError."""
    return hashlib.sha256(b"HLS key" + _key_bytes(encryption)).hexdigest()


def encrypt_rendition(folder: Path, name: str, key: bytes, key_uri: str, cancel: CancelToken) -> None:
    """Encrypt the segments of the rendition `name` in a job's folder, then say so in its playlist.

    The playlist comes last: as long as it names no key, the rendition is not wholly encrypted. Raises OutputError,
    Cancelled.
    """
    playlist = folder / name / PLAYLIST
    for number, path in _segments(playlist):
        cancel.check()
        if is_plain(path):
            write_whole(path, _encrypted(_content(path), key, number))
    _write_playlist(playlist, key_uri)


def restore_rendition(folder: Path, name: str, key: bytes, cancel: CancelToken) -> None:
    """Decrypt a rendition of which an earlier run encrypted some or all segments; leaves a plain one as it is.

    Raises OutputError when a segment was encrypted with another key, Cancelled.
    """
    playlist = folder / name / PLAYLIST
    for number, path in _segments(playlist):
        cancel.check()
        if is_plain(path):
            continue
        try:
            plain = _decrypted(_content(path), key, number)
        except ValueError as error:
            raise OutputError(
                f"An earlier run began to encrypt {playlist.parent} with another key: "
                "use that key again, or choose another output folder."
            ) from error
        write_whole(path, plain)
    if "#EXT-X-KEY:" in playlist.read_text(encoding="utf-8"):
        _write_playlist(playlist, None)


def is_plain(segment: Path) -> bool:
    """Say whether a segment is not encrypted: it begins as transport streams or fragmented MP4 do. Raises OutputError.

    By chance ciphertext looks so once in four billion segments.
    """
    return _looks_plain(_content(segment, TS_PACKETS_LOOKED_AT * TS_PACKET_BYTES), segment.stat().st_size)


def plain_copy(folder: Path, name: str, target: Path, key: bytes, cancel: CancelToken) -> None:
    """Copy the rendition `name` of a job's folder into another folder, plain whatever it is here.

    Raises OutputError, Cancelled.
    """
    try:
        shutil.copytree(folder / name, target / name)
    except OSError as error:
        raise OutputError(
            f"{folder / name} can't be copied ({error.strerror or error}): free some space and start again."
        ) from error
    restore_rendition(target, name, key, cancel)


def is_touched(folder: Path, name: str) -> bool:
    """Say whether any segment of the rendition `name` is encrypted. Raises EncodeError, OutputError."""
    return any(not is_plain(path) for _, path in _segments(folder / name / PLAYLIST))


def publish_key(folder: Path, key: bytes) -> None:
    """Put the key beside the stream. Raises OutputError."""
    write_whole(folder / PUBLISHED_KEY, key)


def address_from(name: str, key_uri: str) -> str:
    """Return the key's address as the playlist of the rendition `name` says it:
    a relative one counts from the master.
    """
    if urllib.parse.urlsplit(key_uri).scheme or key_uri.startswith("/"):
        return key_uri
    return "../" * (name.count("/") + 1) + key_uri


def _key_bytes(encryption: Encryption) -> bytes:
    """Return what is in the key's file, one byte more at most than a key has. Raises SettingsError."""
    try:
        return read_file(encryption.key_file, KEY_BYTES + 1)
    except OSError as error:
        text = f"The key file {encryption.key_file} can't be read ({error.strerror}): name a file of {KEY_BYTES} bytes."
        raise SettingsError(Problem(text=text, setting=Setting.KEY_FILE)) from error


def _is_address(uri: str) -> bool:
    if not uri or any(character.isspace() or not character.isprintable() or character == '"' for character in uri):
        return False
    try:
        parts = urllib.parse.urlsplit(uri)
    except ValueError:
        return False
    return bool(parts.netloc) if parts.scheme in ("http", "https") else not parts.scheme


def _looks_plain(head: bytes, size_bytes: int) -> bool:
    syncs = head[: TS_PACKETS_LOOKED_AT * TS_PACKET_BYTES : TS_PACKET_BYTES]
    transport_stream = size_bytes % TS_PACKET_BYTES == 0 and syncs == b"\x47" * len(syncs)
    return transport_stream or head[4:8] in FMP4_FIRST_BOXES


def _segments(playlist: Path) -> Iterator[tuple[int, Path]]:
    """Yield each segment with its media sequence number."""
    for number, segment in enumerate(read_media_playlist(playlist), start=FIRST_SEQUENCE_NUMBER):
        yield number, playlist.parent / segment.uri


def _content(segment: Path, limit: int = -1) -> bytes:
    try:
        with segment.open("rb") as file:
            return file.read(limit)
    except OSError as error:
        raise OutputError(f"{segment} can't be read ({error.strerror}): check the disk and start again.") from error


def _write_playlist(playlist: Path, key_uri: str | None) -> None:
    segments, map_uri = read_media_playlist(playlist), read_map_uri(playlist)
    text = media_playlist(
        [segment.duration_s for segment in segments],
        [segment.uri for segment in segments],
        version=TS_VERSION if map_uri is None else FMP4_VERSION,
        map_uri=map_uri,
        key_uri=key_uri,
    )
    write_whole(playlist, text)


def _encrypted(data: bytes, key: bytes, number: int) -> bytes:
    from cryptography.hazmat.primitives.padding import PKCS7

    padder = PKCS7(BLOCK_BITS).padder()
    encryptor = _cipher(key, number).encryptor()
    return encryptor.update(padder.update(data) + padder.finalize()) + encryptor.finalize()


def _decrypted(data: bytes, key: bytes, number: int) -> bytes:
    """Raises ValueError when it was not encrypted with this key."""
    from cryptography.hazmat.primitives.padding import PKCS7

    decryptor = _cipher(key, number).decryptor()
    unpadder = PKCS7(BLOCK_BITS).unpadder()
    plain = unpadder.update(decryptor.update(data) + decryptor.finalize()) + unpadder.finalize()
    if not _looks_plain(plain, len(plain)):
        raise ValueError("another key")
    return plain


def _cipher(key: bytes, number: int) -> Cipher[modes.CBC]:
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    # RFC 8216, 5.2: without an IV attribute the media sequence number as a 128-bit big-endian integer
    return Cipher(algorithms.AES(key), modes.CBC(number.to_bytes(KEY_BYTES, "big")))
