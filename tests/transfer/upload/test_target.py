"""Where a stream goes below its prefix."""

from __future__ import annotations

import pytest

from pipeline.transfer.manifests.placement import pointing_into, versions_in
from pipeline.transfer.upload.journal import Confirmed, JournalContent
from pipeline.transfer.upload.target import PublishedMaster, UploadTarget, choose_target

OURS, THEIRS, OLD = "0" * 32, "1" * 32, "2" * 32


def master(md5: str) -> dict[str, Confirmed]:
    """Return the confirmation of a master with this content."""
    return {"master.m3u8": Confirmed(size_bytes=1, mtime_ns=1, key="p/master.m3u8", url="", md5=md5)}


def target_of(
    content: JournalContent,
    published: PublishedMaster,
    *,
    resume: bool = True,
    taken: tuple[int, ...] = (),
    adds: bool = False,
    other: tuple[str, ...] = (),
) -> tuple[str, bool, bool]:
    """Return place, whether it goes on, and whether the editor is told something;
    at the places `other` something is not ours.
    """
    found = choose_target(
        content,
        resume=resume,
        published=published,
        ours=lambda place: {OURS},
        taken=lambda: taken,
        only_adds=lambda: adds,
        differs=lambda place: place in other,
        prefix="p/",
    )
    assert isinstance(found, UploadTarget)
    return found.version_folder, found.going_on, bool(found.notice)


def test_the_same_stream_in_a_version_is_found():
    """Also without a journal, and by whatever tells of the version:
    the master that would be sent there is the one that stands.
    """
    published = PublishedMaster(known=True, md5=THEIRS, versions=(3,))
    for found, taken in ((published, ()), (PublishedMaster(known=True, md5=THEIRS), (2, 3, 4))):
        chosen = choose_target(
            EMPTY,
            resume=True,
            published=found,
            ours=lambda place: {THEIRS if place == "v3/" else OURS},
            taken=lambda taken=taken: taken,
            only_adds=lambda: False,
            differs=lambda place: False,
            prefix="p/",
        )
        assert UploadTarget(version_folder="v3/", going_on=False, same=True) == chosen


EMPTY = JournalContent()
BEGUN = JournalContent(begun=True, version_folders=("",))
DONE = JournalContent(begun=True, version_folders=("",), confirmed=master(OURS))
BEGUN_V3 = JournalContent(begun=True, version_folder="v3/", version_folders=("", "v3/"))
DONE_V3 = JournalContent(begun=True, version_folder="v3/", version_folders=("", "v3/"), confirmed=master(OURS))
UNKNOWN, NOTHING = PublishedMaster(), PublishedMaster(known=True)


@pytest.mark.parametrize(
    ("content", "published", "expected"),
    [
        (EMPTY, UNKNOWN, ("", False, False)),
        (EMPTY, NOTHING, ("", False, False)),
        (EMPTY, PublishedMaster(known=True, md5=THEIRS), ("v2/", False, True)),
        (EMPTY, PublishedMaster(known=True, md5=OURS), ("", False, False)),
        (BEGUN, UNKNOWN, ("", True, False)),
        (BEGUN, NOTHING, ("", True, False)),
        (BEGUN, PublishedMaster(known=True, md5=THEIRS), ("v2/", False, True)),
        (DONE, UNKNOWN, ("", True, False)),
        (DONE, PublishedMaster(known=True, md5=OURS), ("", True, False)),
        (DONE, NOTHING, ("", False, True)),
        (DONE, PublishedMaster(known=True, md5=THEIRS), ("v2/", False, True)),
        (BEGUN_V3, PublishedMaster(known=True, md5=THEIRS), ("v3/", True, False)),
        (BEGUN_V3, NOTHING, ("v3/", True, False)),
        (DONE_V3, PublishedMaster(known=True, md5=OURS), ("v3/", True, False)),
        (DONE_V3, PublishedMaster(known=True, md5=THEIRS), ("v4/", False, True)),
    ],
    ids=[
        "first, unknown",
        "first",
        "another stream",
        "same stream",
        "resume, unknown",
        "resume",
        "resume beside another",
        "done, unknown",
        "done",
        "vanished",
        "replaced",
        "resume of a version",
        "resume of a version, other gone",
        "version done",
        "version replaced",
    ],
)
def test_where_an_upload_goes(content, published, expected):
    """A stream that is watched is never written into by another one."""
    assert expected == target_of(content, published)


def test_starting_anew_stays_where_the_same_stream_stands():
    """Without resume everything is sent again, to the same place as long as it is the same stream."""
    assert ("v3/", False, False) == target_of(DONE_V3, PublishedMaster(known=True, md5=OURS), resume=False)
    assert ("v4/", False, True) == target_of(BEGUN_V3, PublishedMaster(known=True, md5=THEIRS), resume=False)


