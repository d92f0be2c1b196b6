"""Can it be told by time whether a document is forbidden or absent? `python -m tests.bench.absent [--pairs 1000]`

A real server, and somebody with a key who may read half of two hundred documents, asks for one that is forbidden and
for one that never was, in turn and in an order by chance, by each way in. Said are the medians, and how often the
forbidden one took longer: a half where nothing shows. Beside it stands the same for two halves of the absent ones,
which is how much of it is chance.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import httpx2

from rag.app import Citewell, Scope
from tests.support.fakes import HashEmbedder
from tests.support.servers import serving
from web.settings import WebSettings

_DOCUMENTS = 200
# Ways in to a document, by its id.
WAYS = {
    "document": ("GET", "/api/v1/documents/{}"),
    "text": ("GET", "/api/v1/documents/{}/text"),
    "original": ("GET", "/api/v1/documents/{}/original"),
    "versions": ("GET", "/api/v1/documents/{}/versions"),
    "page": ("GET", "/documents/{}"),
    "verify": ("POST", "/api/v1/verify"),
}


def measure(folder: Path, pairs: int) -> dict[str, dict[str, float]]:
    """The figures of each way, for so many pairs."""
    settings = WebSettings(
        data_dir=folder,
        reader=False,
        sign_in=("local",),
        audit="off",
        access_log=False,
        questions_per_minute=10_000_000,
        reads_per_minute=10_000_000,
    )
    with Citewell.open(settings, embedder=HashEmbedder(), create=True) as citewell:
        for number in range(_DOCUMENTS):
            text = f"Rule {number}: a loan lasts {number} weeks. A fine costs {number} crowns a day.".encode()
            groups = ["staff"] if number % 2 else ["board"]
            citewell.documents.put(f"known-{number:04d}", text, media_type="text/plain", groups=groups)
        citewell.people.accounts.add("ann", groups=["staff"])
        key = citewell.people.keys.add("ann", "bench", [Scope.READ], days=1).text
        with serving(citewell) as port, client_at(port, key) as client:
            return {name: _one_way(client, name, pairs) for name in WAYS}


def client_at(port: int, key: str) -> httpx2.Client:
    """A client over one connection."""
    headers = {"Authorization": f"Bearer {key}"}
    return httpx2.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, trust_env=False, timeout=60)


def _one_way(client: httpx2.Client, name: str, pairs: int) -> dict[str, float]:
    rng = random.Random(name)  # noqa: S311 - chance decides the order, nothing secret
    forbidden: list[float] = []
    absent: list[float] = []
    for number in range(pairs + 20):
        even = 2 * rng.randrange(_DOCUMENTS // 2)
        both = [(forbidden, f"known-{even:04d}"), (absent, f"never-{even:04d}")]
        rng.shuffle(both)
        for found, document_id in both:
            taken = _milliseconds(client, name, document_id)
            if number >= 20:  # the first ones wait for what is made once
                found.append(taken)
    halves = absent[::2], absent[1::2]
    return {
        "forbidden_ms": round(statistics.median(forbidden), 3),
        "absent_ms": round(statistics.median(absent), 3),
        "forbidden_longer": round(longer(forbidden, absent), 3),
        "by_chance": round(longer(*halves), 3),
        "two_deviations": round(2 * (1 / (6 * pairs)) ** 0.5, 3),
    }


def longer(some: Sequence[float], others: Sequence[float]) -> float:
    """How often one of `some` is longer than one of `others`, over all pairs of them: a half where nothing shows."""
    ranked = sorted([(value, True) for value in some] + [(value, False) for value in others])
    ranks = sum(rank for rank, (_, is_some) in enumerate(ranked, start=1) if is_some)
    return (ranks - len(some) * (len(some) + 1) / 2) / (len(some) * len(others))


def _milliseconds(client: httpx2.Client, name: str, document_id: str) -> float:
    method, path = WAYS[name]
    body = {"document_id": document_id, "sha256": "0" * 64, "start": 0, "end": 4, "quote": "Rule"}
    started = time.perf_counter()
    response = client.request(method, path.format(document_id), json=body if method == "POST" else None)
    taken = 1000 * (time.perf_counter() - started)
    if response.status_code != (200 if method == "POST" else 404):
        raise AssertionError(f"{name} answers {response.status_code}: {response.text[:200]}")
    return taken


def main() -> None:
    """Measure, and write the figures."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.absent", description=__doc__.partition("\n\n")[0])
    parser.add_argument("--pairs", type=int, default=1_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        sys.stdout.write(json.dumps(measure(Path(folder), given.pairs), indent=2) + "\n")


if __name__ == "__main__":
    main()
