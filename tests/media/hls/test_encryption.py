"""Encryption: players with the key see the same, and a run that was killed is made good."""

from __future__ import annotations

import shutil

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from small_streams import decoded, make_audio_rendition, make_video_rendition, pattern, tone

from pipeline.cancel import CancelToken
from pipeline.errors import Cancelled, OutputError, Setting, SettingsError
from pipeline.job import Encryption
from pipeline.media.hls.encryption import encrypt_rendition, is_plain, publish_key, read_key, restore_rendition

KEY = bytes(range(16))
NAMES = ("ts", "fmp4", "audio")


@pytest.fixture(scope="module")
def plain_stream(tmp_path_factory):
    """A folder with three renditions of two segments each."""
    folder = tmp_path_factory.mktemp("plain")
    make_video_rendition(folder, "ts", *pattern(), *tone(), scale="160:90", muxed=True)
    make_video_rendition(folder, "fmp4", *pattern(), scale="160:90", fmp4=True)
    make_audio_rendition(folder, "audio", *tone())
    return folder


@pytest.fixture
def stream(plain_stream, tmp_path):
    """A copy of that folder that may be changed."""
    return shutil.copytree(plain_stream, tmp_path / "stream")


def _contents(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


class _StopsAfter(CancelToken):
    """Is cancelled when it has been asked so many times."""

    def __init__(self, checks: int) -> None:
        super().__init__()
        self._left = checks

    def check(self) -> None:
        if not self._left:
            self.cancel()
        self._left -= 1
        super().check()


@pytest.mark.parametrize("name", NAMES)
def test_a_player_with_the_key_sees_the_same(stream, name):
    """ffmpeg decrypts it to the same frames; the segments are no longer readable, the initialization section is."""
    plain, before = decoded(stream / name / "index.m3u8"), _contents(stream / name)
    (stream / name / "the-key").write_bytes(KEY)
    encrypt_rendition(stream, name, KEY, "the-key", CancelToken())
    after = _contents(stream / name)
    assert [False, False] == [is_plain(path) for path in (stream / name).glob("seg_*")]
    assert before.get("init.mp4") == after.get("init.mp4")
    assert plain == decoded(stream / name / "index.m3u8")


def test_the_initialization_vector_is_the_segment_s_number(stream):
    """RFC 8216, 5.2: counted from EXT-X-MEDIA-SEQUENCE, which is 1; the whole segment is one chain,
    padded by PKCS #7.
    """
    before = _contents(stream / "ts")
    encrypt_rendition(stream, "ts", KEY, "key.bin", CancelToken())
    for number, name in ((1, "seg_001.ts"), (2, "seg_002.ts")):
        decryptor = Cipher(algorithms.AES(KEY), modes.CBC(bytes(15) + bytes([number]))).decryptor()
        plain = decryptor.update((stream / "ts" / name).read_bytes()) + decryptor.finalize()
        assert (before[name], bytes([plain[-1]]) * plain[-1]) == (plain[: -plain[-1]], plain[-plain[-1] :])


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("checks", [0, 1, 2], ids=["before the first", "after one segment", "before the playlist"])
def test_a_run_that_ended_in_the_middle(stream, name, checks):
    """Each segment is plain or encrypted, all can be made plain again,
    and encrypted to the same as without the break.
    """
    before = _contents(stream / name)
    if checks < 2:
        with pytest.raises(Cancelled):
            encrypt_rendition(stream, name, KEY, "key.bin", _StopsAfter(checks))
    else:
        encrypt_rendition(stream, name, KEY, "key.bin", CancelToken())
        (stream / name / "index.m3u8").write_bytes(before["index.m3u8"])
    assert checks == sum(not is_plain(path) for path in (stream / name).glob("seg_*"))
    restore_rendition(stream, name, KEY, CancelToken())
    assert before == _contents(stream / name)
    encrypt_rendition(stream, name, KEY, "key.bin", CancelToken())
    whole = _contents(stream / name)
    restore_rendition(stream, name, KEY, CancelToken())
    assert before == _contents(stream / name)
    encrypt_rendition(stream, name, KEY, "key.bin", CancelToken())
    assert whole == _contents(stream / name)


def test_goes_on_from_half(stream):
    """What is encrypted already is not encrypted twice."""
    with pytest.raises(Cancelled):
        encrypt_rendition(stream, "ts", KEY, "key.bin", _StopsAfter(1))
    encrypt_rendition(stream, "ts", KEY, "key.bin", CancelToken())
    after = _contents(stream / "ts")
    restore_rendition(stream, "ts", KEY, CancelToken())
    encrypt_rendition(stream, "ts", KEY, "key.bin", CancelToken())
    assert after == _contents(stream / "ts")


def test_another_key(stream):
    """With another key nothing is changed, and a sentence says what to do."""
    encrypt_rendition(stream, "ts", KEY, "key.bin", CancelToken())
    before = _contents(stream / "ts")
    with pytest.raises(OutputError, match=r"with another key: use that key again, or choose another output folder"):
        restore_rendition(stream, "ts", bytes(16), CancelToken())
    assert before == _contents(stream / "ts")


@pytest.mark.parametrize(
    "uri", ["https://keys.example/k?id=1", "http://keys.example:8080/k", "keys/key.bin", "../key.bin", "/key"]
)
def test_a_key(tmp_path, uri):
    """16 bytes and an address that players can ask."""
    (tmp_path / "key").write_bytes(KEY)
    assert KEY == read_key(Encryption(key_file=tmp_path / "key", key_uri=uri))


@pytest.mark.parametrize(
    "uri", ["", "skd://key", "file:///key", "https://", "a b", 'a"b', "a\nb", "http://[", "data:,key"]
)
def test_an_address_that_is_none(tmp_path, uri):
    """What players could not ask, or what would break the playlist, is refused."""
    (tmp_path / "key").write_bytes(KEY)
    with pytest.raises(SettingsError, match="can't be a key's address"):
        read_key(Encryption(key_file=tmp_path / "key", key_uri=uri))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(b"x" * 15, "holds 15 bytes", id="short"),
        pytest.param(KEY.hex().encode(), "holds more than 16 bytes", id="as hexadecimal text"),
        pytest.param(b"", "holds 0 bytes", id="empty"),
        pytest.param(None, r"can't be read \(No such file or directory\)", id="missing"),
    ],
)
def test_a_key_that_is_none(tmp_path, content, words):
    """A key of AES-128 is a file of exactly 16 bytes; the address is judged as well."""
    if content is not None:
        (tmp_path / "key").write_bytes(content)
    with pytest.raises(SettingsError, match=words) as found:
        read_key(Encryption(key_file=tmp_path / "key", key_uri=""))
    assert [Setting.KEY_FILE, Setting.KEY_URI] == [problem.setting for problem in found.value.problems]


def test_publishing_the_key(tmp_path):
    """The key lies beside the stream as it is."""
    publish_key(tmp_path, KEY)
    assert {"key.bin": KEY} == _contents(tmp_path)
