"""Figures of readers on a SQuAD file that they learnt from, each asked only about articles that it has not seen.

`python -m rag.training.folds --squad FILE --reader FOLDER --reader FOLDER [--given] [--sample N]`: the K-th folder,
from 0, holds the exported reader that was trained with `--leave-out K/N`. The figures are those of `rag evaluate`.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from rag.cases import read_squad
from rag.evaluate import run
from rag.figures import summarise
from rag.pipeline import Pipeline
from rag.reader import Reader
from rag.records import Document
from rag.settings import Settings


def main() -> None:
    """Read the arguments, ask and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--squad", type=Path, required=True)
    parser.add_argument("--reader", type=Path, action="append", required=True, help="in the order of their folds")
    parser.add_argument("--given", action="store_true", help="ask each question of its own paragraph alone")
    parser.add_argument("--sample", type=int, help="ask only that many questions")
    arguments = parser.parse_args()
    documents, cases = read_squad(arguments.squad)
    if arguments.sample:
        cases = random.Random(0).sample(cases, min(arguments.sample, len(cases)))
    folds = fold_of(documents, len(arguments.reader))
    outcomes = []
    with stored(documents, Settings.from_env(os.environ)) as settings:
        for fold, folder in enumerate(arguments.reader):
            chosen = [case for case in cases if folds[case.document_id or ""] == fold]
            with open_with(settings, Reader.load(folder)) as pipeline:
                outcomes += run(pipeline, chosen, given=arguments.given)
    print(json.dumps({"given": arguments.given, **summarise(outcomes)}, indent=1))


def fold_of(documents: Sequence[Document], folds: int) -> dict[str, int]:
    """For each document the fold of its article: articles are dealt out in turns, as `rag.training.train` does."""
    titles = list(dict.fromkeys(document.source.title for document in documents))
    positions = {title: position % folds for position, title in enumerate(titles)}
    return {document.source.id: positions[document.source.title] for document in documents}


@contextmanager
def stored(documents: Sequence[Document], settings: Settings) -> Iterator[Settings]:
    """Settings of a temporary data directory that holds these documents."""
    models = settings.data_dir / "models"
    with tempfile.TemporaryDirectory() as folder:
        apart = replace(settings, data_dir=Path(folder))
        (Path(folder) / "models").symlink_to(models.resolve())
        with Pipeline.open(apart, create=True, progress=print) as pipeline:
            pipeline.add_documents(documents)
        yield apart


def open_with(settings: Settings, reader: Reader | None) -> Pipeline:
    """A pipeline over what is stored there, with another reader than the shipped one."""
    return Pipeline.open(settings, reader=reader)


if __name__ == "__main__":
    main()
