"""How long until the first sentence is on the screen? `python -m tests.bench.first_sentence`

From the press of Enter to the frame that shows the first sentence, or that there is none, in headless Chromium on this
machine, over the real pipeline with the reader and `seeds/`. The questions are those of `seeds/questions.jsonl`. The
first few warm up and are left out.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from rag.pipeline import Pipeline
from rag.settings import Settings
from tests.web.test_limits import serving

ROOT = Path(__file__).parent.parent.parent
_WARM_UP = 5
_TIMED = """(question) => new Promise((resolve) => {
  const chat = document.querySelector("citewell-chat");
  chat.reset();
  const begun = performance.now();
  const look = () => {
    if (chat.shadowRoot.querySelector(".cw-sentence, .cw-none")) resolve(performance.now() - begun);
    else requestAnimationFrame(look);
  };
  chat.ask(question);
  requestAnimationFrame(look);
})"""


def main() -> None:
    """Print the median and the 95th percentile in milliseconds."""
    lines = (ROOT / "seeds" / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    questions = [json.loads(line)["question"] for line in lines]
    with tempfile.TemporaryDirectory() as data, sync_playwright() as playwright:
        settings = Settings(data_dir=Path(data), questions_per_minute=100_000)
        with Pipeline.open(settings, create=True) as pipeline:
            pipeline.ingest([ROOT / "seeds", ROOT / "tests" / "data" / "library"])
            browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
            with serving(pipeline) as port:
                page = browser.new_page()
                page.goto(f"http://127.0.0.1:{port}/")
                page.locator("citewell-chat:defined").wait_for()
                took = [page.evaluate(_TIMED, question) for question in questions]
            browser.close()
    took = sorted(took[_WARM_UP:])
    most = took[int(0.95 * len(took))]
    sys.stdout.write(f"{len(took)} questions: median {statistics.median(took):.0f} ms, 95 in 100 {most:.0f} ms\n")


if __name__ == "__main__":
    main()
