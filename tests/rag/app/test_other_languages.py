"""Documents in other languages are found by words in other forms, and cut into sentences by their rules."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rag.app import Citewell
from rag.settings import Settings
from tests.support.access import EVERYTHING
from tests.support.fakes import HashEmbedder

TEXTS = {
    "de": "Die Schlüssel der Häuser liegen im Büro.\n\nDer Zug fährt am 3. Oktober nicht.",
    "fr": "Les machines sont installées par nos équipes.\n\nLe train ne circule pas avec ce billet.",
    "es": "Las casas antiguas se venden en la plaza.\n\nEl tren no sale los domingos.",
    "it": "Le finestre sono state chiuse con le chiavi.\n\nIl treno non parte nei giorni di festa.",
    "nl": "De sleutels van het huis liggen op het kantoor.\n\nDe trein rijdt niet op zondag.",
    "pl": "Klucze są w biurze, które jest na parterze.\n\nPociąg nie jedzie w niedziele i nie czeka na grupy.",
    "ja": "倉庫の鍵は事務所にあります。\n\n列車は日曜日には走りません。",
    "zh": "仓库的钥匙在办公室。\n\n火车星期天不开。",
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Citewell]:
    home = tmp_path_factory.mktemp("languages")
    files = home / "files"
    files.mkdir()
    for language, text in TEXTS.items():
        (files / f"{language}.txt").write_text(text, encoding="utf-8")
    with Citewell.open(Settings(data_dir=home / "data"), embedder=HashEmbedder(), create=True) as citewell:
        citewell.documents.ingest([files])
        yield citewell


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("Wer hat den Schlüssel für das Haus?", "de"),
        ("Qui installe la machine et les autres ?", "fr"),
        ("¿Quién vende una casa antigua?", "es"),
        ("Chi ha chiuso questa finestra?", "it"),
        ("Waar is de sleutel van de huizen?", "nl"),
        ("Kto ma klucz do biura i gdzie jest?", "pl"),
        ("事務所にあるのは何ですか。", "ja"),
        ("办公室里有什么？", "zh"),
    ],
)
def test_another_form_of_a_word_finds_its_passage(site: Citewell, question: str, language: str) -> None:
    hits = site.questions.search(question, 10, access=EVERYTHING)
    best = max(hits, key=lambda hit: hit.bm25)
    assert best.bm25 > 0
    assert Path(best.chunk.source.location).name == f"{language}.txt"


def test_sentences_end_by_the_rules_of_the_document_s_language(site: Citewell) -> None:
    """In German "3. Oktober" is a day and ends nothing, though the setting says English."""
    hits = site.questions.search("Wann fährt der Zug im Oktober?", 10, access=EVERYTHING)
    texts = [sentence.text for hit in hits for sentence in hit.chunk.sentences]
    assert "Der Zug fährt am 3. Oktober nicht." in texts
