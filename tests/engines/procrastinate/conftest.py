"""Workers in this process on a queue of the test's own."""

from collections.abc import Iterator

import pytest
from queue_machines import Machines, machines_of


@pytest.fixture
def machines(queue_server) -> Iterator[Machines]:
    """What starts workers on a queue of the test's own."""
    with machines_of(queue_server.url) as made:
        yield made
