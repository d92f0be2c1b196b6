"""Signing in at a provider: what is asked of it, what is believed, and every forgery that is not."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from rag.access.oidc import OpenIdProvider
from rag.access.provider_sign_in import PendingSignIn, ProvenPerson
from rag.errors import InvalidSetting, SignInRefused, SignInUnavailable
from rag.settings import Settings
from tests.support.scripted_provider import CLIENT, ISSUER, NOW, ScriptedProvider, key_of

BACK = "https://citewell.example/sign-in/oidc/callback"
SETTINGS = Settings(oidc_issuer=ISSUER, oidc_client_id=CLIENT, oidc_client_secret="a secret")  # noqa: S106 - of no provider


class Visit:
    """A browser on its way to the provider and back."""

    def __init__(self, settings: Settings = SETTINGS, **said: Any) -> None:
        self.moment = 0.0
        self.provider = ScriptedProvider(**said)
        self.client = OpenIdProvider(
            settings, transport=self.provider.transport(), now=lambda: NOW, clock=lambda: self.moment
        )
        self.pending = PendingSignIn.new()
        self.provider.nonce = self.pending.nonce

    def back(self, issuer: str | None = None) -> ProvenPerson:
        return self.client.person(self.pending, "the code", BACK, issuer=issuer)


def test_the_browser_is_sent_with_state_nonce_and_the_hash_of_the_verifier() -> None:
    visit = Visit()
    address = urlsplit(visit.client.address(visit.pending, BACK))
    digest = hashlib.sha256(visit.pending.verifier.encode()).digest()
    assert f"{address.scheme}://{address.netloc}{address.path}" == f"{ISSUER}/authorize"
    assert parse_qs(address.query) == {
        "response_type": ["code"],
        "client_id": [CLIENT],
        "redirect_uri": [BACK],
        "scope": ["openid profile email"],
        "state": [visit.pending.state],
        "nonce": [visit.pending.nonce],
        "code_challenge": [base64.urlsafe_b64encode(digest).decode().rstrip("=")],
        "code_challenge_method": ["S256"],
    }


def test_no_two_sign_ins_share_anything() -> None:
    one, other = PendingSignIn.new(), PendingSignIn.new()
    assert len({one.state, one.nonce, one.verifier, other.state, other.nonce, other.verifier}) == 6


def test_who_signs_in_is_whom_the_token_says() -> None:
    visit = Visit(claims={"groups": ["hr", "staff"], "name": "Ida", "email": "ida@example.org"})
    person = visit.back()
    assert person == ProvenPerson("ida", "Ida", "ida@example.org", ("hr", "staff"), person.tokens)
    assert visit.provider.forms == [
        {
            "grant_type": "authorization_code",
            "code": "the code",
            "redirect_uri": BACK,
            "code_verifier": visit.pending.verifier,
        }
    ]
    basic = base64.b64encode(b"citewell:a%20secret").decode()
    assert visit.provider.headers[1]["authorization"] == f"Basic {basic}"
    assert visit.provider.asked == ["/.well-known/openid-configuration", "/token", "/keys"]


def test_groups_that_the_token_leaves_out_come_from_the_user_info_of_the_same_person() -> None:
    assert Visit(user_info={"groups": ["hr"]}).back().groups == ("hr",)
    assert Visit(user_info={"groups": ["hr"], "sub": "eve"}).back().groups == ()


def test_a_claim_may_lie_inside_of_another_one() -> None:
    settings = replace(SETTINGS, oidc_groups_claim="realm_access.roles", oidc_person_claim="preferred_username")
    claims = {"realm_access": {"roles": ["hr", 7]}, "preferred_username": "ida.lund"}
    person = Visit(settings, claims=claims).back()
    assert (person.person, person.groups) == ("ida.lund", ("hr",))


def test_where_basic_authentication_is_not_taken_the_secret_goes_into_the_form() -> None:
    visit = Visit(metadata={"token_endpoint_auth_methods_supported": ["client_secret_post"]}, claims={"groups": []})
    visit.back()
    assert visit.provider.forms[0]["client_secret"] == "a secret"  # noqa: S105 - as above
    assert "authorization" not in visit.provider.headers[1]


@pytest.mark.parametrize(
    "claims",
    [
        pytest.param({"iss": "https://evil.example"}, id="another issuer"),
        pytest.param({"iss": ISSUER + "/"}, id="nearly the issuer"),
        pytest.param({"iss": None}, id="no issuer"),
        pytest.param({"aud": "other"}, id="another audience"),
        pytest.param({"aud": ["other"]}, id="another audience in a list"),
        pytest.param({"aud": None}, id="no audience"),
        pytest.param({"aud": [CLIENT, "other"]}, id="two audiences, and nobody says whose it is"),
        pytest.param({"aud": [CLIENT, "other"], "azp": "other"}, id="made for another one"),
        pytest.param({"exp": NOW - 31}, id="over"),
        pytest.param({"exp": None}, id="without an end"),
        pytest.param({"exp": "tomorrow"}, id="an end that is none"),
        pytest.param({"iat": NOW + 31}, id="of the future"),
        pytest.param({"nbf": NOW + 31}, id="not yet"),
        pytest.param({"nonce": "of another sign-in"}, id="another nonce"),
        pytest.param({"nonce": None}, id="no nonce"),
        pytest.param({"nonce": ["x"]}, id="a nonce that is none"),
        pytest.param({"sub": None}, id="nobody"),
        pytest.param({"sub": ""}, id="an empty name"),
        pytest.param({"sub": 7}, id="a number for a name"),
    ],
)
def test_a_token_that_says_something_else_is_refused(claims: dict[str, Any]) -> None:
    with pytest.raises(SignInRefused):
        Visit(claims=claims).back()


def test_clocks_may_differ_by_half_a_minute() -> None:
    assert Visit(claims={"exp": NOW - 29, "iat": NOW + 29}).back().person == "ida"


def encoded(*parts: bytes) -> str:
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)


def unsigned(visit: Visit) -> str:
    header = {"alg": "none", "typ": "JWT"}
    return encoded(json.dumps(header).encode(), json.dumps(visit.provider.usual_claims()).encode(), b"")


def by_public_key(visit: Visit) -> str:
    """What anybody can make: HS256 with the provider's public key taken for the secret."""
    key = visit.provider.keys[0]
    header = {"alg": "HS256", "kid": key.kid}
    signed = encoded(json.dumps(header).encode(), json.dumps(visit.provider.usual_claims()).encode())
    return f"{signed}.{encoded(hmac.digest(key.as_pem(private=False), signed.encode(), 'sha256'))}"


