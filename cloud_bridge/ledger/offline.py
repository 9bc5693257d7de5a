"""A proof in a file: checked with nothing but the file and the authority's public key.

The file is what `GET /api/v1/packs/{code}/proof` answers. No store, no network, no settings.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from cloud_bridge.errors import BridgeError
from packtrail.errors import os_fault
from packtrail.event import UnitRef
from packtrail.language import Text
from packtrail.proof.cosignature import WitnessKey
from packtrail.proof.pack import Check, PackProof, check_proof
from packtrail.shapes import from_json, plain_json
from packtrail.signing import VerifyKey

MARK_BYTES: Final = 200
"""A proof of a sample names its day at the beginning."""
CERTIFICATE: Final = "BatteryAppraisalCredential"
"""Type of the credential that an appraisal goes out as."""


def proof_file(name: str) -> Path | None:
    """The file of that name, None where `name` is a code."""
    path = Path(name)
    # A code has neither a dot nor a slash: a file that is not there is still meant as a file.
    looks = "/" in name or path.suffix == ".json"
    return path if looks or path.is_file() else None


def certificate_in(path: Path) -> dict[str, object] | None:
    """The certificate of an appraisal in a file; None for everything else."""
    try:
        content = path.read_bytes()
        # A proof may be large, and is decoded once: only what names the type is looked at here.
        document = plain_json(content) if CERTIFICATE.encode() in content else None
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    kinds = document.get("type") if isinstance(document, dict) else None
    return document if isinstance(kinds, list) and CERTIFICATE in kinds else None


def verify_file(
    path: Path,
    key: str | None,
    witnesses: Sequence[str] = (),
    *,
    as_json: bool,
    openings: Path | None = None,
) -> tuple[str, bool]:
    """Check a proof; the report, and whether all is sound.

    Args:
        path: the file.
        key: the bridge's, as base64.
        witnesses: keys of those who have to have cosigned, as `packtrail witness` prints them.
        as_json: for a program.
        openings: what is said to open commitments of its facts, as the API lists it.

    Raises:
        PacktrailError: no key was given, or the file cannot be read or holds no proof.
    """
    if key is None:
        raise BridgeError(
            Text("a proof cannot vouch for itself", "证明不能自证"),
            where=str(path),
            hint=Text("give the bridge's public key with --key", "请用 --key 给出云桥公钥"),
        )
    authority, others = VerifyKey.from_text(key), [WitnessKey.from_text(one) for one in witnesses]
    try:
        content = path.read_bytes()
        if b'"day"' in content[:MARK_BYTES]:
            return _sample_checked(content, authority, as_json=as_json)
        proof = from_json(content, PackProof)
    except OSError as error:
        raise os_fault(error, path) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BridgeError(
            Text(f"no proof of a pack: {error}", f"不是电池包证明：{error}"),
            where=str(path),
            hint=Text("save the answer of /api/v1/packs/CODE/proof", "请保存 proof 接口的应答"),
        ) from error
    checks = check_proof(proof, authority, others)
    if openings is not None:
        from cloud_bridge.ledger.opened import check_openings  # noqa: PLC0415 - seldom asked

        checks.append(check_openings(openings, proof))
    return _told(proof.unit, checks, as_json=as_json)


def _sample_checked(content: bytes, authority: VerifyKey, *, as_json: bool) -> tuple[str, bool]:
    """A chunk that proves itself; see `cloud_bridge.ledger.days`."""
    from cloud_bridge.ledger.days import SampleProof, check_sample  # noqa: PLC0415 - seldom asked

    proof = from_json(content, SampleProof)
    return _told(proof.pack.unit, check_sample(proof, authority), as_json=as_json)


def _told(unit: UnitRef, checks: list[Check], *, as_json: bool) -> tuple[str, bool]:
    sound = all(not check.faults for check in checks)
    return (checks_json if as_json else checks_text)(unit, checks), sound


def checks_json(unit: UnitRef, checks: list[Check]) -> str:
    """The checks as JSON."""
    document = {
        "unit": str(unit),
        "sound": all(not check.faults for check in checks),
        "checks": [msgspec.to_builtins(check) for check in checks],
    }
    return json.dumps(document, ensure_ascii=False, indent=2)


def checks_text(unit: UnitRef, checks: list[Check]) -> str:
    """The checks for a person: one line each, faults below."""
    return told(str(unit), checks)


def told(what: str, checks: list[Check]) -> str:
    """The checks of anything for a person."""
    lines = [what]
    for check in checks:
        mark = "✗" if check.faults else "✓"
        lines.append(f"  {mark} {check.text.say()} ({check.count})")
        lines += [f"      {fault}" for fault in check.faults]
    sound = all(not check.faults for check in checks)
    good = Text("sound: everything that was checked holds", "可信：所有检查项均成立")
    bad = Text("NOT sound: see the lines marked ✗", "不可信：见标记 ✗ 的行")
    lines.append((good if sound else bad).say())
    return "\n".join(lines)
