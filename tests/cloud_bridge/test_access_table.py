"""The access table, every cell of it, on days before and after the dates that matter."""

from __future__ import annotations

from itertools import product

import pytest

from cloud_bridge.access import Field, Jurisdiction, Purpose, Reader, read_table
from cloud_bridge.access.redact import OF_A_PACK
from packtrail.errors import SettingsError
from packtrail.times import parse_time

TABLE = read_table()
DAYS = ("2024-01-01", "2026-11-26", "2027-02-18")
ALL = "making health incidents telemetry places vehicles custody ledger stations duties"

# Written down by hand from the acts, not read from the table: (where, day) -> role -> purpose ->
# fields. What does not stand here has to be denied.
ANY = "receive repair triage trace audit"
CN_NOW = {
    "operator": {ANY: ALL},
    "authority": {"receive repair triage": "making", "trace audit": ALL},
    "swap_operator": {
        "receive repair": "making health incidents telemetry places",
        "trace": "making places custody",
        "triage audit": "making",
    },
    "workshop": {
        "receive repair": "making health incidents telemetry places",
        "trace": "making places custody",
        "triage audit": "making",
    },
    "outlet": {
        "receive triage": "making health incidents telemetry custody",
        "trace": "making places custody",
        "repair audit": "making",
    },
    "recycler": {
        "receive triage": "making health incidents telemetry custody",
        "trace": "making places custody",
        "repair audit": "making",
    },
    "maker": {
        "repair": "making health incidents",
        "trace": "making health incidents places custody",
        "receive triage audit": "making",
    },
    "owner": {
        "receive repair triage trace": "making health incidents telemetry places vehicles",
        "audit": "making",
    },
    "insurer": {"triage": "making health incidents", "receive repair trace audit": "making"},
    "auditor": {"audit": "making duties", "receive repair triage trace": "making"},
    "public": {ANY: "making"},
}
PERSONS = {"owner", "insurer"}
CN_OLD = {
    "operator": {ANY: ALL},
    "owner": {"receive repair triage trace": "health incidents telemetry places vehicles"},
    "insurer": {"triage": "health incidents"},
}
ARTICLE_14 = {"receive repair triage": "health telemetry"}
EU_OLD = {"operator": {ANY: ALL}, "insurer": {"triage": "health incidents"}}
EU_NOW = EU_OLD | {
    **dict.fromkeys(("owner", "workshop", "outlet", "recycler"), ARTICLE_14),
    "auditor": {"audit": "duties"},
}
INTEREST = {
    "receive repair triage": "making health incidents telemetry",
    "trace audit": "making",
}
EU_2027 = {
    "operator": {ANY: ALL},
    **dict.fromkeys(("owner", "workshop", "outlet", "recycler"), INTEREST),
    "swap_operator": {
        "receive repair triage": "making health incidents",
        "trace audit": "making",
    },
    "authority": {
        "receive repair triage": "making",
        "trace audit": ALL.replace(" stations", ""),
    },
    "insurer": {"triage": "making health incidents", "receive repair trace audit": "making"},
    "auditor": {"audit": "making duties", "receive repair triage trace": "making"},
    "maker": {ANY: "making"},
    "public": {ANY: "making"},
}
EXPECTED = {
    ("CN", DAYS[0]): CN_OLD,
    ("CN", DAYS[1]): CN_NOW,
    ("CN", DAYS[2]): CN_NOW,
    ("EU", DAYS[0]): EU_OLD,
    ("EU", DAYS[1]): EU_NOW,
    ("EU", DAYS[2]): EU_2027,
}


def expected(where: str, day: str, role: str, purpose: str) -> set[str]:
    rows = EXPECTED[where, day].get(role, {})
    return {
        field for why, fields in rows.items() if purpose in why.split() for field in fields.split()
    }


@pytest.mark.parametrize(("where", "day"), list(product(Jurisdiction, DAYS)))
@pytest.mark.parametrize("role", list(Reader))
@pytest.mark.parametrize("purpose", list(Purpose))
def test_every_cell(where, day, role, purpose):
    seen = TABLE.seen(where, role, purpose, parse_time(f"{day}T12:00:00Z"))
    assert {field.value for field in Field if field in seen} == expected(where, day, role, purpose)


def test_who_sees_the_ledger_sees_what_it_holds():
    """Its facts speak of every field of a pack; to hide one beside it would be a pretence."""
    for row in TABLE.grant:
        if Field.LEDGER in row.fields:
            assert set(row.fields) >= OF_A_PACK, row.legal


def test_every_row_names_its_ground():
    assert TABLE.version
    assert all(row.legal and row.fields and row.purposes and row.roles for row in TABLE.grant)


def test_a_row_ends_with_its_last_day(tmp_path):
    file = tmp_path / "access.toml"
    file.write_text(
        'version = "1"\n[[grant]]\njurisdictions = ["CN"]\nroles = ["public"]\n'
        'purposes = ["trace"]\nfields = ["health"]\nlegal = "x"\nfrom = "2026-01-01"\n'
        'to = "2026-01-31"\n'
    )
    table = read_table(file)
    ask = (Jurisdiction.CN, Reader.PUBLIC, Purpose.TRACE)
    assert table.seen(*ask, parse_time("2026-01-31T23:59:59Z")) == {Field.HEALTH}
    assert not table.seen(*ask, parse_time("2026-02-01T00:00:00Z"))


@pytest.mark.parametrize("fault", ["roles = ['king']", "fields = ['soul']", "form = 1"])
def test_a_row_that_is_not_of_the_form_is_an_error_with_its_place(tmp_path, fault):
    rows = {
        "jurisdictions": "['CN']",
        "roles": "['public']",
        "purposes": "['trace']",
        "fields": "['health']",
        "legal": "'x'",
        "from": "'2026-01-01'",
    }
    name, _, value = fault.partition(" = ")
    text = "\n".join(f"{key} = {said}" for key, said in (rows | {name: value}).items())
    (tmp_path / "access.toml").write_text(f"version = '1'\n[[grant]]\n{text}\n")
    with pytest.raises(SettingsError) as error:
        read_table(tmp_path / "access.toml")
    assert "access.toml" in error.value.describe("en")
    assert "grant[0]" in error.value.describe("en")
