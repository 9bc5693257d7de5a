"""What facts commit to, verified: openings fit, what was forgotten is shut, and a line says so."""

from __future__ import annotations

from cloud_bridge.errors import StoreError
from cloud_bridge.keeping.faults import Findings
from cloud_bridge.keeping.stated import stated
from cloud_bridge.store import Store
from cloud_bridge.store.linking import Held
from packtrail.event import SubjectForgotten
from packtrail.personal import digest, is_ours
from packtrail.proof.pack import Check


def check_personal(store: Store) -> Check:
    """Subjects against statements, openings against commitments and subjects.

    Openings are looked at where the bridge's key is at hand. Which commitments were a forgotten
    subject's, its statement has fixed.
    """
    found, said = Findings("personal"), _stated(store)
    closed: dict[str, list[str]] = {subject: [] for subject in said}
    for subject, reference, sealed, wrapped, blind in store.stream("all_commitments"):
        found.count += 1
        if sealed and subject in closed:
            closed[subject].append(reference)
        if is_ours(reference) and not sealed:
            found.fault(f"{reference}: its opening is gone")
        if sealed and wrapped is not None:
            held = Held(subject, reference, bytes(sealed), bytes(wrapped))
            fault = _opening_fault(store, held, bytes(blind))
            if fault:
                found.fault(f"{reference}: {fault}")
    for subject, forgotten_ns, wrapped in store.stream("all_subjects_of_data"):
        found.count += 1
        fault = _subject_fault(said.get(subject), bool(forgotten_ns), closed.get(subject, []))
        if forgotten_ns and wrapped is not None:
            fault = "it was forgotten, its key is there"
        if fault:
            found.fault(f"subject {subject}: {fault}")
    return found.check()


def _stated(store: Store) -> dict[str, SubjectForgotten]:
    return {body.subject: body for _, _, body in stated(store, SubjectForgotten)}


def _subject_fault(said: SubjectForgotten | None, forgotten: bool, closed: list[str]) -> str:
    if (said is not None) != forgotten:
        return "no statement says that it was forgotten" if forgotten else "it was stated forgotten"
    if said and (said.commitments, said.digest) != (len(closed), digest(closed)):
        return "its commitments are not those that the statement closed"
    return ""


def _opening_fault(store: Store, held: Held, blind: bytes) -> str:
    if store.vault is None:
        return ""
    try:
        opening = store.vault.open(held)
    except StoreError as error:
        return error.describe("en")
    if opening.reference != held.reference:
        return "its opening is another's"
    fits = store.vault.blind(opening.kind, opening.value) == blind
    return "" if fits else f"it is not of subject {held.subject}"
