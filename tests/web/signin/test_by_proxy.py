"""A person named by the reverse proxy, through the whole application."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace

import pytest
from fastapi.testclient import TestClient

from rag.app import Citewell
from rag.errors import InvalidSetting
from web.app import create_app
from web.settings import WebSettings

PROXY = "10.0.0.5"
DOCUMENTS = "/api/v1/documents"
IDA = {"Remote-User": "ida", "Remote-Groups": "hr,writers", "Remote-Email": "ida@example.org"}
ClientFrom = Callable[[str], TestClient]


@pytest.fixture
def settings(settings: WebSettings) -> WebSettings:
    return replace(settings, sign_in=("proxy",), proxy_addresses=(PROXY,), editor_groups=("writers=handbook",))


@pytest.fixture
def client_from(settings: WebSettings, citewell: Citewell) -> Iterator[ClientFrom]:
    """A client whose connections come from an address."""
    app = create_app(settings, citewell)
    with ExitStack() as stack:
        yield lambda address: stack.enter_context(
            TestClient(app, base_url="http://localhost", client=(address, 50_000))
        )


def test_whom_the_proxy_names_is_let_in_and_kept_with_what_the_groups_give(
    client_from: ClientFrom, citewell: Citewell
) -> None:
    assert client_from(PROXY).get(DOCUMENTS, headers=IDA).status_code == 200
    person = citewell.people.accounts.get("ida")
    assert (person.groups, person.mail) == ({"hr", "writers"}, "ida@example.org")
    assert (person.roles, person.edits) == ({"reader", "editor"}, {"handbook"})


def test_the_header_from_anywhere_else_is_403_in_plain_words(client_from: ClientFrom, citewell: Citewell) -> None:
    response = client_from("10.0.0.6").get(DOCUMENTS, headers=IDA)
    assert response.status_code == 403
    assert "10.0.0.6" in response.json()["detail"]
    assert "CITEWELL_PROXY_ADDRESSES" in response.json()["detail"]
    assert [person.name for person in citewell.people.accounts.all()] == []


def test_a_forwarded_address_makes_nobody_the_proxy(client_from: ClientFrom) -> None:
    for forwarded in ({"X-Forwarded-For": PROXY}, {"Forwarded": f"for={PROXY}"}, {"X-Real-IP": PROXY}):
        assert client_from("127.0.0.1").get(DOCUMENTS, headers=IDA | forwarded).status_code == 403


def test_the_proxy_stays_the_proxy_whoever_it_asks_for(client_from: ClientFrom) -> None:
    response = client_from(PROXY).get(DOCUMENTS, headers=IDA | {"X-Forwarded-For": "192.0.2.7"})
    assert response.status_code == 200


def test_without_a_name_nobody_gets_in(client_from: ClientFrom) -> None:
    assert client_from(PROXY).get(DOCUMENTS).status_code == 401
    assert client_from(PROXY).get(DOCUMENTS, headers={"Remote-Groups": "hr"}).status_code == 401


@pytest.mark.parametrize("name", ["eve\tadmin", "x" * 200, "ida;owner", "../ida"])
def test_a_name_that_cannot_be_one_is_refused(client_from: ClientFrom, name: str) -> None:
    assert client_from(PROXY).get(DOCUMENTS, headers={"Remote-User": name}).status_code == 401


def test_groups_and_roles_go_with_the_next_request(client_from: ClientFrom, citewell: Citewell) -> None:
    client = client_from(PROXY)
    client.get(DOCUMENTS, headers=IDA)
    client.get(DOCUMENTS, headers={"Remote-User": "ida"})
    person = citewell.people.accounts.get("ida")
    assert (person.groups, person.roles, person.edits) == (frozenset(), {"reader"}, frozenset())


def test_what_an_owner_gives_stays(client_from: ClientFrom, citewell: Citewell) -> None:
    client = client_from(PROXY)
    client.get(DOCUMENTS, headers=IDA)
    citewell.people.accounts.set_groups("ida", ["choir"])
    client.get(DOCUMENTS, headers={"Remote-User": "ida", "Remote-Groups": "it"})
    assert citewell.people.accounts.get("ida").groups == {"choir", "it"}


def test_who_is_suspended_is_out(client_from: ClientFrom, citewell: Citewell) -> None:
    client = client_from(PROXY)
    client.get(DOCUMENTS, headers=IDA)
    citewell.people.accounts.suspend("ida")
    assert client.get(DOCUMENTS, headers=IDA).status_code == 401


def test_a_proxy_without_an_address_is_refused_at_the_start(settings: WebSettings) -> None:
    with pytest.raises(InvalidSetting, match="CITEWELL_PROXY_ADDRESSES"):
        create_app(replace(settings, proxy_addresses=()))
