"""How a job went as JSON and back, versioned: what the queue keeps of jobs that have ended.

No secret is in it: an address may be signed in its query, so that is left out.
"""

from __future__ import annotations

import json
from dataclasses import replace

from pipeline.codec import from_json, to_json
from pipeline.errors import CodecError
from pipeline.model import JobReport

SCHEMA = 1


def report_to_text(report: JobReport) -> str:
    """Return a report as JSON in one line."""
    report = replace(report, master_url=report.master_url.partition("?")[0])
    return json.dumps({"schema": SCHEMA, **to_json(report)})


def report_from_text(text: str, where: str = "The report") -> JobReport:
    """Return the report that a JSON text stands for; `where` names it in a message. Raises CodecError."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CodecError(f"{where} is not JSON text.") from error
    schema = data.get("schema") if isinstance(data, dict) else None
    if type(schema) is not int or schema < 1:
        raise CodecError(f"{where} does not say which schema it has.")
    if schema > SCHEMA:
        raise CodecError(f"{where} has schema {schema}, and this version reads up to {SCHEMA}: use a newer version.")
    return from_json(JobReport, {name: value for name, value in data.items() if name != "schema"}, where)
