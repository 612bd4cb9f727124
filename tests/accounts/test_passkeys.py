"""Passkeys against a device made here: what it signs for another site, twice or forged opens nothing."""

from __future__ import annotations

import hashlib
import json
import os
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from django.conf import settings as django_settings
from django.test import RequestFactory
from fido2 import cbor
from fido2.cose import ES256
from fido2.utils import websafe_encode
from fido2.webauthn import (
    AttestationObject,
    AttestedCredentialData,
    AuthenticatorData,
    CollectedClientData,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts import passkeys
from accounts.models import SecondFactor, User
from accounts.passkeys import PasskeyError
from tests.factories import UserFactory

ORIGIN, HOST = "http://testserver", "testserver"
PRESENT = AuthenticatorData.FLAG.UP | AuthenticatorData.FLAG.UV


class Device:
    """An authenticator with one key, which does what it is told, honest or not."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.id = os.urandom(32)
        self.counter = 0

    def create(self, options: str, **lies: Any) -> str:
        """Answer navigator.credentials.create(); keywords replace parts of the truth."""
        public = ES256.from_cryptography_key(self.key.public_key())
        data = self._data(
            lies,
            AuthenticatorData.FLAG.AT,
            AttestedCredentialData.create(b"\0" * 16, self.id, public),
        )
        return self._answer(
            {
                "clientDataJSON": websafe_encode(self._client("webauthn.create", options, lies)),
                "attestationObject": websafe_encode(AttestationObject.create("none", data, {})),
            }
        )

    def get(self, options: str, **lies: Any) -> str:
        """Answer navigator.credentials.get()."""
        self.counter += 1
        data = self._data(lies, AuthenticatorData.FLAG(0))
        client = self._client("webauthn.get", options, lies)
        signed = data + client.hash
        signature = lies.get("key", self.key).sign(signed, ec.ECDSA(SHA256()))
        return self._answer(
            {
                "clientDataJSON": websafe_encode(client),
                "authenticatorData": websafe_encode(data),
                "signature": websafe_encode(lies.get("signature", signature)),
            }
        )

    def _client(self, kind: str, options: str, lies: dict[str, Any]) -> CollectedClientData:
        return CollectedClientData.create(
            lies.get("type", kind),
            lies.get("challenge", json.loads(options)["challenge"]),
            lies.get("origin", ORIGIN),
        )

    def _data(
        self, lies: dict[str, Any], more: AuthenticatorData.FLAG, credential: bytes = b""
    ) -> AuthenticatorData:
        made: AuthenticatorData = AuthenticatorData.create(
            hashlib.sha256(lies.get("host", HOST).encode()).digest(),
            lies.get("flags", PRESENT) | more,
            lies.get("counter", self.counter),
            credential,
        )
        return made

    def _answer(self, response: dict[str, str]) -> str:
        name = websafe_encode(self.id)
        return json.dumps(
            {"id": name, "rawId": name, "type": "public-key", "response": response,
             "clientExtensionResults": {}}
        )  # fmt: skip


@pytest.fixture
def user(db: Any) -> User:
    return UserFactory.create()


@pytest.fixture
def request_(settings: Any) -> Any:
    request = RequestFactory().get("/")
    request.session = {}  # type: ignore[assignment]
    return request


def enrolled(request: Any, user: User) -> Device:
    device = Device()
    answer = device.create(passkeys.begin_registration(request, user))
    passkeys.finish_registration(request, user, answer, "Điện thoại")
    return device


def test_an_honest_device_opens_and_each_challenge_once(request_: Any, user: User) -> None:
    device = enrolled(request_, user)
    options = passkeys.begin_proof(request_, user)
    answer = device.get(options)
    assert passkeys.is_proof(request_, user, answer)
    assert SecondFactor.objects.get().sign_count == 1
    assert not passkeys.is_proof(request_, user, answer)  # the challenge is gone
    passkeys.begin_proof(request_, user)
    assert not passkeys.is_proof(request_, user, answer)  # that was another challenge
    assert passkeys.is_proof(request_, user, device.get(passkeys.begin_proof(request_, user)))


LIES: list[dict[str, Any]] = [
    {"origin": "https://testserver.evil.example"},
    {"origin": "https://testserver"},  # another scheme
    {"origin": "http://testserver:8000"},
    {"host": "evil.example"},
    {"challenge": b"\0" * 32},
    {"flags": AuthenticatorData.FLAG(0)},  # nobody was there
]


@pytest.mark.parametrize("lie", LIES, ids=str)
def test_what_was_signed_elsewhere_opens_nothing(
    request_: Any, user: User, lie: dict[str, Any]
) -> None:
    device = Device()
    with pytest.raises(PasskeyError):
        passkeys.finish_registration(
            request_, user, device.create(passkeys.begin_registration(request_, user), **lie), "x"
        )
    assert not SecondFactor.objects.exists()
    device = enrolled(request_, user)
    options = passkeys.begin_proof(request_, user)
    assert not passkeys.is_proof(request_, user, device.get(options, **lie))
    assert SecondFactor.objects.get().used_at is None


def test_a_forged_signature_and_a_foreign_key_open_nothing(request_: Any, user: User) -> None:
    device = enrolled(request_, user)
    stranger = ec.generate_private_key(ec.SECP256R1())
    for lie in ({"key": stranger}, {"signature": b""}, {"type": "webauthn.create"}):
        assert not passkeys.is_proof(
            request_, user, device.get(passkeys.begin_proof(request_, user), **lie)
        )
    other = UserFactory.create()
    assert passkeys.begin_proof(request_, other) == ""
    enrolled(request_, other)
    # A right answer of one account's device is none for another account.
    assert not passkeys.is_proof(request_, other, device.get(passkeys.begin_proof(request_, other)))


def test_a_counter_that_does_not_grow_is_a_copy(request_: Any, user: User) -> None:
    device = enrolled(request_, user)
    for counter, opens in ((5, True), (5, False), (4, False), (0, False), (6, True)):
        answer = device.get(passkeys.begin_proof(request_, user), counter=counter)
        assert passkeys.is_proof(request_, user, answer) is opens, counter
    # Keys that do not count say 0 for ever.
    SecondFactor.objects.update(sign_count=0)
    for _time in range(2):
        answer = device.get(passkeys.begin_proof(request_, user), counter=0)
        assert passkeys.is_proof(request_, user, answer)


def test_the_device_learns_no_number_of_the_account(request_: Any, user: User) -> None:
    options = json.loads(passkeys.begin_registration(request_, user))
    assert options["user"]["id"] != websafe_encode(str(user.pk).encode())
    assert len(options["user"]["id"]) > 40
    assert options["rp"] == {"id": HOST, "name": django_settings.SITE_NAME}
    assert "attestation" not in options or options["attestation"] in {None, "none"}


def test_ten_keys_are_enough(request_: Any, user: User) -> None:
    for _each in range(passkeys.MOST_KEYS):
        enrolled(request_, user)
    with pytest.raises(PasskeyError):
        enrolled(request_, user)


MANY = 10**13  # zeros that no machine has room for: making them fails at once


@pytest.mark.parametrize("part", ["id", "rawId", "clientDataJSON", "attestationObject", "authData"])
def test_a_number_in_place_of_bytes_takes_no_memory(request_: Any, user: User, part: str) -> None:
    honest = json.loads(Device().create(passkeys.begin_registration(request_, user)))
    if part == "authData":
        forged = cbor.encode({"fmt": "none", "attStmt": {}, "authData": MANY})
        honest["response"]["attestationObject"] = websafe_encode(forged)
    elif part in honest:
        honest[part] = MANY
    else:
        honest["response"][part] = MANY
    with pytest.raises(PasskeyError):
        passkeys.finish_registration(request_, user, json.dumps(honest), "x")
    device = enrolled(request_, user)
    for name in ("rawId", "clientDataJSON", "authenticatorData", "signature", "userHandle"):
        said = json.loads(device.get(passkeys.begin_proof(request_, user)))
        (said if name in said else said["response"])[name] = MANY
        assert not passkeys.is_proof(request_, user, json.dumps(said))
    passkeys.begin_proof(request_, user)
    assert not passkeys.is_proof(request_, user, " " * 30_000)


_JSON = st.recursive(
    st.none() | st.booleans() | st.sampled_from([-1, 0, 1, 7.5, MANY]) | st.text(max_size=20) | st.just("AAAA"),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(
            ["id", "rawId", "type", "response", "clientDataJSON", "attestationObject",
             "authenticatorData", "signature", "x"]
        ),
        inner, max_size=6,
    ),
    max_leaves=12,
)  # fmt: skip


@given(said=_JSON, noise=st.binary(max_size=200), at=st.integers(0, 400))
@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_noise_is_refused_and_never_breaks(
    request_: Any, user: User, said: Any, noise: bytes, at: int
) -> None:
    device = Device()
    options = passkeys.begin_registration(request_, user)
    honest = json.loads(device.create(options))
    whole = bytes(
        AttestationObject.create(
            "none",
            device._data(
                {}, AuthenticatorData.FLAG.AT,
                AttestedCredentialData.create(
                    b"\0" * 16, device.id, ES256.from_cryptography_key(device.key.public_key())
                ),
            ),
            {},
        )
    )  # fmt: skip
    broken = whole[:at] + noise + whole[at + len(noise) + 1 :]
    torn = {
        **honest,
        "response": {**honest["response"], "attestationObject": websafe_encode(broken)},
    }
    for answer in (json.dumps(said), str(said), json.dumps(torn)):
        passkeys.begin_registration(request_, user)
        try:
            passkeys.finish_registration(request_, user, answer, "x")
        except PasskeyError:
            continue
        pytest.fail("an answer to another challenge was taken")
    for answer in (json.dumps(said), noise.decode("latin-1")):
        passkeys.begin_registration(request_, user)
        assert not passkeys.is_proof(request_, user, answer)
