"""The bill of materials: every package and every model that serving stands on, as CycloneDX 1.6 in JSON.

    python -m deploy.release.sbom dist/citewell.cdx.json

It says what is installed on this machine, and is the same for the same packages and weights: no time, no chance.
"""

from __future__ import annotations

import json
import sys
import uuid
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from deploy.release.dependencies import ROOT, WHAT_FOR, licence_of, locked, needed_by
from rag.models.catalogue import BUNDLED_SHA256

WEIGHTS = ROOT / "rag" / "models" / "weights"
_OWN = "pkg:pypi/citewell@"
# What was learned from texts under this licence is given out under it (rag/models/weights/MODEL_CARD.md).
_MODELS = {
    "reader.onnx": "CC-BY-SA-4.0",
    "question-encoder.onnx": "CC-BY-SA-4.0",
    "embedder-ranges.safetensors": "Apache-2.0",
}
_BUNDLED = {"type": "machine-learning-model", "bom-ref": "model:all-MiniLM-L6-v2", "name": "all-MiniLM-L6-v2"}


def bill(wheels: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The document. `wheels` has the SHA-256 of the very file of a package, by its name, where that is known."""
    own = f"{_OWN}{version('citewell')}"
    packages = list(locked("serving"))
    names = [package.name for package in packages]
    refs = {package.name: f"pkg:pypi/{package.name}@{package.version}" for package in packages}
    components = [
        {
            "type": "library",
            "bom-ref": refs[package.name],
            "name": package.name,
            "version": package.version,
            "purl": refs[package.name],
            "licenses": [{"expression": licence_of(package.name)}],
            **_hashes((wheels or {}).get(package.name)),
        }
        for package in packages
    ] + list(_models())
    graph = [{"ref": own, "dependsOn": [refs[name] for name in WHAT_FOR]}]
    graph += [{"ref": refs[name], "dependsOn": [refs[other] for other in needed_by(name, names)]} for name in names]
    content = {
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": own,
                "name": "citewell",
                "version": version("citewell"),
                "purl": own,
                "licenses": [{"expression": "Apache-2.0 AND CC-BY-SA-4.0"}],
            }
        },
        "components": components,
        "dependencies": graph,
    }
    serial = uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(content, sort_keys=True))
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{serial}",
        "version": 1,
    } | content


def weights() -> dict[str, str]:
    """The SHA-256 of each file of weights by its name, as the list beside them has it."""
    lines = (WEIGHTS / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    return {name: sha256 for sha256, name in (line.split(maxsplit=1) for line in lines)}


def _models() -> Iterator[dict[str, Any]]:
    hashes = weights()
    for name, licence in _MODELS.items():
        model = {"type": "machine-learning-model", "bom-ref": f"model:{name}", "name": name}
        yield {**model, "licenses": [{"expression": licence}], **_hashes(hashes[name])}
    yield {**_BUNDLED, "licenses": [{"expression": "Apache-2.0"}], **_hashes(BUNDLED_SHA256)}


def _hashes(sha256: str | None) -> dict[str, Any]:
    return {"hashes": [{"alg": "SHA-256", "content": sha256}]} if sha256 else {}


def write_bill(path: Path, wheels: Mapping[str, str] | None = None) -> None:
    """Write the bill to `path`; its folder is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(bill(wheels), indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write_bill(Path(sys.argv[1]))
    sys.stdout.write(f"{sys.argv[1]} is written\n")
