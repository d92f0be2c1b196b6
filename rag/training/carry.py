"""Takes a training to another machine and back, where one with an accelerator is lent for a while.

`pack` makes one archive of what is learned from, collections and files as they were read and split here: no more of the
program is needed there than `rag.training`. `cut` writes what was learned there in pieces that are small enough to be
sent, in half precision and without the embeddings, which do not learn. `join` makes a run of the pieces here, which
`rag.training.export` takes.

    python -m rag.training.carry pack --desk FOLDER... --dev FOLDER... --data FOLDER --out .training/carry
    python -m rag.training.carry cut --run RUN --out PIECES
    python -m rag.training.carry join --pieces PIECES --base rag/models/weights/reader.onnx --out RUN
"""

from __future__ import annotations

import argparse
import io
import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import torch

from rag.training.base_weights import read_base
from rag.training.mixture import FILES
from rag.training.sharing import write_whole
from rag.training.squad import with_sentences
from rag.training.train import BEST, CHECKPOINT

KEPT, DEV, DATA = "kept", "dev", "data"  # folders of the archive

_PIECE_BYTES = 15_000_000
_EMBEDDINGS = "encoder.embeddings."


def main() -> None:
    """Read the arguments, and pack, cut or join."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    tasks = parser.add_subparsers(dest="task", required=True)
    packing = tasks.add_parser("pack")
    packing.add_argument("--desk", type=Path, nargs="+", required=True)
    packing.add_argument("--dev", type=Path, nargs="+", required=True)
    packing.add_argument("--data", type=Path, required=True)
    packing.add_argument("--out", type=Path, required=True)
    cutting = tasks.add_parser("cut")
    cutting.add_argument("--run", type=Path, required=True)
    cutting.add_argument("--out", type=Path, required=True)
    joining = tasks.add_parser("join")
    joining.add_argument("--pieces", type=Path, required=True)
    joining.add_argument("--base", type=Path, required=True)
    joining.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    if given.task == "pack":
        print(pack(given.desk, given.dev, given.data, given.out))
    elif given.task == "cut":
        print(*cut(given.run, given.out))
    else:
        print(join(given.pieces, given.base, given.out))


def pack(desk: Sequence[Path], dev: Sequence[Path], data: Path, out: Path) -> Path:
    """The archive `out`.tar.xz, of the folders KEPT, DEV and DATA, which stay beside it for the next time.

    Raises what reading the collections and the files raises.
    """
    # Only where it is packed is the program there to read with.
    from rag.training.collection import load_collection, load_embedder

    embedder = load_embedder()
    for name, folders in ((KEPT, desk), (DEV, dev)):
        for folder in folders:
            load_collection(folder, out / name, embedder)
    (out / DATA).mkdir(parents=True, exist_ok=True)
    for name in FILES:
        content = json.dumps(with_sentences(data / name), ensure_ascii=False)
        (out / DATA / name).write_text(content, encoding="utf-8")
    return Path(shutil.make_archive(str(out), "xztar", out))


def cut(run: Path, out: Path) -> list[Path]:
    """The pieces of the best weights of a run, or of its last ones where none were judged.

    Raises FileNotFoundError when the run left none.
    """
    found = [*sorted(run.glob(f"*/{BEST}")), *sorted(run.glob(f"*/{CHECKPOINT}"))]
    if not found:
        raise FileNotFoundError(f"{run} has no {BEST} and no {CHECKPOINT}: name the output folder of a training")
    state = torch.load(found[0], weights_only=True, map_location="cpu")
    learned = {name: value.half() for name, value in state["model"].items() if not name.startswith(_EMBEDDINGS)}
    written = io.BytesIO()
    torch.save({"model": learned, "seen": state["seen"]}, written)
    data = written.getvalue()
    out.mkdir(parents=True, exist_ok=True)
    pieces = [data[start : start + _PIECE_BYTES] for start in range(0, len(data), _PIECE_BYTES)]
    paths = [out / f"piece-{number:02}" for number in range(len(pieces))]
    for path, piece in zip(paths, pieces, strict=True):
        path.write_bytes(piece)
    return paths


def join(pieces: Path, base: Path, out: Path) -> Path:
    """A checkpoint in `out` of the pieces, and of the embeddings of the base that the run began with.

    Raises FileNotFoundError when there is no piece.
    """
    paths = sorted(pieces.glob("piece-*"))
    if not paths:
        raise FileNotFoundError(f"{pieces} holds no piece: piece-00 and so on were expected there")
    state = torch.load(io.BytesIO(b"".join(path.read_bytes() for path in paths)), weights_only=True)
    embeddings = {n: torch.tensor(v) for n, v in read_base(base).items() if n.startswith(_EMBEDDINGS)}
    learned = {name: value.float() for name, value in state["model"].items()}
    out.mkdir(parents=True, exist_ok=True)
    write_whole(out / CHECKPOINT, {"model": {**embeddings, **learned}, "seen": state["seen"]})
    return out / CHECKPOINT


if __name__ == "__main__":
    main()
