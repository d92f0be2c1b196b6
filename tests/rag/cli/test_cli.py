"""Every command, run as a user runs it: what it prints, where, and its exit code."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import apsw
import httpx2 as httpx
import pytest
from fastapi.testclient import TestClient

from rag.app import Citewell
from rag.cli import ask_commands
from rag.cli.console import err as error_console
from rag.errors import RagError
from rag.evaluate.cases import read_cases
from rag.models.catalogue import load_model
from rag.models.embedder import OnnxEmbedder
from rag.records import Exchange
from rag.render.examples import POSSIBLE
from rag.settings import Settings
from tests.support.access import EVERYTHING
from tests.support.fakes import HashEmbedder
from tests.support.hash_cli import COMMAND, Rag, Ran
from tests.support.places import SEEDS
from tests.support.ports import free_port
from tests.support.processes import environment, wait_for
from web.app import create_app
from web.settings import WebSettings

QUESTION = "When was the harbour at Westerholm opened?"
SENTENCE = "The harbour at Westerholm was opened in 1887 after six years of work."
COMMANDS = [
    "ingest",
    "sync",
    "watch",
    "fetch",
    "ask",
    "chat",
    "search",
    "documents",
    "remove",
    "serve",
    "maintain",
    "mcp",
    "verify",
    "rebuild",
    "backup",
    "restore",
    "drill",
    "evaluate",
    "calibrate",
    "glossary",
    "sources",
    "access",
    "audit",
    "privacy",
    "people",
    "tokens",
]
# Commands that are several under one name.
SUBCOMMANDS = {
    "sources": ["list", "check", "sync"],
    "access": ["show", "apply", "explain", "set"],
    "audit": ["verify", "show", "export", "replay", "prune"],
    "privacy": ["export", "erase"],
    "people": ["add", "invite", "list", "suspend", "restore", "remove", "groups", "roles"],
    "tokens": ["add", "list", "remove"],
}
# What they print is nothing to be read by a program.
WITHOUT_JSON = {
    "chat",
    "serve",
    "mcp",
    "sources check",
    "access set",
    "people suspend",
    "people restore",
    "people remove",
    "tokens remove",
}
FIGURES = {
    "questions",
    "recall_at_1",
    "recall_at_5",
    "recall_at_20",
    "mrr",
    "top_sentence_accuracy",
    "sentence_accuracy",
    "answered_share",
    "no_answer_precision",
    "no_answer_recall",
    "wrong_answer_rate",
    "calibration_error",
    "latency_ms",
}


def test_help_names_every_command(rag: Rag) -> None:
    shown = rag("--help")
    assert shown.code == 0
    assert re.findall(r"^│ ([a-z]+) ", shown.out, re.MULTILINE) == COMMANDS


@pytest.mark.parametrize("group", SUBCOMMANDS)
def test_help_names_the_commands_of_a_group(rag: Rag, group: str) -> None:
    shown = rag(group, "--help")
    assert shown.code == 0
    assert re.findall(r"^│ ([a-z]+) ", shown.out, re.MULTILINE) == SUBCOMMANDS[group]


@pytest.mark.parametrize(
    "command",
    [
        *(name for name in COMMANDS if name not in SUBCOMMANDS),
        *(f"{group} {name}" for group, names in SUBCOMMANDS.items() for name in names),
    ],
)
def test_every_command_takes_a_data_directory(rag: Rag, command: str) -> None:
    shown = rag(*command.split(), "--help")
    assert shown.code == 0
    assert "--data-dir" in shown.out
    assert ("--json" in shown.out) is (command not in WITHOUT_JSON)


class TestChat:
    def chat(self, rag: Rag, monkeypatch: pytest.MonkeyPatch, *typed: str) -> Ran:
        monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{line}\n" for line in typed)))
        return rag("chat")

    def test_each_question_is_answered_until_an_empty_line(
        self, ingested: Rag, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ran = self.chat(ingested, monkeypatch, QUESTION, "Who sells gold teeth?", "", "Not asked any more?")
        assert (ran.code, ran.err) == (0, "")
        assert ran.out.index(f"{SENTENCE} [1]") < ran.out.index("I did not find it in ")
        assert ran.out.count("> ") - ran.out.count(" > ") == 3

    def test_the_end_of_the_input_ends_it(self, ingested: Rag, monkeypatch: pytest.MonkeyPatch) -> None:
        ran = self.chat(ingested, monkeypatch, QUESTION)
        assert (ran.code, ran.err, SENTENCE in ran.out) == (0, "", True)

    def test_what_was_filled_into_a_follow_up_is_said(self, ingested: Rag, monkeypatch: pytest.MonkeyPatch) -> None:
        def filled_in(question: str, history: Sequence[Exchange]) -> str:
            return question if "harbour" in question else f"{question} {history[-1].quotes[0]}"

        monkeypatch.setattr("rag.answer.ask.stand_alone", filled_in)
        ran = self.chat(ingested, monkeypatch, QUESTION, "Why?")
        assert ran.out.count("Searching for:") == 1
        assert f"Searching for: Why? {SENTENCE}" in ran.out

    def test_a_question_that_cannot_be_asked_does_not_end_it(
        self, ingested: Rag, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ran = self.chat(ingested, monkeypatch, "x" * 1_001, QUESTION)
        assert (ran.code, "at most 1,000 are read" in ran.out, SENTENCE in ran.out) == (0, True, True)

    def test_nothing_is_kept(self, ingested: Rag, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        self.chat(ingested, monkeypatch, QUESTION)
        with apsw.Connection(str(tmp_path / "data" / "citewell.sqlite")) as connection:
            counts = connection.execute("SELECT (SELECT count(*) FROM conversations), (SELECT count(*) FROM outcomes)")
            assert counts.fetchall() == [(0, 0)]


def test_ingest_prints_a_line_for_each_new_document_and_a_summary(rag: Rag, library: Path) -> None:
    ran = rag("ingest", library)
    assert (ran.code, ran.err) == (0, "")
    *lines, summary = ran.out.splitlines()
    assert [line.split(" (")[0] for line in lines] == [
        f"created    {library / name}" for name in ("harbour.md", "leave.txt", "pump.html")
    ]
    assert summary == "3 created"


def test_ingest_of_the_same_again_says_so_in_one_line(ingested: Rag, library: Path) -> None:
    assert ingested("ingest", library) == Ran(0, "3 unchanged\n", "")


def test_ingest_of_a_changed_file_says_updated(rag: Rag, tmp_path: Path) -> None:
    file = tmp_path / "note.txt"
    file.write_text("The gate opens at eight in the morning.", encoding="utf-8")
    rag("ingest", file)
    file.write_text("The gate opens at nine in the morning.", encoding="utf-8")
    assert rag("ingest", file).out.startswith(f"updated    {file} (")
    assert rag("search", "When does the gate open?").out.count("The gate opens at") == 1


def test_ingest_json_has_a_result_for_each_file(rag: Rag, library: Path) -> None:
    results = rag("ingest", library, "--json").json["results"]
    assert [(Path(r["location"]).name, r["status"], r["error"]) for r in results] == [
        ("harbour.md", "created", None),
        ("leave.txt", "created", None),
        ("pump.html", "created", None),
    ]


def test_ingest_with_one_bad_file_stores_the_others_and_fails(rag: Rag, tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "good.txt").write_text("The gate opens at eight in the morning.", encoding="utf-8")
    (tmp_path / "files" / "bad.txt").write_bytes(b"")
    ran = rag("ingest", tmp_path / "files")
    assert ran.code == 1
    assert ran.out.splitlines()[-1] == "1 created, 1 failed"
    assert ran.err.startswith("failed     ")
    assert "bad.txt" in ran.err
    assert [d["title"] for d in rag("documents", "--json").json["documents"]] == ["good"]


def test_ask_prints_the_sentence_and_where_it_stands(ingested: Rag, library: Path) -> None:
    ran = ingested("ask", QUESTION, "--max-sentences", 1)
    assert (ran.code, ran.err) == (0, "")
    first, *rest = ran.out.splitlines()
    assert first == f"{SENTENCE} [1]"
    assert f"[1] The harbour at Westerholm > Opening, {library / 'harbour.md'}" in rest
    assert rest[-1].startswith("Confidence: ")


def test_ask_without_an_answer_says_so_and_shows_what_came_nearest(
    ingested: Rag, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CITEWELL_MIN_CONFIDENCE", "1")
    ran = ingested("ask", "What does a ticket to the moon cost?")
    assert (ran.code, ran.err) == (0, "")
    assert re.match(r"I did not find it in \d documents\.\nSearched for: ", ran.out)
    assert "Nearest passages:" in ran.out


def test_quotes_that_may_answer_are_printed_with_their_lead_ins_and_confidence(
    capsys: pytest.CaptureFixture[str],
) -> None:
    ask_commands._print_answer(POSSIBLE)
    printed = capsys.readouterr().out
    assert printed.startswith("This may answer it.\n\nYou may not take home:\njournals of the current year [1]\n")
    assert "[1] Library rules > Reading room, /srv/documents/library-rules.md\n" in printed
    assert re.findall("confidence: (.*)", printed) == ["possibly right (44%)", "possibly right (21%)"]


def test_a_quote_that_was_recognised_on_a_scan_is_printed_with_how_surely(capsys: pytest.CaptureFixture[str]) -> None:
    first, *others = POSSIBLE.citations
    ask_commands._print_answer(replace(POSSIBLE, citations=(replace(first, recognised=0.87), *others)))
    printed = capsys.readouterr().out
    assert re.findall("    (recognised.*)", printed) == [
        "recognised from a scan (87% sure): compare it with the page's picture"
    ]


def test_ask_json_is_the_body_of_the_rest_response(ingested: Rag, tmp_path: Path) -> None:
    printed = ingested("ask", QUESTION, "--json").json
    settings = WebSettings(data_dir=tmp_path / "data")
    with Citewell.open(settings, embedder=HashEmbedder(name=Settings().model)) as citewell:
        body = TestClient(create_app(settings, citewell), base_url="http://localhost")
        with body as client:
            posted = client.post("/api/v1/ask", json={"question": QUESTION}).json()
    assert printed["status"] == "answered"
    assert without_timings(printed) == without_timings(posted)


def test_ask_twice_prints_the_same_bytes(ingested: Rag) -> None:
    assert ingested("ask", QUESTION).out == ingested("ask", QUESTION).out


def test_question_that_begins_with_a_dash_goes_after_two_dashes(ingested: Rag) -> None:
    assert SENTENCE in ingested("ask", "--", "-when was the harbour at Westerholm opened-").out


def test_search_lists_as_many_passages_as_asked_for(ingested: Rag) -> None:
    passages = ingested("search", "harbour", "-k", 2, "--json").json["passages"]
    assert [p["document"]["title"] for p in passages] == ["The harbour at Westerholm"] * 2
    ran = ingested("search", "harbour", "-k", 2)
    assert (ran.code, ran.err) == (0, "")
    for number, (passage, line) in enumerate(zip(passages, ran.out.splitlines()[::2], strict=True), start=1):
        assert line == f"{number}. {passage['section']}"


def test_documents_lists_what_was_ingested(ingested: Rag) -> None:
    listed = ingested("documents", "--json").json["documents"]
    assert {d["location"] for d in listed} == {"harbour.md", "leave.txt", "pump.html"}
    first, *lines = ingested("documents").out.splitlines()
    assert first.split() == ["id", "title", "sentences", "passages", "from"]
    for document, line in zip(listed, lines, strict=True):
        assert line.split()[0] == document["id"]
        assert document["title"] in line
        assert line.rstrip().endswith(f"/{document['location']}")


def test_documents_of_an_empty_directory_say_how_to_add_some(rag: Rag, tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    rag("ingest", tmp_path / "nothing")
    assert rag("documents").out == 'No documents yet. Add some with "rag ingest PATH".\n'
    assert rag("documents", "--json").json == {"documents": []}


def test_removed_document_is_not_found_again(ingested: Rag) -> None:
    by_name = {d["location"]: d["id"] for d in ingested("documents", "--json").json["documents"]}
    assert ingested("remove", by_name["harbour.md"]) == Ran(0, f"Removed {by_name['harbour.md']}.\n", "")
    assert "Westerholm" not in ingested("search", "harbour at Westerholm", "-k", 100).out
    assert ingested("remove", by_name["leave.txt"], "--json").json == {"id": by_name["leave.txt"], "status": "removed"}
    assert len(ingested("documents", "--json").json["documents"]) == 1


def test_remove_of_an_unknown_document_fails(ingested: Rag) -> None:
    ran = ingested("remove", "nope")
    assert (ran.code, ran.out) == (1, "")
    assert "'nope'" in ran.err
    assert "rag documents" in ran.err


@pytest.mark.parametrize("command", ["verify", "rebuild"])
def test_whole_directory_checks_out(ingested: Rag, command: str) -> None:
    ran = ingested(command)
    assert (ran.code, ran.err) == (0, "")
    assert all(line.startswith("ok ") for line in ran.out.splitlines())
    checks = ingested(command, "--json").json["checks"]
    assert {"database", "texts", "vectors", "word index", "vector index"} <= {c["name"] for c in checks}
    assert all(c["ok"] for c in checks)


@pytest.mark.parametrize(
    "arguments",
    [["ask", "Who?"], ["search", "x"], ["documents"], ["remove", "x"], ["verify"], ["rebuild"]],
    ids=lambda a: a[0],
)
def test_without_documents_a_command_names_the_directory_and_makes_nothing(
    rag: Rag, tmp_path: Path, arguments: list[str]
) -> None:
    ran = rag(*arguments, "--data-dir", tmp_path / "other")
    assert (ran.code, ran.out) == (1, "")
    assert re.fullmatch(rf"Error: {re.escape(str(tmp_path))}/other .*rag ingest.*\n", ran.err)
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ["frobnicate"],
        ["ask"],
        ["search", "x", "-k", "many"],
        ["evaluate"],
        ["evaluate", "a.jsonl", "b.jsonl"],
        ["evaluate", "a.jsonl", "--squad", "b.json"],
        ["evaluate", "--desk"],
        ["evaluate", "--desk", "--squad", "b.json"],
        ["evaluate", "--desk", "a", "--squad", "b.json"],
        ["evaluate", "a.jsonl", "--given"],
        ["evaluate", "a.jsonl", "--sample", "3"],
    ],
    ids=" ".join,
)
def test_command_that_is_not_understood_exits_with_2(ingested: Rag, arguments: list[str]) -> None:
    ran = ingested(*arguments)
    assert (ran.code, ran.out) == (2, "")
    assert "Usage: " in ran.err


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("CITEWELL_PORT", "many", "CITEWELL_PORT is 'many'; expected a whole number."),
        ("CITEWELL_PORT", "70000", "port is 70000; expected 0 to 65535."),
        ("CITEWELL_PROT", "80", "CITEWELL_PROT is not a setting."),
    ],
)
def test_setting_that_makes_no_sense_exits_with_2(
    rag: Rag, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, said: str
) -> None:
    monkeypatch.setenv(variable, value)
    ran = rag("documents")
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err


def test_evaluate_gives_the_figures_of_a_question_file(ingested: Rag, tmp_path: Path) -> None:
    """Two questions: one answered by the gold sentence, one whose gold sentence is not in the documents."""
    file = tmp_path / "questions.jsonl"
    lines = [
        {"question": QUESTION, "answers": ["1887"], "sentence": SENTENCE},
        {"question": "Where were ships sent instead?", "answers": ["the moon"], "sentence": "They went to the moon."},
    ]
    file.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    figures = ingested("evaluate", file, "--json").json
    assert set(figures) >= FIGURES
    assert (figures["questions"], figures["recall_at_20"], figures["top_sentence_accuracy"]) == (2, 0.5, 0.5)
    assert "recall_at_20               0.5" in ingested("evaluate", file).out


SQUAD = {
    "data": [
        {
            "title": "Harbours",
            "paragraphs": [
                {
                    "context": "The east pier was built in 1902. The west pier was built in 1911.",
                    "qas": [
                        {
                            "question": "When was the east pier built?",
                            "answers": [{"text": "1902", "answer_start": 27}],
                        },
                        {"question": "Who paid for the dock?", "answers": [], "is_impossible": True},
                    ],
                },
                {
                    "context": "A ferry leaves at seven. The ferry to Norrvik carries forty cars.",
                    "qas": [
                        {"question": "What carries forty cars?", "answers": [{"text": "ferry", "answer_start": 29}]}
                    ],
                },
            ],
        }
    ]
}


@pytest.mark.parametrize(
    ("options", "questions"), [([], 3), (["--given"], 3), (["--sample", "1"], 1)], ids=["all", "given", "sample"]
)
def test_evaluate_squad_indexes_apart_and_leaves_the_data_directory_alone(
    rag: Rag, tmp_path: Path, options: list[str], questions: int
) -> None:
    file = tmp_path / "squad.json"
    file.write_text(json.dumps(SQUAD), encoding="utf-8")
    figures = rag("evaluate", "--squad", file, "--json", *options).json
    assert set(figures) >= FIGURES
    assert (figures["questions"], figures["paragraphs"], figures["given"]) == (questions, 2, "--given" in options)
    assert not (tmp_path / "data").exists()


def test_evaluate_desk_indexes_apart_prints_tables_and_writes_what_was_asked_for(rag: Rag, tmp_path: Path) -> None:
    shop = tmp_path / "shop"
    (shop / "docs").mkdir(parents=True)
    (shop / "docs" / "harbour.md").write_text(f"# Harbour\n\n- {SENTENCE}\n", encoding="utf-8")
    lines = [
        {"file": "harbour.md", "question": QUESTION, "sentence": f"- {SENTENCE}", "words": "1887"},
        {"file": "harbour.md", "question": "Who paid?", "sentence": "- It was sold.", "words": "sold"},
    ]
    (shop / "questions.jsonl").write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    page, figures = tmp_path / "page.html", tmp_path / "figures.json"
    ran = rag("evaluate", "--desk", shop, "--report", page, "--figures", figures)
    assert ran.code == 0
    rows = {line.split("  ")[0]: line.split()[-14:] for line in ran.out.splitlines() if line}
    assert rows["shop"][:6] == rows["all together"][:6] == ["2", "2", "0.500", "0.500", "0.500", "0.500"]
    assert "shop, line 2, harbour.md: no stored sentence says: - It was sold." in ran.err
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert json.loads(figures.read_text())["collections"]["shop"]["questions"] == 2
    assert rag("evaluate", "--desk", shop, "--json").json["pooled"]["recall_at_1"] == 0.5
    assert not (tmp_path / "data").exists()


def test_evaluate_desk_names_a_folder_that_is_no_collection(rag: Rag, tmp_path: Path) -> None:
    ran = rag("evaluate", "--desk", tmp_path)
    assert (ran.code, ran.out) == (1, "")
    assert "is no desk collection: expected a folder with docs/ and questions.jsonl." in ran.err


def test_serve_says_its_address_and_answers_there(tmp_path: Path, library: Path) -> None:
    data = tmp_path / "data"
    filling = [*COMMAND, "ingest", str(library), "--data-dir", str(data)]
    subprocess.run(filling, env=environment(), check=True, capture_output=True)
    port = free_port()
    command = [*COMMAND, "serve", "--data-dir", str(data), "--port", str(port)]
    with subprocess.Popen(command, env=environment(), stderr=subprocess.PIPE, text=True) as server:
        try:
            assert server.stderr is not None
            assert server.stderr.readline() == f"Citewell is at http://127.0.0.1:{port}/ (stop with Ctrl-C)\n"
            assert wait_for(lambda: reachable(port))
            found = httpx.get(f"http://127.0.0.1:{port}/api/v1/documents", timeout=200).json()
            assert len(found["documents"]) == 3
            server.send_signal(signal.SIGINT)
            assert server.wait(timeout=200) in (0, 130)
            asked, *rest = server.stderr.read().splitlines()
            assert re.search(r"citewell.access .* GET /api/v1/documents 200 ", asked)
            assert rest in ([], ["Interrupted."])
        finally:
            server.kill()


def test_interrupted_ingest_keeps_what_it_reported_and_goes_on_from_there(tmp_path: Path) -> None:
    """The files after the first forty take so long that the signal comes in the middle of them, however late."""
    files = tmp_path / "files"
    files.mkdir()

    def write(number: int, sentences: int) -> None:
        text = "".join(f"Shed {number}, door {i}, holds {number + i} barrels of tar.\n\n" for i in range(sentences))
        (files / f"{number:03}.txt").write_text(text, encoding="utf-8")

    for number in range(80):
        write(number, 1 if number < 40 else 2_000)
    data = tmp_path / "data"
    command = [*COMMAND, "ingest", str(files), "--data-dir", str(data)]
    process = subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert wait_for(lambda: count_documents(data) > 20)  # so that twenty are also reported
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=200)
    assert process.returncode == 130, (out, err)
    match = re.fullmatch(r"Stored so far: (\d+)\. Run the same command again for the rest\.\nInterrupted\.\n", err)
    assert match, err
    stored = count_documents(data)
    assert 20 <= int(match[1]) <= stored < 80
    assert stored - int(match[1]) <= 1, "only the document in hand may be stored and not yet reported"
    for number in range(stored, 80):
        write(number, 1)
    again = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=120, check=True)
    assert again.stdout.splitlines()[-1] == f"{80 - stored} created, {stored} unchanged"
    assert subprocess.run([*COMMAND, "verify", "--data-dir", str(data)], env=environment(), check=False).returncode == 0


@pytest.mark.parametrize("arguments", [["ask", QUESTION], ["verify"], ["ingest", "."]], ids=lambda a: a[0])
def test_interrupt_while_the_model_loads_exits_with_130(
    ingested: Rag, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("rag.models.loading.load_model", interrupted)
    ran = ingested(*arguments)
    assert (ran.code, ran.out) == (130, "")
    stored = "Stored so far: 0. Run the same command again for the rest.\n" if arguments[0] == "ingest" else ""
    assert ran.err == stored + "Interrupted.\n"


def test_interrupt_in_the_middle_of_a_line_is_told_all_the_same(ingested: Rag, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        error_console.begin_capture()  # what a line that is not handed over yet leaves behind
        raise KeyboardInterrupt

    monkeypatch.setattr("rag.models.loading.load_model", interrupted)
    ran = ingested("ingest", ".")
    error_console.end_capture()
    assert ran.code == 130
    assert ran.err == "Stored so far: 0. Run the same command again for the rest.\nInterrupted.\n"


def test_reader_of_the_output_that_goes_away_causes_no_traceback(tmp_path: Path, library: Path) -> None:
    """As in `rag search ... | head -1`."""
    data = tmp_path / "data"
    filling = [*COMMAND, "ingest", str(library), "--data-dir", str(data)]
    subprocess.run(filling, env=environment(), check=True, capture_output=True)
    reading, writing = os.pipe()
    os.close(reading)
    listing = [*COMMAND, "documents", "--json", "--data-dir", str(data)]
    ran = subprocess.run(listing, env=environment(), stdout=writing, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writing)
    assert (ran.returncode, ran.stderr) == (1, "")


def test_output_that_cannot_show_a_letter_shows_its_number(tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("The caf\u00e9 \u4e2d on the pier opens in May.", encoding="utf-8")
    data = str(tmp_path / "data")
    narrow = {**environment(), "PYTHONIOENCODING": "ascii"}
    commands = [["ingest", str(tmp_path / "note.txt")], ["ask", "When does the pier open?"]]
    ran = [subprocess.run([*COMMAND, *c, "--data-dir", data], env=narrow, capture_output=True) for c in commands]
    assert [(r.returncode, r.stderr) for r in ran] == [(0, b""), (0, b"")]
    assert b"The caf\\xe9 \\u4e2d on the pier opens in May. [1]" in ran[1].stdout


@pytest.mark.model
def test_quickstart_with_the_real_model_answers_as_rest_does(tmp_path: Path) -> None:
    data = tmp_path / "data"
    rag = [sys.executable, "-c", "from rag.cli import main; main()"]

    def run(*arguments: str) -> str:
        command = [*rag, *arguments, "--data-dir", str(data)]
        return subprocess.run(
            command, env=environment(), capture_output=True, text=True, timeout=240, check=True
        ).stdout

    assert "1 created" in run("ingest", str(SEEDS))
    cases = read_cases(SEEDS / "questions.jsonl")
    questions = [next(c.question for c in cases if c.is_answerable is answerable) for answerable in (True, False)]
    printed = [run("ask", question, "--json") for question in questions]
    settings = WebSettings(data_dir=data)
    with (
        Citewell.open(settings, embedder=OnnxEmbedder(load_model(settings.model, data / "models"))) as citewell,
        TestClient(create_app(settings, citewell), base_url="http://localhost") as client,
    ):
        for question, body in zip(questions, printed, strict=True):
            response = client.post("/api/v1/ask", json={"question": question})
            assert byte_for_byte(body) == byte_for_byte(response.text + "\n")
            assert byte_for_byte(body) == byte_for_byte(run("ask", question, "--json"))
    assert [json.loads(body)["status"] == "no_answer" for body in printed] == [False, True]


def byte_for_byte(body: str) -> str:
    """`body` without the one field that may differ."""
    return re.sub(r'"timings_ms":\{[^}]*\}', "", body)


def without_timings(body: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in body.items() if key != "timings_ms"}


def count_documents(data: Path) -> int:
    """How many documents are committed, read beside a process that writes."""
    if not (data / "citewell.sqlite").exists():
        return 0
    # Not even the reader is loaded: the other process goes on meanwhile.
    settings = Settings(data_dir=data, reader=False)
    try:
        with Citewell.open(settings, embedder=HashEmbedder(name=Settings().model)) as citewell:
            return len(citewell.documents.all(access=EVERYTHING))
    except RagError:  # it is half made at this moment
        return 0


def reachable(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
