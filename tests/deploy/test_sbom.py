"""The bill of materials names every package and every model that serving stands on, and what each depends on."""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path

import pytest

from deploy.release import sbom
from deploy.release.dependencies import WHAT_FOR, locked
from rag.models.exported import hash_file

OWN = f"pkg:pypi/citewell@{version('citewell')}"
MODELS = {"reader.onnx", "question-encoder.onnx", "embedder-ranges.safetensors", "all-MiniLM-L6-v2"}


def test_it_names_what_is_installed_and_what_each_depends_on() -> None:
    bill = sbom.bill()
    assert (bill["bomFormat"], bill["specVersion"], bill["metadata"]["component"]["purl"]) == ("CycloneDX", "1.6", OWN)
    libraries = {part["name"]: part["version"] for part in bill["components"] if part["type"] == "library"}
    assert libraries == {package.name: package.version for package in locked("serving")}
    assert {name: version(name) for name in libraries} == libraries, "the list is not what is installed: make install"
    references = [part["bom-ref"] for part in bill["components"]]
    assert len(set(references)) == len(references)
    graph = {node["ref"]: node["dependsOn"] for node in bill["dependencies"]}
    assert {name.split("/")[1].split("@")[0] for name in graph[OWN]} == WHAT_FOR.keys()
    assert {ref for needed in graph.values() for ref in needed} <= set(references)
    assert all(part["licenses"][0]["expression"] for part in bill["components"])


def test_a_package_has_the_hash_of_its_file_where_that_is_known_and_a_model_always() -> None:
    parts = {part["name"]: part for part in sbom.bill({"numpy": "ab" * 32})["components"]}
    assert parts["numpy"]["hashes"] == [{"alg": "SHA-256", "content": "ab" * 32}]
    assert {name for name, part in parts.items() if "hashes" in part} == MODELS | {"numpy"}
    assert parts["reader.onnx"]["hashes"][0]["content"] == hash_file(sbom.WEIGHTS / "reader.onnx")


def test_the_same_packages_give_the_same_bill(tmp_path: Path) -> None:
    for name in ("one", "two"):
        sbom.write_bill(tmp_path / "dist" / name)
    assert (tmp_path / "dist" / "one").read_bytes() == (tmp_path / "dist" / "two").read_bytes()
    assert json.loads((tmp_path / "dist" / "one").read_text()) == sbom.bill()
    assert sbom.bill({"numpy": "ab" * 32})["serialNumber"] != sbom.bill()["serialNumber"]


@pytest.mark.parametrize("name", sorted(path.name for path in sbom.WEIGHTS.iterdir() if path.is_file()))
def test_a_file_of_weights_has_the_hash_of_the_one_list(name: str) -> None:
    if name in ("MODEL_CARD.md", "SHA256SUMS"):
        return
    found = hash_file(sbom.WEIGHTS / name)
    assert sbom.weights()[name] == found, "the weights changed: in their folder, sha256sum *.json *.onnx *.safetensors"


def test_the_one_list_names_nothing_else() -> None:
    assert all((sbom.WEIGHTS / name).is_file() for name in sbom.weights())


def test_the_hashes_that_the_program_checks_are_those_of_the_list() -> None:
    reader = json.loads((sbom.WEIGHTS / "reader.json").read_text())["sha256"]
    encoder = json.loads((sbom.WEIGHTS / "question-encoder.json").read_text())["sha256"]
    checked = reader | {"question-encoder.onnx": encoder}
    assert {name: sbom.weights()[name] for name in checked} == checked
