"""Writes the newest schema's example: `python -m tests.gateway.old_outbox`.

Do so once for each released version; the files stay as they are for ever.
"""

from __future__ import annotations

import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

from gateway.outbox import SqliteOutbox, schema
from tests.gateway.drafts import GATEWAY, KEY, telemetry


def main() -> None:
    """Put two records, dump the file as SQL."""
    version = schema.steps()[-1][0]
    target = Path(__file__).parent / "schemas" / f"{version:03d}.sql"
    target.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        outbox = SqliteOutbox(Path(folder, "outbox.db"), gateway=GATEWAY, key=KEY)
        for number in (1, 2):
            outbox.put(telemetry(number)).result(5)
        outbox.close()
        with closing(sqlite3.connect(Path(folder, "outbox.db"))) as saved:
            lines = [*saved.iterdump(), f"PRAGMA user_version = {version};"]
    target.write_text("\n".join(lines) + "\n", "utf-8")


if __name__ == "__main__":
    main()
