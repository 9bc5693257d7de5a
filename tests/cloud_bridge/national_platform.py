"""A national platform in a process of its own: takes reports with the pre-checks of the old one.

`python national_platform.py PORT FOLDER`. What it has taken stands in FOLDER/taken.jsonl before it
answers, so that kill -9 forgets nothing. Pre-checks: a code in a vehicle, a swap or a retirement
was produced; a swapped or replaced old code is bound to that vehicle; nothing leaves a store
that it did not enter, and not before.
"""

from __future__ import annotations

import json
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class Book:
    def __init__(self, file: Path) -> None:
        self.file = file
        self.taken = {}
        self.produced, self.bound, self.stored = set(), {}, {}
        if file.exists():
            for line in file.read_text().splitlines():
                self.keep(json.loads(line))

    def keep(self, report) -> None:
        self.taken[report["id"]] = f"R-{len(self.taken) + 1}"
        fields = report["fields"]
        match report["flow"]:
            case "production":
                self.produced.add(fields["code"])
            case "vehicle":
                self.bound |= dict.fromkeys(fields.get("codes", ()), fields["vehicle"])
            case "swap":
                self.bound.pop(fields.get("old_code"), None)
                self.bound[fields["new_code"]] = fields["vehicle"]
            case "stock_in":
                self.stored |= dict.fromkeys(fields.get("codes", ()), report["occurred"])

    def check(self, report):
        fields, flow = report["fields"], report["flow"]
        codes = [*fields.get("codes", ()), fields.get("code"), fields.get("new_code")]
        unknown = [one for one in codes if one and one not in self.produced]
        if flow not in ("production", "second_life") and unknown:
            return "not_in_production", f"{unknown[0]} was never produced"
        old = fields.get("old_code")
        if flow == "swap" and old and self.bound.get(old) != fields["vehicle"]:
            return "not_bound", f"{old} is not bound to {fields['vehicle']}"
        if flow == "stock_out":
            for code in fields.get("codes", ()):
                if code not in self.stored or self.stored[code] > report["occurred"]:
                    return "not_in_store", f"{code} did not come in before"
        return None

    def answer(self, report):
        if report["id"] in self.taken:
            return 200, {"taken": True, "receipt": self.taken[report["id"]]}
        fault = self.check(report)
        if fault:
            return 422, {"taken": False, "code": fault[0], "message": fault[1]}
        with self.file.open("a") as file:
            file.write(json.dumps(report) + "\n")
            file.flush()
            os.fsync(file.fileno())
        self.keep(report)
        return 200, {"taken": True, "receipt": self.taken[report["id"]]}


def main(port: int, folder: Path) -> None:
    book = Book(folder / "taken.jsonl")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            report = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, told = book.answer(report)
            body = json.dumps(told).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Silent."""

    ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
