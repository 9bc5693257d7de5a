"""The passport as a W3C Verifiable Credential: proven, and refused when it was changed."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from cloud_bridge.exports.credential import issuer_of, passport_in, secured
from cloud_bridge.exports.formats import read_document
from cloud_bridge.exports.multibase import base58, did_of, from_base58
from packtrail.errors import CodecError
from packtrail.signing import SigningKey
from tests.cloud_bridge.exporting import passport, schema, told, written

__all__ = ["schema", "told"]


@pytest.mark.real_data
def test_credentials_are_valid(told, schema):
    document = json.loads(written(told, "credential"))
    Draft202012Validator(schema("vc/verifiable-credential-schema.json")).validate(document)


def test_a_credential_brings_everything_back(told):
    content = read_document(written(told, "credential"))
    assert content.issuer.startswith("did:key:z6Mk")
    assert content.data == passport(told).data
    assert passport_in(json.loads(written(told, "credential"))) == passport(told)


@pytest.mark.parametrize("where", ["credentialSubject", "validFrom", "@context", "issuer", "proof"])
def test_a_changed_credential_is_refused(told, where):
    document = json.loads(written(told, "credential"))
    if where == "proof":
        document["proof"]["created"] = "2020-01-01T00:00:00Z"
    elif where == "credentialSubject":
        document[where]["passport"]["data"]["soc_pct"]["value"] += 1
    elif where == "@context":
        document[where].append("https://elsewhere.example/")
    else:
        document[where] = "did:key:z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ5XJPt4swbTQ2"
    with pytest.raises(CodecError, match=r"proof|issuer"):
        issuer_of(document)


W3C = {
    "@context": [
        "https://www.w3.org/ns/credentials/v2",
        "https://www.w3.org/ns/credentials/examples/v2",
    ],
    "id": "urn:uuid:58172aac-d8ba-11ed-83dd-0b3aef56cc33",
    "type": ["VerifiableCredential", "AlumniCredential"],
    "name": "Alumni Credential",
    "description": "A minimum viable example of an Alumni Credential.",
    "issuer": "https://vc.example/issuers/5678",
    "validFrom": "2023-01-01T00:00:00Z",
    "credentialSubject": {"id": "did:example:abcdefgh", "alumniOf": "The School of Examples"},
}


def test_proofs_are_those_of_the_suite():
    """Key, document and proof of W3C vc-di-eddsa, representation eddsa-jcs-2022."""
    multikey = from_base58("z3u2en7t5LR2WtQH5PfFqMqwVHBeXouLzo6haApm8XHqvjxq")
    key = SigningKey.from_seed(multikey.removeprefix(bytes([0x80, 0x26])))
    assert did_of(key.public) == "did:key:z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2"
    assert secured(W3C, key, "2023-02-24T23:36:38Z")["proof"]["proofValue"] == (
        "z2HnFSSPPBzR36zdDgK8PbEHeXbR56YF24jwMpt3R1eHXQzJDMWS93FCzpvJpwTWd3GAVFuUfjoJdcnTMuVor51aX"
    )


@given(st.binary(max_size=80))
def test_base58_comes_back(data):
    assert from_base58(base58(data)) == data