def by_own_key(visit: Visit) -> str:
    """Signed with another key that has the same name."""
    return ScriptedProvider(keys=[key_of(1)], nonce=visit.pending.nonce).signed()


def with_key_inside(visit: Visit) -> str:
    key = key_of(1)
    header = {"alg": "ES256", "jwk": key.as_dict(private=False)}
    return jwt.encode(header, visit.provider.usual_claims(), key, ["ES256"])


def changed(visit: Visit) -> str:
    header, _, signature = visit.provider.signed().split(".")
    content = json.dumps(visit.provider.usual_claims() | {"sub": "eve"}).encode()
    return ".".join((header, base64.urlsafe_b64encode(content).decode().rstrip("="), signature))


FORGERS: dict[str, Callable[[Visit], str]] = {
    "not signed at all": unsigned,
    "signed with the public key as a secret": by_public_key,
    "signed with a key of the forger's": by_own_key,
    "with the key to check it inside": with_key_inside,
    "changed afterwards": changed,
    "without its signature": lambda visit: visit.provider.signed().rpartition(".")[0] + ".",
    "no token": lambda _: "no token",
    "endless": lambda visit: visit.provider.signed({"sub": "x" * 20_000}),
}


@pytest.mark.parametrize("forger", FORGERS.values(), ids=FORGERS)
def test_a_forged_token_is_refused(forger: Callable[[Visit], str]) -> None:
    visit = Visit()
    visit.provider.token = forger(visit)
    with pytest.raises(SignInRefused):
        visit.back()


def test_a_token_of_another_sign_in_is_refused() -> None:
    """Somebody gives a browser the code of their own sign-in: its nonce is not that of the browser."""
    visit = Visit()
    visit.provider.nonce = PendingSignIn.new().nonce
    with pytest.raises(SignInRefused, match="another sign-in"):
        visit.back()


def test_a_code_that_the_provider_does_not_take_is_refused() -> None:
    with pytest.raises(SignInRefused, match="invalid_grant"):
        Visit(refuses=True).back()


@pytest.mark.parametrize(
    ("supported", "issuer", "is_let_in"),
    [
        (True, ISSUER, True),
        (True, None, False),
        (True, "https://evil.example", False),
        (False, None, True),
        (False, "https://evil.example", False),
    ],
)
def test_an_answer_of_another_provider_is_refused(supported: bool, issuer: str | None, is_let_in: bool) -> None:
    visit = Visit(metadata={"authorization_response_iss_parameter_supported": supported})
    if is_let_in:
        assert visit.back(issuer).person == "ida"
    else:
        with pytest.raises(SignInRefused):
            visit.back(issuer)
        assert "/token" not in visit.provider.asked  # the code is given to nobody


