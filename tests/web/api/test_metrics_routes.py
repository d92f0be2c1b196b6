"""/metrics says what happened, in a form that Prometheus reads, to few, and nothing of anybody."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families

from rag.app import Citewell
from rag.metrics import TABLE
from tests.support.reading_processes import end_reading_processes
from tests.support.scripted import ScriptedCitewell
from tests.support.servers import client_of
from web.settings import WebSettings

KEY = "a key for watching alone"
API_KEY = "a key for everything"
FORWARDED = {"X-Forwarded-For": "192.0.2.9"}


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def samples(client: TestClient, headers: dict[str, str] | None = None) -> dict[tuple[str, str], float]:
    """All samples, by name and by the values of their labels."""
    answer = client.get("/metrics", headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")
    families = text_string_to_metric_families(answer.text)
    return {(s.name, ",".join(s.labels.values())): s.value for family in families for s in family.samples}


def put_aside(citewell: Citewell) -> None:
    """Another file stands in the place of the database, as after `rag restore` while the server runs."""
    database = citewell.settings.data_dir / "citewell.sqlite"
    database.rename(database.with_suffix(".aside"))
    database.write_bytes(b"")


@pytest.fixture
def local(settings: WebSettings, scripted: ScriptedCitewell) -> Iterator[TestClient]:
    """A client on the machine of the service."""
    with client_of(settings, scripted, client=("127.0.0.1", 5000)) as client:
        yield client


class TestWhatIsCounted:
    def test_every_metric_of_the_table_is_there(self, local: TestClient) -> None:
        names = {name for name, _ in samples(local)}
        for metric in TABLE:
            assert {metric.name, f"{metric.name}_count"} & names, metric.name

    def test_questions_by_how_they_ended(self, local: TestClient) -> None:
        for question in ("How big is the mirror?", "How far does it see?", "Who is the director?", "???"):
            local.post("/api/v1/ask", json={"question": question})
        local.get("/", params={"q": "How big is the mirror?"})
        local.post("/api/v1/ask", json={"question": "How big is the mirror?"}, headers={"Accept": "text/event-stream"})
        counted = samples(local)
        assert {
            outcome: counted["citewell_questions_total", outcome]
            for outcome in ("answered", "possible", "not_found", "not_a_question", "no_documents")
        } == {"answered": 3, "possible": 1, "not_found": 1, "not_a_question": 1, "no_documents": 0}
        assert counted["citewell_question_seconds_count", ""] == 6
        assert counted["citewell_question_seconds_sum", ""] == pytest.approx(0.006)
        assert counted["citewell_question_wait_seconds_count", ""] == 6
        assert counted["citewell_questions_in_progress", ""] == 0

    def test_stages_of_the_real_thing(self, settings: WebSettings, citewell: Citewell) -> None:
        with client_of(settings, citewell, client=("127.0.0.1", 5000)) as client:
            for _ in range(2):  # the second is remembered
                client.post("/api/v1/ask", json={"question": "When was the company founded?"})
            counted = samples(client)
        stages = ("embed", "retrieve", "extract", "read", "cache")
        assert [counted["citewell_question_stage_seconds_count", stage] for stage in stages] == [1, 1, 1, 1, 1]
        outcomes = ("answered", "possible", "not_found", "not_a_question", "no_documents")
        assert sum(counted["citewell_questions_total", outcome] for outcome in outcomes) == 2
        assert counted["citewell_question_stage_seconds_bucket", "+Inf,retrieve"] == 1

    def test_refusals_responses_and_wrong_keys(self, settings: WebSettings, scripted: ScriptedCitewell) -> None:
        strict = replace(settings, questions_per_minute=1, reads_per_minute=1, api_key=API_KEY)
        with client_of(strict, scripted, client=("127.0.0.1", 5000)) as client:
            for _ in range(3):
                client.post("/api/v1/ask", json={"question": "How big is the mirror?"})
                client.get("/api/v1/documents")
            client.delete("/api/v1/documents/newsletter", headers=bearer("wrong"))
            counted = samples(client, headers=bearer(API_KEY))
        assert counted["citewell_refusals_total", "question_rate"] == 2
        assert counted["citewell_refusals_total", "reading_rate"] == 2
        assert counted["citewell_refusals_total", "question_line"] == 0
        assert counted["citewell_wrong_credentials_total", ""] == 1
        assert counted["citewell_http_responses_total", "2xx"] == 2
        assert counted["citewell_http_responses_total", "4xx"] == 5
        assert counted["citewell_http_responses_total", "5xx"] == 0

    def test_what_became_of_documents_and_how_large_all_is(self, settings: WebSettings, citewell: Citewell) -> None:
        def put(client: TestClient, text: bytes, media_type: str = "text/plain") -> None:
            client.put("/api/v1/documents/hours", content=text, headers={"Content-Type": media_type})

        end_reading_processes()
        with client_of(settings, citewell, client=("127.0.0.1", 5000)) as client:
            before = samples(client)
            put(client, b"The harbour opens at six.")
            put(client, b"The harbour opens at six.")
            put(client, b"The harbour opens at seven.")
            put(client, b"no PDF at all", "application/pdf")
            client.delete("/api/v1/documents/hours")
            after = samples(client)
        grown = {key: after[key] - before[key] for key in after if key[0] == "citewell_ingest_results_total"}
        assert {status: count for (_, status), count in grown.items() if count} == {
            "created": 1,
            "unchanged": 1,
            "updated": 1,
            "failed": 1,
            "removed": 1,
        }
        assert after["citewell_sandbox_files_total", "read"] - before["citewell_sandbox_files_total", "read"] == 3
        assert after["citewell_sandbox_files_total", "refused"] - before["citewell_sandbox_files_total", "refused"] == 1
        assert after["citewell_sandbox_starts_total", ""] >= 1
        assert after["citewell_documents", ""] == before["citewell_documents", ""] > 0
        assert after["citewell_passages", ""] > 0
        assert after["citewell_database_bytes", ""] > 10_000
        assert after["citewell_index_bytes", ""] > 100
        assert 0 < after["citewell_disk_free_bytes", ""] < after["citewell_disk_size_bytes", ""]
        assert after["citewell_degraded", ""] == 0

    def test_labels_say_nothing_of_anybody(self, local: TestClient) -> None:
        """Whatever is asked, opened or sent: there is not one series more, and no word of it."""
        before = samples(local).keys()
        local.post("/api/v1/ask", json={"question": "Why was Zoe Zimmermann dismissed?"})
        local.get("/documents/zimmermann-file")
        local.put("/api/v1/documents/zimmermann", content=b"", headers={"Content-Type": "text/plain"})
        assert samples(local).keys() == before
        assert "zimmermann" not in local.get("/metrics").text.lower()


class TestWhatIsWrong:
    def test_nothing(self, local: TestClient) -> None:
        found = samples(local)
        assert found["citewell_ready", ""] == 1
        assert {
            name: value for (metric, name), value in found.items() if metric == "citewell_problem"
        } == dict.fromkeys(("index", "disk", "read_only", "format", "database", "unreachable"), 0)

    def test_a_database_that_cannot_be_read_takes_no_more_than_its_own_figures_away(
        self, settings: WebSettings, citewell: Citewell
    ) -> None:
        with client_of(settings, citewell, client=("127.0.0.1", 5000)) as client:
            put_aside(citewell)
            found = samples(client)
        assert (found["citewell_ready", ""], found["citewell_problem", "database"]) == (0, 1)
        assert ("citewell_questions_total", "answered") in found
        assert ("citewell_documents", "") not in found


class TestWhoMayRead:
    def status(self, settings: WebSettings, scripted: ScriptedCitewell, headers: dict[str, str], address: str) -> int:
        with client_of(settings, scripted, client=(address, 5000)) as client:
            return client.get("/metrics", headers=headers).status_code

    @pytest.mark.parametrize(
        ("headers", "address", "expected"),
        [
            pytest.param({}, "127.0.0.1", 200, id="this machine"),
            pytest.param(FORWARDED, "127.0.0.1", 403, id="through a proxy"),
            pytest.param({"Origin": "https://evil.example"}, "127.0.0.1", 403, id="a page of another site"),
            pytest.param({"Sec-Fetch-Site": "cross-site"}, "127.0.0.1", 403, id="hidden in another site's page"),
            pytest.param({}, "192.0.2.9", 403, id="another machine"),
        ],
    )
    def test_without_any_key_this_machine_alone(
        self,
        settings: WebSettings,
        scripted: ScriptedCitewell,
        headers: dict[str, str],
        address: str,
        expected: int,
    ) -> None:
        assert self.status(settings, scripted, headers, address) == expected

    @pytest.mark.parametrize(
        ("headers", "expected"),
        [({}, 401), (bearer("wrong"), 401), (bearer(API_KEY), 200), (bearer(KEY), 200), (bearer(KEY) | FORWARDED, 200)],
    )
    def test_with_keys_nobody_without_one(
        self, settings: WebSettings, scripted: ScriptedCitewell, headers: dict[str, str], expected: int
    ) -> None:
        keys = replace(settings, api_key=API_KEY, metrics_key=KEY)
        assert self.status(keys, scripted, headers, "127.0.0.1") == expected

    def test_its_key_is_good_for_nothing_else(self, settings: WebSettings, scripted: ScriptedCitewell) -> None:
        with client_of(replace(settings, api_key=API_KEY, metrics_key=KEY), scripted) as client:
            assert client.get("/metrics", headers=bearer(KEY)).status_code == 200
            assert client.get("/api/v1/unanswered", headers=bearer(KEY)).status_code == 401
            assert client.delete("/api/v1/documents/newsletter", headers=bearer(KEY)).status_code == 401

    @pytest.mark.parametrize("api_key", ["", API_KEY])
    def test_it_cannot_be_guessed_without_end(
        self, settings: WebSettings, scripted: ScriptedCitewell, api_key: str
    ) -> None:
        with client_of(replace(settings, api_key=api_key, metrics_key=KEY), scripted) as client:
            tried = [client.get("/metrics", headers=bearer(f"guess {n}")).status_code for n in range(31)]
        assert set(tried[:30]) == {401 if api_key else 403}
        assert tried[30] == 429
