"""How far the reader that was converted for others is from ours, on seeds/ and made-up pairs of question and text."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime
import torch
from tokenizers import Tokenizer
from transformers import BertForQuestionAnswering

from rag.models.reader import WEIGHTS_FOLDER

ROOT = Path(__file__).parents[3]
_PROBES = 60
_PASSAGE_TOKENS = 200
Scores = npt.NDArray[np.float32]


def compare(folder: Path) -> list[str]:
    """What differs between both on the probes, a line each."""
    ours = onnxruntime.InferenceSession(str(WEIGHTS_FOLDER / "reader.onnx"), providers=["CPUExecutionProvider"])
    theirs = BertForQuestionAnswering.from_pretrained(folder, local_files_only=True)
    differences, ranges, same = [], [], 0
    probes = list(_probes(Tokenizer.from_file(str(folder / "tokenizer.json"))))
    for ids, types in probes:
        inputs = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": types}
        one = [
            np.asarray(scores)[0]
            for scores in ours.run(None, {one.name: inputs[one.name] for one in ours.get_inputs()})[:2]
        ]
        with torch.inference_mode():
            found = theirs(**{name: torch.from_numpy(value) for name, value in inputs.items()})
        other = [found.start_logits[0].numpy(), found.end_logits[0].numpy()]
        differences.append(np.abs(np.concatenate(one) - np.concatenate(other)))
        ranges.append(np.ptp(np.concatenate(one)))
        same += all(int(a.argmax()) == int(b.argmax()) for a, b in zip(one, other, strict=True))
    every = np.concatenate(differences)
    return [
        f"{len(probes)} pairs of question and passage, {every.size} scores of start and end",
        f"difference: mean {every.mean():.3f}, 99 in 100 under {np.quantile(every, 0.99):.3f}, most {every.max():.3f}; "
        f"the scores of a pair span {np.mean(ranges):.1f} on average",
        f"best start and best end the same in {same} of {len(probes)}",
    ]


def _probes(tokenizer: Tokenizer) -> Iterator[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
    """Ids and token types, (1, tokens) each: questions of seeds/, with the beginnings of the documents in turn."""
    lines = (ROOT / "seeds" / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    questions = [json.loads(line)["question"] for line in lines][:_PROBES]
    texts = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "seeds").glob("*.md"))]
    cls, sep = tokenizer.token_to_id("[CLS]"), tokenizer.token_to_id("[SEP]")
    tokenizer.no_truncation()
    for number, question in enumerate(questions):
        asked = tokenizer.encode(question, add_special_tokens=False).ids
        text = tokenizer.encode(texts[number % len(texts)], add_special_tokens=False).ids
        first = number * 37 % max(1, len(text) - _PASSAGE_TOKENS)
        passage = text[first : first + _PASSAGE_TOKENS]
        ids = np.array([[cls, *asked, sep, *passage, sep]], dtype=np.int64)
        types = (np.arange(ids.size) >= len(asked) + 2).astype(np.int64)[None, :]
        yield ids, types
