"""Exported models on disk: what one consists of, whether it is whole, and how one is carried to another machine.

An export needs none of the packages that made it. Carried to a machine that has only what serving needs, it says itself
which model it is of, so that a data directory takes it for the same as where it was made.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from rag.disk import storage_error
from rag.errors import InputError, ModelUnavailable
from rag.records import ModelIdentity

_FILES = ("model.onnx", "tokenizer.json", "model.json")
_HASHES = "sha256.json"  # of the files
_ORIGIN = "model"  # in model.json of a carried one: the name and the hash of the weights that it was made from


class ModelName(NamedTuple):
    """What an export is of: the name, and the SHA-256 of the weights."""

    name: str
    sha256: str


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """An exported model on disk, checked and ready to run."""

    identity: ModelIdentity
    graph: Path  # ONNX
    tokenizer: Path  # the `tokenizers` library's JSON
    inputs: tuple[str, ...]
    max_tokens: int
    question_prompt: str
    passage_prompt: str


def hash_file(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_shipped(path: Path, sha256: str, name: str) -> None:
    """Raise ModelUnavailable, under this name, unless a file that comes with the program is there with this hash."""
    if not path.is_file() or hash_file(path) != sha256:
        raise ModelUnavailable(
            f"{name} is missing or damaged: expected SHA-256 {sha256[:12]}.... Install Citewell again."
        )


def write_hashes(home: Path) -> None:
    """Finish an export: with the hashes of its files it is whole."""
    hashes = {file: hash_file(home / file) for file in _FILES}
    (home / _HASHES).write_text(json.dumps(hashes, indent=2), encoding="utf-8")


def is_intact(home: Path) -> bool:
    """Whether `home` holds a complete export whose files have the hashes they were written with."""
    try:
        expected = json.loads((home / _HASHES).read_text(encoding="utf-8"))
        return all(hash_file(home / file) == expected[file] for file in _FILES)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def describe(home: Path, origin: ModelName) -> LoadedModel:
    """The record of an intact export."""
    described = _description(home)
    return LoadedModel(
        identity=ModelIdentity(origin.name, origin.sha256, described["dimension"]),
        graph=home / "model.onnx",
        tokenizer=home / "tokenizer.json",
        inputs=tuple(described["inputs"]),
        max_tokens=described["max_tokens"],
        question_prompt=described["question_prompt"],
        passage_prompt=described["passage_prompt"],
    )


def is_carried(folder: Path) -> bool:
    """Whether a folder is meant to be an export that was carried here."""
    return (folder / _HASHES).is_file()


def open_carried(folder: Path) -> LoadedModel:
    """The export that was carried into `folder`. Raises ModelUnavailable when it is not whole."""
    if is_intact(folder):
        origin = _description(folder).get(_ORIGIN)
        if isinstance(origin, dict) and {"name", "sha256"} <= origin.keys():
            return describe(folder, ModelName(origin["name"], origin["sha256"]))
    raise ModelUnavailable(
        f"{folder} is not a whole export of a model: a file of it is missing or was changed. Expected what `rag "
        f"export-model` writes: {', '.join((*_FILES, _HASHES))}. Copy it again."
    )


def carry(model: LoadedModel, folder: Path) -> int:
    """Write the export of `model` into the new or empty `folder`, to be carried elsewhere; its size in bytes.

    Raises InputError when something is there already, StorageError when it cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise InputError(f"{folder} is not empty. Name a new folder for the exported model.")
        shutil.copyfile(model.graph, folder / "model.onnx")
        shutil.copyfile(model.tokenizer, folder / "tokenizer.json")
        origin = {"name": model.identity.name, "sha256": model.identity.sha256}
        described = {**_description(model.graph.parent), _ORIGIN: origin}
        (folder / "model.json").write_text(json.dumps(described, indent=2), encoding="utf-8")
        write_hashes(folder)
        return sum(file.stat().st_size for file in folder.iterdir())
    except OSError as error:
        raise storage_error(error, folder) from error


def _description(home: Path) -> Mapping[str, Any]:
    described: Mapping[str, Any] = json.loads((home / "model.json").read_text(encoding="utf-8"))
    return described
