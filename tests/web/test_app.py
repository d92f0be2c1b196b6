from dataclasses import replace

import pytest
from fastapi.testclient import TestClient

from rag.errors import ModelUnavailable
from rag.settings import Settings
from web.app import create_app


def test_building_the_application_opens_nothing(settings: Settings) -> None:
    create_app(settings)
    assert not settings.data_dir.exists()


def test_a_start_that_fails_says_why(settings: Settings) -> None:
    app = create_app(replace(settings, model="no-such-model"))
    with pytest.raises(ModelUnavailable, match="no-such-model"), TestClient(app):
        pass


@pytest.mark.slow
def test_without_a_pipeline_it_opens_its_own_and_closes_it(settings: Settings) -> None:
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
