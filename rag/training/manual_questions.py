"""Makes desk collections of real documents: `python -m rag.training.manual_questions --packages FOLDER --out FOLDER`.

For each file of questions in `rag/training/manuals`, whose README says what they are, a folder of `docs/` and
`questions.jsonl` is written. The files name their answers by place, so that no sentence of a document is copied. The
documents are made of Debian's packages (`rag/training/manual_documents.py`); those of `rag/training/handbooks`, which
no package has, are left out where they do not lie in `docs/` already.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rag.training.manual_documents import write_documents

FOLDER, HANDBOOKS = Path(__file__).parent / "manuals", Path(__file__).parent / "handbooks"
# File, where the sentence begins and ends in its text, and where the words in it that answer do.
AnswerPlace = Sequence[Any]


def main() -> None:
    """Read the arguments and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--packages", type=Path, required=True, help="a folder of Debian's packages")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("names", nargs="*", help="of manuals and handbooks; without any, all")
    given = parser.parse_args()
    for path in sorted((*FOLDER.glob("*.jsonl"), *HANDBOOKS.glob("*.jsonl"))):
        if given.names and path.stem not in given.names:
            continue
        folder = given.out / path.stem
        if path.parent == FOLDER:
            write_documents(path.stem, given.packages, folder / "docs")
        if (folder / "docs").is_dir():
            print(f"{path.stem}: {write_questions(path, folder)} questions", flush=True)
        else:
            print(f"{path.stem}: left out, because no package has it: put its documents into {folder / 'docs'}")


def write_questions(path: Path, folder: Path) -> int:
    """Write `questions.jsonl` beside the `docs/` in `folder`, and return how many there are.

    Raises ValueError when a document has something else at a place than when the question was written.
    """
    docs = folder / "docs"
    files = (file for file in docs.rglob("*") if file.is_file())
    texts = {file.relative_to(docs).as_posix(): file.read_text(encoding="utf-8") for file in files}
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    written = [json.dumps(_desk_question(item, texts), ensure_ascii=False) for item in lines]
    (folder / "questions.jsonl").write_text("\n".join(written) + "\n", encoding="utf-8")
    return len(written)


def _desk_question(item: Mapping[str, Any], texts: Mapping[str, str]) -> dict[str, Any]:
    """A question as desk collections have it."""
    places = [*item["answers"], *item.get("tempting", ())]
    first, *others = [_quoted(place, texts) for place in places]
    more = [_text(place, texts) for place in item.get("more", ())]
    if (found := checksum([first["sentence"], *(other["sentence"] for other in others), *more])) != item["check"]:
        raise ValueError(
            f'{places[0][0]} has other text than when "{item["question"]}" was written ({found}, expected '
            f"{item['check']}): take the version that the README names"
        )
    made = {**first, "question": item["question"], "kind": item["kind"]}
    if more:
        made["more"] = more
    if others:
        made["also"] = others
    return made


def _quoted(place: AnswerPlace, texts: Mapping[str, str]) -> dict[str, Any]:
    file, _, _, *words = place
    return {
        "file": file,
        "sentence": _text(place, texts),
        "words": _text((file, *words), texts) if words else None,
    }


def _text(place: AnswerPlace, texts: Mapping[str, str]) -> str:
    """What stands at a place, in one line."""
    file, start, end, *_ = place
    return " ".join(texts.get(file, "")[start:end].split())


def checksum(texts: Iterable[str]) -> str:
    """Eight hexadecimal digits that tell whether these texts are the same."""
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:8]


if __name__ == "__main__":
    main()
