"""What facts commit to, verified: openings fit, what was forgotten is shut, and a line says so."""

from __future__ import annotations

from cloud_bridge.errors import StoreError
from cloud_bridge.keeping.faults import Findings
from cloud_bridge.ledger.proof import Check
from cloud_bridge.store import Store
from cloud_bridge.store.linking import Held
from packtrail.event import SubjectForgotten
from packtrail.personal import is_ours


def check_personal(store: Store) -> Check:
    """Subjects against statements, openings against commitments and subjects.

    Openings are looked at where the bridge's key is at hand. Which commitments were a forgotten
    subject's is the bridge's word alone.
    """
    found = Findings("personal")
    stated = _stated(store)
    blinds: dict[str, bytes] = {}
    for subject, _, forgotten_ns, blind, wrapped in store.stream("all_subjects_of_data"):
        found.count += 1
        if bool(forgotten_ns) != (subject in stated):
            found.fault(f"subject {subject}: no statement says that it was forgotten, or was not")
        if forgotten_ns and wrapped is not None:
            found.fault(f"subject {subject}: it was forgotten, its key is there")
        if blind is not None:
            blinds[subject] = bytes(blind)
    for subject, reference, sealed, wrapped in store.stream("all_commitments"):
        found.count += 1
        if is_ours(reference) and not sealed:
            found.fault(f"{reference}: its opening is gone")
        if sealed and wrapped is not None:
            held = Held(subject, reference, bytes(sealed), bytes(wrapped))
            fault = _opening_fault(store, held, blinds)
            if fault:
                found.fault(f"{reference}: {fault}")
    return found.check()


def _stated(store: Store) -> set[str]:
    stated, after = set(), -1
    while page := store.entries_of_type("SubjectForgotten", after):
        bodies = [entry.event.body for entry in page]
        stated |= {body.subject for body in bodies if isinstance(body, SubjectForgotten)}
        after = page[-1].leaf
    return stated


def _opening_fault(store: Store, held: Held, blinds: dict[str, bytes]) -> str:
    if store.vault is None:
        return ""
    try:
        opening = store.vault.open(held)
    except StoreError as error:
        return error.describe("en")
    if opening.reference != held.reference:
        return "its opening is another's"
    fits = store.vault.blind(opening.kind, opening.value) == blinds.get(held.subject)
    return "" if fits else f"it is not of subject {held.subject}"
