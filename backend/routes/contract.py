"""The bodies of the interface, asked and answered, as docs/backend-api.md has them. Knows no storage and no route."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from backend.routes.key_schema import key_schema, prefix_schema
from storage import MAX_PARTS, MAX_PUT_BYTES

PART_BYTES = 16 << 20
"""What a client is advised to cut large files into: few requests, and little to send again after a break."""

MAX_OBJECT_BYTES = 5 << 40
"""The largest object that parts can make (Amazon S3, "Multipart upload limits")."""

MAX_VIEWER_SECONDS = 366 * 86_400
"""How long the address of a stream may be good for, in seconds."""

MAX_PRESIGN = 100
"""For how many files one request may ask."""

MAX_PAGE = 1000
"""How many objects or records one answer lists at most."""

MAX_RECORD_BYTES = 64 << 10
"""The largest file record, as JSON: a thousand times what the program itself sends would not be one."""

CONTENT_TYPE = r"^[A-Za-z0-9_.+-]+/[A-Za-z0-9_.+-]+( ?; ?[A-Za-z0-9_.+-]+=[A-Za-z0-9_.+\"-]+)*$"
MAX_CONTENT_TYPE = 255

_TYPE_SCHEMA = {"type": "string", "maxLength": MAX_CONTENT_TYPE, "pattern": CONTENT_TYPE, "example": "video/mp2t"}

Key = Annotated[str, WithJsonSchema(key_schema())]
Prefix = Annotated[str, WithJsonSchema(prefix_schema())]
ContentType = Annotated[str, WithJsonSchema(_TYPE_SCHEMA)]


def _whole_number(value: object) -> object:
    return int(value) if isinstance(value, float) and value.is_integer() else value


# JSON has one kind of number: 5.0 is as whole as 5.
PutBytes = Annotated[int, Field(ge=0, le=MAX_PUT_BYTES), BeforeValidator(_whole_number)]
ObjectBytes = Annotated[int, Field(ge=0, le=MAX_OBJECT_BYTES), BeforeValidator(_whole_number)]
PartNumber = Annotated[int, Field(ge=1, le=MAX_PARTS), BeforeValidator(_whole_number)]
ViewerSeconds = Annotated[int, Field(ge=1, le=MAX_VIEWER_SECONDS), BeforeValidator(_whole_number)]
UploadId = Annotated[str, Field(min_length=1, max_length=1024)]
EntityTag = Annotated[str, Field(min_length=1, max_length=256)]
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]


def is_content_type(text: str) -> bool:
    """Whether a text can be a Content-Type header."""
    return len(text) <= MAX_CONTENT_TYPE and re.fullmatch(CONTENT_TYPE, text) is not None and not text.endswith("\n")


class _Body(BaseModel):
    """Takes the fields of the contract and no others, so that a client that sends more is found out here."""

    model_config = ConfigDict(extra="forbid", strict=True)


class PresignRequest(_Body):
    """What a client asks a signed URL for."""

    key: Key
    contentType: ContentType
    sizeBytes: PutBytes | None = None


class PresignManyRequest(_Body):
    """What a client asks several signed URLs for."""

    files: list[PresignRequest] = Field(min_length=1, max_length=MAX_PRESIGN)


class MultipartRequest(_Body):
    """A large file that will come in parts."""

    key: Key
    contentType: ContentType
    sizeBytes: ObjectBytes


class PartRequest(_Body):
    """One part that a client asks a signed URL for."""

    key: Key
    uploadId: UploadId
    partNumber: PartNumber
    sizeBytes: PutBytes


class PartTag(_Body):
    """One part as the store confirmed it; the entity tag may be in quotes, as its header has it."""

    partNumber: PartNumber
    etag: EntityTag


class CompleteRequest(_Body):
    """All parts of an upload."""

    key: Key
    uploadId: UploadId
    parts: list[PartTag] = Field(min_length=1)


class RecordKeys(_Body):
    """Where a video's files are; null for what was not made."""

    hls: str | None
    mp4: str | None = None
    transcript: str | None = None


class RecordMetadata(_Body):
    """What is known of a video; `duration` in seconds. Whatever else a client knows of it is kept as it comes."""

    model_config = ConfigDict(extra="allow", strict=True)

    duration: Seconds | None = None
    qualities: list[str] = []


