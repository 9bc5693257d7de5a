"""JSON Schemas of everything that travels, written from the types themselves.

`python -m packtrail.schema FOLDER` writes them; a test holds the committed files to the types.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec

from packtrail.columns import Chunk
from packtrail.event import Event, SignedEvent
from packtrail.listed import ListedChunk
from packtrail.personal import Opening
from packtrail.receipt import Receipt
from packtrail.record import Record

TYPES = {
    "record-1": Record,
    "receipt-1": Receipt,
    "chunk-1": ListedChunk,
    "chunk-2": Chunk,
    "event-1": Event,
    "signed-event-1": SignedEvent,
    "opening-1": Opening,
}


def schema(name: str) -> dict[str, Any]:
    """JSON Schema (2020-12) of one of `TYPES`; binary fields are MessagePack `bin`."""
    content = msgspec.json.schema(TYPES[name])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:packtrail:{name}",
        **content,
    }


def write(folder: Path) -> None:
    """Write every schema as a file."""
    for name in TYPES:
        text = json.dumps(schema(name), indent=2, ensure_ascii=False)
        (folder / f"{name}.schema.json").write_text(text + "\n", "utf-8")
