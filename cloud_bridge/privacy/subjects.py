"""Subjects as they are asked for: found by a value, opened for display, their openings listed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from cloud_bridge.errors import StoreError
from cloud_bridge.store import Store
from cloud_bridge.store.personal import SubjectRow
from packtrail import logs
from packtrail.event import VehicleRef
from packtrail.personal import SUBJECT, VEHICLE, Opening, is_ours
from packtrail.times import format_time

FORGOTTEN: Final = "forgotten"
"""Scheme of what is shown in place of a vehicle that was forgotten; the id is the day."""
log = logs.get("cloud_bridge.privacy")
_NAMED: Final = f"{SUBJECT}:"


class Subjects:
    """Reads them from a store; without the bridge's key nothing is found by value or opened.

    Args:
        store: where.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def vehicle(self, asked: VehicleRef) -> VehicleRef:
        """The subject that a vehicle, or one of its commitments, is known as; else itself."""
        name = str(asked)
        if asked.scheme == SUBJECT:
            return asked
        found = self._store.links([name]).get(name)
        if found is None and not is_ours(name):
            found = self.by_value(VEHICLE, name)
        return VehicleRef(SUBJECT, found) if found else asked

    def by_value(self, kind: str, value: str) -> str | None:
        """The subject of a value that is not forgotten."""
        vault = self._store.vault
        return self._store.subject_by(vault.blind(kind, value)) if vault else None

    def row(self, subject: str) -> SubjectRow | None:
        """What is known of a subject."""
        return self._store.subjects_of_data([subject]).get(subject)

    def openings(self, subject: str) -> list[Opening]:
        """What opens every commitment of a subject; nothing once it is forgotten.

        Raises:
            StoreError: a key or an opening does not fit.
        """
        vault = self._store.vault
        return [vault.open(held) for held in self._store.openings(subject)] if vault else []

    def value(self, subject: str) -> str:
        """Whose it is in the clear, "" for what cannot be opened.

        A key or an opening that does not fit is found by `bridge verify`; a page goes on without.
        """
        vault, held = self._store.vault, self._store.openings(subject, 1)
        if vault is None or not held:
            return ""
        try:
            return vault.open(held[0]).value
        except StoreError:
            log.warning("opening_does_not_fit", subject=subject)
            return ""

    def shown(self, names: Iterable[str]) -> dict[str, str]:
        """`subject:ID` -> what a reader may be shown: the number, or `forgotten:YYYY-MM-DD`."""
        asked = sorted({name for name in names if name.startswith(_NAMED)})
        ids = [name.removeprefix(_NAMED) for name in asked]
        rows = self._store.subjects_of_data(ids) if ids else {}
        told = {f"{_NAMED}{one}": self._shown(rows[one]) for one in ids if one in rows}
        return {name: text for name, text in told.items() if text}

    def forgotten(self, names: Iterable[str]) -> dict[str, str]:
        """`subject:ID` -> when it was forgotten, RFC 3339, for those that were."""
        ids = {name.removeprefix(_NAMED) for name in names if name.startswith(_NAMED)}
        rows = self._store.subjects_of_data(sorted(ids)) if ids else {}
        return {
            f"{_NAMED}{row.id}": format_time(row.forgotten_ns)
            for row in rows.values()
            if row.forgotten_ns
        }

    def _shown(self, row: SubjectRow) -> str:
        if row.forgotten_ns:
            return f"{FORGOTTEN}:{format_time(row.forgotten_ns)[:10]}"
        return self.value(row.id)