@pytest.mark.parametrize(("place", "number"), [("", 2), ("v3/", 4)], ids=["at the prefix", "in a version"])
def test_what_only_adds_to_our_stream_stays_where_it_is(place, number):
    """Where the stream that stands there is the one from here; another one, or one that was changed,
    is never written into.
    """
    content = JournalContent(begun=True, version_folder=place, version_folders=("", place), confirmed=master(OLD))
    assert (place, True, False) == target_of(content, PublishedMaster(known=True, md5=OLD), adds=True)
    assert f"v{number}/" == target_of(content, PublishedMaster(known=True, md5=OLD), adds=False)[0]
    assert f"v{number}/" == target_of(content, PublishedMaster(known=True, md5=THEIRS), adds=True)[0]
    assert f"v{number}/" == target_of(content, PublishedMaster(known=True, md5=OLD), adds=True, resume=False)[0]


@pytest.mark.parametrize("resume", [True, False], ids=["resumed", "anew"])
@pytest.mark.parametrize(
    ("content", "other", "expected"),
    [
        pytest.param(EMPTY, ("",), "v2/", id="no journal"),
        pytest.param(DONE, ("",), "v2/", id="journal"),
        pytest.param(DONE_V3, ("v3/",), "v4/", id="in a version"),
        pytest.param(DONE_V3, ("",), "v3/", id="at another place"),
    ],
)
def test_a_master_like_ours_over_another_stream(content, other, expected, resume):
    """Another key leaves the master as it was: what is known to differ is not written over,
    whatever the run was asked.
    """
    assert (
        expected == target_of(content, PublishedMaster(known=True, md5=OURS), other=other, adds=True, resume=resume)[0]
    )


def test_a_version_with_a_master_like_ours_over_another_stream():
    """A stream from another folder is ours only where nothing of it is known to differ."""
    chosen = choose_target(
        EMPTY,
        resume=True,
        published=PublishedMaster(known=True, md5=THEIRS, versions=(3,)),
        ours=lambda place: {THEIRS if place == "v3/" else OURS},
        taken=tuple,
        only_adds=lambda: False,
        differs=lambda place: place == "v3/",
        prefix="p/",
    )
    assert ("v4/", False) == (chosen.version_folder, chosen.same)


def test_what_would_be_added_to_a_stream_that_differs():
    """The server knows of a segment that is not the one from here: another computer has sent it since."""
    content = JournalContent(begun=True, version_folders=("",), confirmed=master(OLD))
    assert "v2/" == target_of(content, PublishedMaster(known=True, md5=OLD), adds=True, other=("",))[0]


def test_versions_are_never_used_twice():
    """What the server has counts, and what the journal remembers."""
    assert "v8/" == target_of(EMPTY, PublishedMaster(known=True, md5=THEIRS), taken=(7, 2))[0]
    assert [12, 3] == versions_in("v12/720p/index.m3u8 v3/x v/ va/")


def test_folder_without_a_master_has_no_versions():
    """Without a master there is nothing to switch."""
    published = PublishedMaster(known=True, md5=THEIRS)
    found = choose_target(
        EMPTY,
        resume=True,
        published=published,
        ours=lambda place: (),
        taken=tuple,
        only_adds=lambda: False,
        differs=lambda place: True,
        prefix="p/",
    )
    assert "" == found.version_folder


MASTER = """#EXTM3U
#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="subs",NAME="English",URI="subtitles/en/index.m3u8"
#EXT-X-STREAM-INF:BANDWIDTH=1,CODECS="avc1,mp4a"
720p/index.m3u8
#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=1,URI="720p/iframes.m3u8"
#EXT-X-SESSION-KEY:METHOD=AES-128,URI="https://keys.example.com/k"
#EXT-X-STREAM-INF:BANDWIDTH=2
/elsewhere/index.m3u8

"""


def test_master_points_into_its_folder():
    """Relative addresses lead into the folder, all others and everything else stay as they are."""
    expected = (
        MASTER.replace('"subtitles/', '"v2/subtitles/')
        .replace("\n720p/index", "\nv2/720p/index")
        .replace('"720p/ifr', '"v2/720p/ifr')
    )
    assert expected.encode() == pointing_into("v2/", MASTER.encode())
    assert MASTER.encode() == pointing_into("", MASTER.encode())
    chapters = b'#EXT-X-SESSION-DATA:DATA-ID="c",URI="%s"'
    assert chapters % b"my%20chapters.json" == pointing_into(
        "v2/", chapters % b"my%20chapters.json", ["my chapters.json"]
    )
    assert chapters % b"v2/chapters.json" == pointing_into("v2/", chapters % b"chapters.json")
    assert b"\xff\xfe\nv2/a\r\n" == pointing_into("v2/", b"\xff\xfe\na\r\n").replace(b"v2/\xff", b"\xff")
