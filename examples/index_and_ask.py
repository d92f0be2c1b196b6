"""Index a folder and ask it a question, with the library alone.

Example: `python examples/index_and_ask.py seeds "What did JSR receive?"`
"""

from __future__ import annotations

import argparse
from pathlib import Path

from rag import Access, Citewell, Settings


def main() -> None:
    parser = argparse.ArgumentParser(description="Index a folder and ask it a question.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("question")
    parser.add_argument("--data-dir", type=Path, default=Path(".citewell"), help="where the index is kept")
    given = parser.parse_args()

    # The first time, the bundled model is prepared, which takes two seconds. Files that did not change are not read
    # again.
    with Citewell.open(Settings(data_dir=given.data_dir), create=True) as citewell:
        for result in citewell.documents.ingest([given.folder]):
            print(f"{result.status}: {result.location} ({result.sentences} sentences)", result.error or "")
        answer = citewell.questions.ask(given.question, access=Access.everything())

        # One answer, or quotes that may answer, or nothing was found.
        print(f"\n{answer.text or ('This may answer it:' if answer.citations else 'I did not find it.')}")
        for citation in answer.citations:
            place = citation.place
            document = citewell.documents.get(place.source.id, access=Access.everything())
            # What every citation promises. Offsets count Unicode code points; the end is exclusive.
            assert document.text[place.span.start : place.span.end] == citation.quote
            if answer.found is None:
                print(citation.quote)
            print(f"[{citation.number}] {place.source.title}, {place.section}: {place.span.start} to {place.span.end}")
        print(f"Confidence: {answer.confidence.label} ({answer.confidence.value:.0%})")


if __name__ == "__main__":
    main()
