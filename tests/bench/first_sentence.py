"""How long until the first sentence is on the screen? `python -m tests.bench.first_sentence`

From the press of Enter to the frame that shows the first sentence, or that there is none, in headless Chromium on this
machine, over the real library with the reader and `seeds/`. The questions are those of `seeds/questions.jsonl`; the
first few warm up and are left out. Beside it stands the time that the service took for the whole answer, and the load
of the machine: with others at work on it, both say little.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
from pathlib import Path

from rag.app import Citewell
from tests.support.servers import serving
from tests.support.visits import launched
from web.settings import WebSettings

ROOT = Path(__file__).parent.parent.parent
_WARM_UP = 5
_TIMED = """(question) => new Promise((resolve) => {
  const chat = document.querySelector("citewell-chat");
  chat.reset();
  const begun = performance.now();
  const look = () => {
    if (chat.shadowRoot.querySelector(".cw-sentence, .cw-none")) {
      const shown = performance.now() - begun;
      asked.then((body) => resolve([shown, body.timings_ms.total]));
    } else requestAnimationFrame(look);
  };
  const asked = chat.ask(question);
  requestAnimationFrame(look);
})"""


def main() -> None:
    """Print the median and the 95th percentile in milliseconds."""
    lines = (ROOT / "seeds" / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    questions = [json.loads(line)["question"] for line in lines]
    with tempfile.TemporaryDirectory() as data, launched() as browser:
        settings = WebSettings(data_dir=Path(data), questions_per_minute=100_000)
        with Citewell.open(settings, create=True) as citewell:
            citewell.documents.ingest([ROOT / "seeds", ROOT / "tests" / "data" / "library"])
            with serving(citewell) as port:
                page = browser.new_page()
                page.goto(f"http://127.0.0.1:{port}/")
                page.locator("citewell-chat:defined").wait_for()
                took = [page.evaluate(_TIMED, question) for question in questions]
    sys.stdout.write(f"{len(took) - _WARM_UP} questions, load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores\n")
    for name, column in zip(("on the screen", "in the service"), zip(*took[_WARM_UP:], strict=True), strict=True):
        most = sorted(column)[int(0.95 * len(column))]
        sys.stdout.write(f"{name}: median {statistics.median(column):.0f} ms, 95 in 100 {most:.0f} ms\n")


if __name__ == "__main__":
    main()
