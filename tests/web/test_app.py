from dataclasses import replace

import pytest
from fastapi.testclient import TestClient

from rag.errors import InvalidSetting, ModelUnavailable
from web.app import create_app
from web.settings import WebSettings


def test_building_the_application_opens_nothing(settings: WebSettings) -> None:
    create_app(settings)
    assert not settings.data_dir.exists()


def test_a_language_without_texts_is_refused(settings: WebSettings) -> None:
    create_app(replace(settings, interface_language="de"))
    with pytest.raises(InvalidSetting, match=r"interface_language is 'xx'; there are texts for: .*de, en"):
        create_app(replace(settings, interface_language="xx"))


def test_a_start_that_fails_says_why(settings: WebSettings) -> None:
    app = create_app(replace(settings, model="no-such-model"))
    with pytest.raises(ModelUnavailable, match="no-such-model"), TestClient(app):
        pass


@pytest.mark.model
def test_without_a_data_directory_it_opens_its_own_and_closes_it(settings: WebSettings) -> None:
    app = create_app(settings)
    with TestClient(app, base_url="http://localhost") as client:
        assert client.get("/readyz").json()["documents"] == 0
        response = client.put(
            "/api/v1/documents/bees", content="The hives stand behind the mill.", headers={"Content-Type": "text/plain"}
        )
        assert response.status_code == 201
        body = client.post("/api/v1/ask", json={"question": "Where do the hives stand?"}).json()
        assert body["passages"][0]["document"]["id"] == "bees"
    with TestClient(create_app(settings), base_url="http://localhost") as client:
        assert client.get("/readyz").json()["documents"] == 1
