"""The configuration of the documentation, run by a real nginx with auth_request."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import httpx2
import pytest

from rag.app import Citewell
from tests.support import nginx
from tests.support.fakes import HashEmbedder
from tests.support.places import DATA
from tests.support.servers import serving
from web.settings import WebSettings

pytestmark = pytest.mark.skipif(nginx.NGINX is None, reason=nginx.MISSING)

DOCUMENTS = "/api/v1/documents"


@dataclass
class Running:
    citewell: Citewell
    through_nginx: httpx2.Client
    direct: httpx2.Client


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("nginx")
    settings = replace(
        WebSettings(data_dir=folder / "data", reader=False),
        sign_in=("proxy",),
        proxy_addresses=(nginx.ADDRESS,),
        allowed_hosts=(nginx.NAME,),
    )
    with (
        Citewell.open(settings, embedder=HashEmbedder(), create=True) as citewell,
        serving(citewell) as port,
        nginx.nginx_before(port, folder) as (own_port, authority),
        httpx2.Client(
            base_url=f"https://127.0.0.1:{own_port}",
            verify=_known(authority),
            headers={"Host": nginx.NAME},
            trust_env=False,
        ) as through_nginx,
        httpx2.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as direct,
    ):
        citewell.documents.ingest([DATA / "library"])
        yield Running(citewell, through_nginx, direct)


def _known(authority: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(authority))
    context.check_hostname = False  # it is asked for by its address here
    return context


def test_whom_nginx_knows_is_let_in_under_that_name(running: Running) -> None:
    response = running.through_nginx.get(DOCUMENTS, headers={"Cookie": "person=ida/hr,it"})
    assert response.status_code == 200, response.text
    assert running.citewell.people.accounts.get("ida").groups == {"hr", "it"}


def test_whom_it_does_not_know_is_not(running: Running) -> None:
    assert running.through_nginx.get(DOCUMENTS).status_code in (302, 401)


def test_what_a_visitor_claims_is_replaced(running: Running) -> None:
    claimed = {"Cookie": "person=eve/", "Remote-User": "ida", "Remote-Groups": "hr", "remote_user": "ida"}
    assert running.through_nginx.get(DOCUMENTS, headers=claimed).status_code == 200
    assert running.citewell.people.accounts.get("eve").groups == frozenset()
    assert running.through_nginx.get(DOCUMENTS, headers={"Remote-User": "ida"}).status_code in (302, 401)


def test_past_nginx_the_header_is_refused(running: Running) -> None:
    response = running.direct.get(DOCUMENTS, headers={"Remote-User": "ida"})
    assert response.status_code == 403
    assert "CITEWELL_PROXY_ADDRESSES" in response.json()["detail"]