class RecordRequest(_Body):
    """One finished video."""

    name: str = Field(min_length=1)
    type: str
    language: str
    parentFolder: str | None = None
    sessionId: str | None = None
    s3Keys: RecordKeys
    metadata: RecordMetadata


class Valid(BaseModel):
    """The token is good."""

    valid: bool


class DatasetInfo(BaseModel):
    """The dataset of this backend; `is_dirty` says that the copy here has changes that are not on S3."""

    source_uri: str
    is_s3: bool
    can_save_to_s3: bool
    is_dirty: bool


class DatasetSaved(BaseModel):
    """The dataset is on S3; `etag` and `size` are those of what is there now, `message` a sentence for an editor."""

    status: str
    s3_uri: str
    etag: str
    size: int
    message: str


class Presigned(BaseModel):
    """A signed URL for one object; `headers` are sent with the PUT, and are left out where there are none."""

    key: str
    signedUrl: str
    downloadUrl: str
    headers: dict[str, str] | None = None


class PresignedMany(BaseModel):
    """Signed URLs for several objects, in the order in which they were asked for."""

    files: list[Presigned]


class MultipartLimits(BaseModel):
    """How large files are cut."""

    partBytes: int
    minPartBytes: int
    maxParts: int


class Capabilities(BaseModel):
    """What this backend has beyond what every one has; `bucket` is null where there is none."""

    version: int
    bucket: str | None
    presignMany: int
    declaredSize: bool
    contentMd5: bool
    maxPutBytes: int
    multipart: MultipartLimits
    list: bool
    read: bool
    delete: bool
    manifest: bool
    deleteRecord: bool
    viewerUrls: bool


class ViewerUrlRequest(_Body):
    """A stream that somebody is to watch; `expiresSeconds` from now on, left out: for as long as is usual."""

    prefix: Prefix
    expiresSeconds: ViewerSeconds | None = None


class ViewerUrl(BaseModel):
    """Where a stream is watched: `pageUrl` is for people and for frames, `playlistUrl` for players; `expires` is null
    where they don't end.
    """

    visibility: str
    pageUrl: str
    playlistUrl: str
    expires: str | None


class MultipartBegun(BaseModel):
    """An upload in parts that waits for them."""

    key: str
    uploadId: str
    downloadUrl: str


class PartPresigned(BaseModel):
    """A signed URL for one part."""

    signedUrl: str


class Part(BaseModel):
    """A part that is stored."""

    partNumber: int
    sizeBytes: int
    etag: str


class Parts(BaseModel):
    """The parts that are stored, by their numbers."""

    parts: list[Part]


class Completed(BaseModel):
    """The object that was made of parts."""

    key: str
    sizeBytes: int
    etag: str


class _Described(BaseModel):
    key: str
    sizeBytes: int
    md5: str | None
    lastModified: str = Field(json_schema_extra={"example": "2026-01-31T12:00:00Z"})


class ListedObject(_Described):
    """One object of a list; `etag` and `md5` (hex) are null where telling them would mean reading the object."""

    etag: str | None


class FoundObject(_Described):
    """One object and an address to read it at; `md5` in hex, null where it is not known, as `etag` is."""

    etag: str | None
    url: str


class Objects(BaseModel):
    """One page of objects; `next` is the value to send as `after` for the next one, null on the last."""

    objects: list[ListedObject]
    next: str | None


class KeptRecord(RecordRequest):
    """A file record as it is kept."""

    id: str
    createdAt: str


class Records(BaseModel):
    """One page of file records, oldest first; `next` is sent as `after` for the next page, null on the last.

    `skipped` has the ids of records that are damaged and left out.
    """

    files: list[KeptRecord]
    next: str | None
    skipped: list[str]


class Health(BaseModel):
    """The backend answers, or can store and read: `ok`."""

    status: str


class Unready(BaseModel):
    """The backend can't store or read: `unavailable`; `detail` are sentences for who has a token without limits."""

    status: str
    detail: list[str] | None = None


class RefusalBody(BaseModel):
    """Why a request was not answered: `error` is a short code, `message` a sentence."""

    error: str
    message: str


class QuotaRefusalBody(RefusalBody):
    """The storage is full; the figures are there when it is a quota that says so."""

    maxSizeBytes: int | None = None
    usedBytes: int | None = None
    wantedBytes: int | None = None
    prefix: str | None = None
    """What the keys begin with for which the quota is; missing where it is for all."""
