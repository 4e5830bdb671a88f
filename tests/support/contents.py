"""What tests of storages store and read."""


async def in_chunks(*chunks):
    """Give the chunks one by one, as a request does."""
    for chunk in chunks:
        yield chunk


async def read(storage, path, start=0, stop=None):
    """Return a range of an object."""
    opened = await storage.open(path)
    try:
        return b"".join([chunk async for chunk in opened.chunks(start, stop)])
    finally:
        await opened.close()


async def listed(storage, prefix="", after=""):
    """Return the paths that a listing gives."""
    return [found.path async for found in storage.list_objects(prefix, after=after)]