class TestKeys:
    def test_a_new_key_is_fetched_when_a_token_names_it(self) -> None:
        visit = Visit(claims={"groups": []})
        visit.back()
        visit.provider.keys, visit.moment = [key_of(2)], 30
        assert visit.back().person == "ida"
        assert visit.provider.asked.count("/keys") == 2

    def test_they_are_not_fetched_for_every_unknown_name(self) -> None:
        visit = Visit(claims={"groups": []})
        visit.back()
        good, visit.provider.keys = visit.provider.keys, [key_of(3)]
        visit.provider.token, visit.provider.keys = visit.provider.signed(), good
        visit.moment = 29
        for _ in range(5):
            with pytest.raises(SignInRefused):
                visit.back()
        assert visit.provider.asked.count("/keys") == 1

    def test_one_that_was_withdrawn_is_not_taken_for_ever(self) -> None:
        visit = Visit(claims={"groups": []})
        visit.back()
        visit.provider.token = visit.provider.signed()
        visit.provider.keys, visit.moment = [key_of(1)], 3_600
        with pytest.raises(SignInRefused):
            visit.back()

    def test_rsa_is_taken_as_well(self) -> None:
        key = RSAKey.generate_key(2048, {"kid": "rsa"})
        assert Visit(keys=[key]).back().person == "ida"

    def test_without_any_nobody_gets_in(self) -> None:
        visit = Visit()
        visit.provider.token, visit.provider.keys = visit.provider.signed(), []
        with pytest.raises(SignInUnavailable):
            visit.back()


class TestDiscovery:
    @pytest.mark.parametrize(
        "metadata",
        [
            {"issuer": "https://sso.example/realms/other"},
            {"token_endpoint": "http://sso.example/token"},
            {"token_endpoint": "https://evil.example/token"},
            {"jwks_uri": "https://sso.example:8443/keys"},
            {"authorization_endpoint": None},
            {"end_session_endpoint": "javascript:alert(1)"},
        ],
        ids=str,
    )
    def test_what_leads_elsewhere_is_not_followed(self, metadata: dict[str, Any]) -> None:
        visit = Visit(metadata=metadata)
        with pytest.raises(SignInUnavailable):
            visit.client.address(visit.pending, BACK)
        assert visit.provider.asked == ["/.well-known/openid-configuration"]

    def test_other_hosts_can_be_named(self) -> None:
        settings = replace(SETTINGS, oidc_hosts=("login.example",))
        visit = Visit(settings, metadata={"authorization_endpoint": "https://login.example/start?a=b"})
        assert visit.client.address(visit.pending, BACK).startswith("https://login.example/start?a=b&response_type=")

    def test_one_that_fails_is_not_asked_by_everybody(self) -> None:
        visit = Visit(metadata={"issuer": "https://other.example"})
        for visit.moment in (0, 4, 5):
            with pytest.raises(SignInUnavailable, match="calls itself"):
                visit.client.address(visit.pending, BACK)
        assert len(visit.provider.asked) == 2

    def test_it_is_asked_once_an_hour(self) -> None:
        visit = Visit()
        for visit.moment in (0, 3_599, 3_600):
            visit.client.address(visit.pending, BACK)
        assert visit.provider.asked == ["/.well-known/openid-configuration"] * 2


@pytest.mark.parametrize(
    "issuer",
    ["", "sso.example", "http://sso.example", "ftp://sso.example", "https://sso.example?x", "https://a@b.example"],
)
def test_an_issuer_that_others_could_read_along_with_is_refused_at_the_start(issuer: str) -> None:
    with pytest.raises(InvalidSetting, match="oidc_issuer"):
        OpenIdProvider(replace(SETTINGS, oidc_issuer=issuer))


def test_on_this_machine_plain_http_will_do() -> None:
    for issuer in ("http://127.0.0.1:9000", "http://localhost:9000", "http://[::1]:9000"):
        OpenIdProvider(replace(SETTINGS, oidc_issuer=issuer)).close()


def test_without_a_client_id_it_does_not_start() -> None:
    with pytest.raises(InvalidSetting, match="CITEWELL_OIDC_CLIENT_ID"):
        OpenIdProvider(replace(SETTINGS, oidc_client_id=""))


class TestSigningOut:
    def test_the_provider_is_told_who_and_where_to_come_back_to(self) -> None:
        address = Visit().client.sign_out_address("the token", "https://citewell.example/")
        assert address is not None
        assert parse_qs(urlsplit(address).query) == {
            "client_id": [CLIENT],
            "post_logout_redirect_uri": ["https://citewell.example/"],
            "id_token_hint": ["the token"],
        }

    def test_a_provider_without_it_is_left_alone(self) -> None:
        assert Visit(metadata={"end_session_endpoint": None}).client.sign_out_address("t", BACK) is None

    def test_it_does_not_depend_on_the_provider(self) -> None:
        assert Visit(metadata={"issuer": "x"}).client.sign_out_address("t", BACK) is None
