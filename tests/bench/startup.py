"""How long from starting the process to the first answer, and what it holds of memory: `python -m tests.bench.startup`.

Over a data directory of ten thousand passages of real text, made once. Its vectors are made up, by the words of each
text: with those of the model it starts no slower and answers no faster, and making them takes twenty minutes. The
weights in the process are the real ones. The file cache is warm, as after an update of the program.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rag.app import Citewell
from rag.models.catalogue import load_model
from rag.models.embedder import OnnxEmbedder
from rag.settings import BUNDLED_MODEL, Settings
from tests.bench.served import Memory, command, environment, memory_of, urlopen, wait_until_ready
from tests.support.fakes import HashEmbedder
from tests.support.ports import free_port

CHUNKS = 10_000
_QUESTION = "When was the treaty signed?"
# Questions after which memory is read: the first ones make the buffers that the others use again.
_MORE_QUESTIONS = 30


@dataclass(frozen=True, slots=True)
class Started:
    """One start of the server: seconds, and memory after the first answer and after some more."""

    ready: float
    answered: float
    at_first: Memory
    later: Memory


def articles(files: Sequence[Path]) -> Iterator[tuple[str, str]]:
    """Title and text of each article of SQuAD files, its paragraphs as paragraphs."""
    for file in files:
        for article in json.loads(file.read_text(encoding="utf-8"))["data"]:
            title = str(article.get("title") or "untitled").replace("_", " ")
            yield title, "\n\n".join([f"# {title}", *(paragraph["context"] for paragraph in article["paragraphs"])])


def prepare(data: Path, files: Sequence[Path], *, chunks: int = CHUNKS) -> None:
    """Fill a data directory until it has so many passages; one that has them stays. Raises ValueError."""
    settings = Settings(data_dir=data, keep_originals=False)
    real = OnnxEmbedder(load_model(BUNDLED_MODEL, data / "models"))
    embedder = HashEmbedder(real.identity.dimension)
    embedder.identity, embedder.max_tokens = real.identity, real.max_tokens
    embedder.count_tokens = real.count_tokens  # type: ignore[method-assign] # passages as long as real ones
    with Citewell.open(settings, embedder=embedder, create=True) as citewell, tempfile.TemporaryDirectory() as folder:
        names = []
        for number, (_, text) in enumerate(articles(files)):
            names.append(Path(folder) / f"{number:04}.md")
            names[-1].write_text(text, encoding="utf-8")
        for start in range(0, len(names), 20):
            if citewell.maintenance.health().chunks >= chunks:
                return
            citewell.documents.ingest(names[start : start + 20])
        if citewell.maintenance.health().chunks < chunks:
            raise ValueError(
                f"the files make {citewell.maintenance.health().chunks:,} passages; give files for {chunks:,}"
            )


def serve_once(data: Path) -> Started:
    """Start the server and ask it until it has answered, without a pause that would be counted."""
    port = free_port()
    started = time.perf_counter()
    process = subprocess.Popen(
        command("serve", "--data-dir", str(data), "--port", str(port)),
        env=environment(questions_per_minute=1_000_000),
        stderr=subprocess.DEVNULL,
    )
    try:
        address = f"http://127.0.0.1:{port}"
        wait_until_ready(address, process, pause=0.005)
        ready = time.perf_counter() - started
        _ask(address, _QUESTION)
        answered = time.perf_counter() - started
        at_first = memory_of(process.pid)
        for number in range(_MORE_QUESTIONS):
            _ask(address, f"Who was number {number} of the kings?")
        return Started(ready, answered, at_first, memory_of(process.pid))
    finally:
        process.terminate()
        process.wait()


def ask_once(data: Path) -> float:
    """Seconds of `rag ask`, from start to end of its process."""
    started = time.perf_counter()
    subprocess.run(
        command("ask", _QUESTION, "--data-dir", str(data)), env=environment(), check=True, stdout=subprocess.DEVNULL
    )
    return time.perf_counter() - started


def _ask(address: str, question: str) -> None:
    body = json.dumps({"question": question}).encode()
    request = urllib.request.Request(  # noqa: S310 - http, and our own server
        f"{address}/api/v1/ask", data=body, headers={"Content-Type": "application/json"}
    )
    with urlopen(request) as response:
        response.read()


def main() -> None:
    """Measure and print; with --json as one object."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.startup", description=__doc__)
    parser.add_argument("--data-dir", type=Path, required=True, help="made if it is not there")
    parser.add_argument("--squad", type=Path, nargs="+", default=[], metavar="FILE", help="until there is enough text")
    parser.add_argument("--restarts", type=int, default=10)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here too")
    given = parser.parse_args()
    try:
        prepare(given.data_dir, given.squad)
    except ValueError as error:
        sys.exit(str(error))
    started = [serve_once(given.data_dir) for _ in range(given.restarts)]
    result = {
        "restarts": given.restarts,
        "ready_seconds": round(statistics.median(one.ready for one in started), 2),
        "first_answer_seconds": round(statistics.median(one.answered for one in started), 2),
        "first_answer_seconds_slowest": round(max(one.answered for one in started), 2),
        "rag_ask_seconds": round(statistics.median(ask_once(given.data_dir) for _ in range(given.restarts)), 2),
        "memory_mb_after_first": dataclasses.asdict(started[-1].at_first),
        "memory_mb_after_more": dataclasses.asdict(started[-1].later),
    }
    if given.json:
        given.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    sys.stdout.write("".join(f"{name:<32} {value}\n" for name, value in result.items()))


if __name__ == "__main__":
    main()
