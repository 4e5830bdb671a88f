"""Judges a stream's folder by RFC 8216 and Apple's HLS authoring specification.

Reads only; knows nothing of how streams are made.

What a stream says of itself is compared with what its segments hold, read here independently of the modules that write
it:
a mistake there must not be hidden by the same mistake here.
"""

from pipeline.media.validate.findings import RuleFinding, Severity, Validation
from pipeline.media.validate.stream import validate

__all__ = ["RuleFinding", "Severity", "Validation", "validate"]
