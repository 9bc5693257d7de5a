"""KCD and SYM come through cantools and decode like the DBC they were made from."""

from __future__ import annotations

import cantools
import pytest

import can_decoder
from can_decoder import DecoderError

DBC = """VERSION ""
NS_ :
BS_:
BU_: BMS
BO_ 256 Pack: 8 BMS
 SG_ Voltage : 0|16@1+ (0.1,0) [0|6553] "V" BMS
 SG_ Current : 23|16@0- (0.1,0) [-3276|3276] "A" BMS
BO_ 2566844926 Cells: 8 BMS
 SG_ Group M : 0|8@1+ (1,0) [0|255] "" BMS
 SG_ Cell1 m0 : 8|16@1+ (0.001,0) [0|65] "V" BMS
 SG_ Cell2 m1 : 8|16@1+ (0.001,0) [0|65] "V" BMS
VAL_ 256 Voltage 0 "off" ;
"""


@pytest.mark.parametrize("suffix", ["kcd", "sym"])
def test_other_databases_decode_like_their_dbc(tmp_path, suffix):
    source = tmp_path / "pack.dbc"
    source.write_text(DBC)
    peer = cantools.database.load_file(source)
    path = tmp_path / f"pack.{suffix}"
    path.write_text(getattr(peer, f"as_{suffix}_string")(), newline="")
    found, expected = can_decoder.load(path), can_decoder.load(source)
    for frame_id, extended in ((256, False), (2566844926 & 0x1FFFFFFF, True)):
        for payload in (bytes(range(8)), b"\1\2\3\4", b"\2" * 8):
            values = found.decode(frame_id, extended, payload)
            assert values == pytest.approx(expected.decode(frame_id, extended, payload))


def test_file_that_cantools_refuses_is_one_diagnostic(tmp_path):
    (tmp_path / "bad.kcd").write_text("<no>")
    found = can_decoder.load(tmp_path / "bad.kcd")
    assert not found.messages
    assert len(found.diagnostics) == 1


def test_missing_file_is_an_error(tmp_path):
    with pytest.raises(DecoderError):
        can_decoder.load(tmp_path / "none.kcd")
