"""The command line: arguments in, one pipeline call, text or JSON out.

Exit codes: 0 done (no answer is an answer); 1 something failed, and the message says what; 2 the command was not
understood; 130 interrupted.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from rag import render
from rag.cases import read_cases
from rag.errors import InvalidSetting, RagError
from rag.evaluate import evaluate_file, evaluate_squad, run
from rag.pipeline import Pipeline
from rag.records import Answer, AnswerStatus, Check, IngestResult, IngestStatus, NoAnswerReason
from rag.report import check_writable, write_report
from rag.settings import Settings
from rag.threshold import Fitted, Shown, check_limit, fit_threshold, threshold_body

app = typer.Typer(
    name="rag",
    help="Answers from your own documents, word for word, each with a citation anyone can check.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)

DataDir = Annotated[
    Path | None, typer.Option("--data-dir", help="Where everything is kept. Default: $CITEWELL_DATA_DIR or .citewell")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, one object.")]
Model = Annotated[str | None, typer.Option(help="A sentence-transformers model: name or folder.")]

_INTERRUPTED = 130
_UNLIMITED = 10_000  # columns
_REASONS = {
    NoAnswerReason.NOT_IN_DOCUMENTS: "The documents do not say.",
    NoAnswerReason.LOW_CONFIDENCE: "The documents may touch on this, but no sentence answers it clearly enough.",
    NoAnswerReason.NO_DOCUMENTS: 'There are no documents yet. Add some with "rag ingest PATH".',
    NoAnswerReason.NOT_A_QUESTION: "There is nothing in this that can be searched for. Ask with words.",
}


@app.command()
def ingest(
    paths: Annotated[list[Path], typer.Argument(help="Files and folders. Folders are searched for readable files.")],
    data_dir: DataDir = None,
    model: Model = None,
    as_json: AsJson = False,
) -> None:
    """Read documents, or what has changed of them, into the data directory."""
    done: list[IngestResult] = []
    try:
        with _pipeline(data_dir, create=True, model=model) as pipeline, _bar("Reading") as tick:

            def on_result(result: IngestResult, number: int, total: int) -> None:
                done.append(result)
                tick(number, total)

            pipeline.ingest(paths, on_result=on_result)
    except KeyboardInterrupt:
        stored = sum(result.status is not IngestStatus.FAILED for result in done)
        err.print(f"Stored so far: {stored}. Run the same command again for the rest.")
        raise
    failed = sum(result.status is IngestStatus.FAILED for result in done)
    if as_json:
        _print_json({"results": [{"location": r.location, **render.ingest_body(r), "error": r.error} for r in done]})
    else:
        _print_results(done)
    if failed:
        raise typer.Exit(1)


@app.command()
def ask(
    question: Annotated[str, typer.Argument(help="A question about the documents.")],
    data_dir: DataDir = None,
    model: Model = None,
    max_sentences: Annotated[int | None, typer.Option(help="At most this many sentences.")] = None,
    as_json: AsJson = False,
) -> None:
    """Answer a question in sentences copied from the documents, or say that they do not answer it."""
    with _pipeline(data_dir, model=model) as pipeline:
        answer = pipeline.ask(question, max_sentences=max_sentences)
    if as_json:
        _print_json(render.answer_body(answer))
    else:
        _print_answer(answer)


@app.command()
def search(
    question: Annotated[str, typer.Argument(help="What to look for.")],
    data_dir: DataDir = None,
    model: Model = None,
    k: Annotated[int, typer.Option("-k", help="How many passages, 1 to 100.")] = 10,
    as_json: AsJson = False,
) -> None:
    """List the passages nearest to a question, best first."""
    with _pipeline(data_dir, model=model) as pipeline:
        hits = pipeline.search(question, k)
    if as_json:
        _print_json({"passages": [render.hit_body(hit) for hit in hits]})
        return
    for number, hit in enumerate(hits, start=1):
        out.print(Text(f"{number}. {_heading(hit.chunk.source.title, hit.chunk.section)}", style="bold"))
        out.print(Text(f"   {' '.join(hit.chunk.text.split())}"))
    if not hits:
        out.print("Nothing found.")


@app.command()
def documents(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """List the documents."""
    with _pipeline(data_dir) as pipeline:
        found = pipeline.documents()
    if as_json:
        _print_json({"documents": [render.document_body(info) for info in found]})
        return
    table = Table(box=None, pad_edge=False)
    for column, justify in (("id", "left"), ("title", "left"), ("sentences", "right"), ("passages", "right")):
        table.add_column(column, justify=justify)  # type: ignore[arg-type] # two of the allowed words
    table.add_column("from", overflow="fold")
    for info in found:
        cells = (info.source.id, info.source.title, str(info.sentences), str(info.chunks), info.source.location)
        table.add_row(*(escape(cell) for cell in cells))
    if not found:
        out.print('No documents yet. Add some with "rag ingest PATH".')
        return
    # Where another program reads them, a line for each document, however long.
    (out if out.is_terminal else Console(width=_UNLIMITED)).print(table)


@app.command()
def remove(
    document_id: Annotated[str, typer.Argument(help='The id that "rag documents" shows.')],
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Delete a document. Nothing of it can be quoted afterwards."""
    with _pipeline(data_dir) as pipeline:
        pipeline.remove(document_id)
    if as_json:
        _print_json({"id": document_id, "status": "removed"})
    else:
        out.print(Text(f"Removed {document_id}."))


@app.command()
def serve(
    data_dir: DataDir = None,
    model: Model = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on. Default: 127.0.0.1")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on. Default: 8000")] = None,
    suggestions: Annotated[Path | None, typer.Option(help="JSON Lines file of questions to offer on the page.")] = None,
) -> None:
    """Serve the page and the REST API."""
    settings = _settings(data_dir, model=model, host=host, port=port, suggestions=suggestions)
    import uvicorn  # here: the other commands do not need a web server

    from web.app import create_app  # the one place where the library's command line reaches the edge

    with Pipeline.open(settings, create=True, progress=_say) as pipeline:
        application = create_app(settings, pipeline)
        shown = "127.0.0.1" if settings.host in ("0.0.0.0", "::") else settings.host  # noqa: S104 - compared, not bound
        _say(f"Citewell is at http://{shown}:{settings.port}/ (stop with Ctrl-C)")
        uvicorn.run(application, host=settings.host, port=settings.port, log_level="warning", server_header=False)


@app.command()
def verify(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Check the database, the word index and the vector index. Exits with 1 when something is damaged."""
    with _pipeline(data_dir) as pipeline:
        _report(pipeline.check(), as_json=as_json)


@app.command()
def rebuild(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Make the word index and the vector index again from the database. Nothing is embedded again."""
    with _pipeline(data_dir) as pipeline:
        _report(pipeline.rebuild(), as_json=as_json)


@app.command()
def evaluate(
    questions: Annotated[
        Path | None, typer.Argument(help='JSON Lines: "question", "answers" (none: unanswerable), "sentence".')
    ] = None,
    squad: Annotated[
        Path | None, typer.Option(help="A SQuAD file: its paragraphs are indexed apart, its questions asked of all.")
    ] = None,
    given: Annotated[bool, typer.Option("--given", help="Ask each SQuAD question of its own paragraph alone.")] = False,
    sample: Annotated[int | None, typer.Option(help="Ask this many of the SQuAD questions, always the same.")] = None,
    report: Annotated[Path | None, typer.Option(help="Write a page with plots and the worst cases here.")] = None,
    data_dir: DataDir = None,
    model: Model = None,
    as_json: AsJson = False,
) -> None:
    """Measure answers against a file of questions."""
    if (questions is None) == (squad is None):
        raise typer.BadParameter("Give either a JSON Lines file of questions, or --squad FILE.")
    if squad is None and (given or sample is not None):
        raise typer.BadParameter("--given and --sample go with --squad.")
    if report is not None:
        check_writable(report)
    settings = _settings(data_dir, model=model)
    with _bar("Indexing") as indexing, _bar("Asking") as asking:
        if squad is not None:
            figures = evaluate_squad(
                squad,
                settings,
                lambda apart: _open(apart, create=True, models=settings.data_dir / "models"),
                sample=sample,
                given=given,
                indexing=indexing,
                progress=asking,
            )
        else:
            with _open(settings) as pipeline:
                figures = evaluate_file(pipeline, questions, progress=asking)  # type: ignore[arg-type] # checked above
    if report is not None:
        write_report(report, figures, title=str(squad or questions))
        _say(f"Report: {report}")
    _print_json(figures) if as_json else _print_figures(figures)


@app.command()
def calibrate(
    questions: Annotated[
        Path | None, typer.Argument(help='JSON Lines: "question", "answers" (none: unanswerable), "sentence".')
    ] = None,
    max_wrong: Annotated[float, typer.Option(help="Share of wrong answers allowed among those shown, 0 to 1.")] = 0.05,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only print; store nothing.")] = False,
    show: Annotated[bool, typer.Option("--show", help="Print the threshold that is stored.")] = False,
    reset: Annotated[
        bool, typer.Option("--reset", help="Forget it: the one that comes with the program holds.")
    ] = False,
    data_dir: DataDir = None,
    model: Model = None,
    as_json: AsJson = False,
) -> None:
    """Fit how sure an answer must be to be shown, to your own questions."""
    if (questions is not None) + show + reset != 1:
        raise typer.BadParameter("Give one of: a JSON Lines file of questions, --show, --reset.")
    check_limit(max_wrong)
    with _pipeline(data_dir, model=model) as pipeline:
        if questions is not None:
            with _bar("Asking") as asking:
                fitted = fit_threshold(run(pipeline, read_cases(questions), progress=asking), max_wrong)
            if not dry_run:
                best = fitted.chosen
                pipeline.set_threshold(
                    best.threshold,
                    max_wrong=max_wrong,
                    questions=best.questions,
                    answered=best.answered,
                    wrong=best.wrong,
                )
            _print_json(threshold_body(fitted, stored=not dry_run)) if as_json else _print_fitted(fitted)
        elif reset:
            pipeline.forget_threshold()
        if not as_json and not dry_run:
            stored = next((c.detail for c in pipeline.check_threshold()), "that of the program; none is fitted")
            out.print(Text(f"Threshold in the index: {stored}"))
        elif as_json and questions is None:
            found = pipeline.threshold()
            _print_json({"threshold": None if found is None else asdict(found)})


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave with its exit code. A RagError becomes one line, never a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a letter that the terminal cannot show must not end the program
            stream.reconfigure(errors="backslashreplace")
    try:
        _run(arguments)
    except RagError as error:
        err.print(Text(f"Error: {error}", style="red"))
        sys.exit(2 if isinstance(error, InvalidSetting) else 1)
    except BrokenPipeError:  # the reader of our output went away, as in "| head"
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


def _run(arguments: Sequence[str] | None) -> None:
    """Run one command and write out what is buffered. Raises SystemExit with its code, RagError or BrokenPipeError."""
    try:
        app(arguments)
    except SystemExit as left:
        if left.code == _INTERRUPTED:  # Typer makes this of Ctrl-C, without a word
            err.print("Interrupted.")
        raise
    finally:
        sys.stdout.flush()


def _settings(data_dir: Path | None, **options: Any) -> Settings:
    return Settings.from_env(os.environ, data_dir=data_dir, **options)


@contextmanager
def _pipeline(data_dir: Path | None, *, create: bool = False, model: str | None = None) -> Iterator[Pipeline]:
    """The pipeline of the settings, closed afterwards."""
    with _open(_settings(data_dir, model=model), create=create) as pipeline:
        yield pipeline


def _open(settings: Settings, *, create: bool = False, models: Path | None = None) -> Pipeline:
    return Pipeline.open(settings, create=create, progress=_say, models=models)


def _say(line: str) -> None:
    """Tell the user something on the error stream: the output may be piped."""
    err.print(Text(line))


def _print_json(body: object) -> None:
    """Exactly the body that REST gives, on one line."""
    sys.stdout.write(render.to_json(body) + "\n")


@contextmanager
def _bar(label: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on the error stream that appears when there is something to show."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as progress:
        task = progress.add_task(label, total=None, visible=False)
        yield lambda done, total: progress.update(task, completed=done, total=total, visible=True)


def _print_results(results: Sequence[IngestResult]) -> None:
    """A line for each document that is new, changed or failed, its warnings, and a summary."""
    for result in results:
        if result.status is IngestStatus.FAILED:
            err.print(Text(f"failed     {result.error}", style="red"))
        elif result.status is not IngestStatus.UNCHANGED:
            counts = f"{result.sentences} sentences, {result.chunks} passages"
            out.print(Text(f"{result.status.value:<10} {result.location} ({counts})"))
        for warning in result.warnings:
            err.print(Text(f"  warning: {result.location}: {warning}", style="yellow"))
    counted = {status: sum(result.status is status for result in results) for status in IngestStatus}
    out.print(", ".join(f"{number} {status.value}" for status, number in counted.items() if number) or "Nothing to do.")


def _print_fitted(fitted: Fitted) -> None:
    """What was chosen, how sure that is, and the trade as a table."""
    chosen, unseen = fitted.chosen, fitted.unseen
    out.print(f"{chosen.questions} questions asked, {fitted.answerable} of them with an answer.")
    out.print(f"Shown from a confidence of {chosen.threshold:.4f}: {_share_of(chosen)}.")
    out.print(f"The same choice, on questions left out of it: {_share_of(unseen)}.")
    if unseen.interval[1] > fitted.max_wrong:
        err.print(
            f"warning: so few questions cannot show that at most {fitted.max_wrong:.0%} are wrong; more would.",
            style="yellow",
        )
    if fitted.answerable == chosen.questions:
        err.print("warning: all of them have an answer; what is asked in vain was not tried.", style="yellow")
    table = Table(box=None)
    for column in ("confidence", "answered", "wrong of these", "95% interval"):
        table.add_column(column, justify="right")
    for row in fitted.table:
        mark = " <" if row.threshold == chosen.threshold else "  "
        error = "-" if row.error is None else f"{row.error:.3f}"
        low, high = row.interval
        table.add_row(f"{row.threshold:.4f}{mark}", f"{row.coverage:.3f}", error, f"{low:.3f}-{high:.3f}")
    out.print(table)


def _share_of(shown: Shown) -> str:
    """How much is answered, and how much of that wrongly, in words."""
    if not shown.answered:
        return "none of them is answered"
    low, high = shown.interval
    return (
        f"{shown.coverage:.0%} of them answered, {shown.wrong} of these {shown.answered} wrongly "
        f"(95% interval {low:.1%} to {high:.1%})"
    )


def _print_answer(answer: Answer) -> None:
    """The sentences with their citations, or why there are none and what came nearest."""
    if answer.status is AnswerStatus.NO_ANSWER:
        out.print(Text(_REASONS[answer.reason] if answer.reason else "", style="bold"))
        for number, hit in enumerate(answer.passages[:3], start=1):
            if number == 1:
                out.print("\nNearest passages:")
            excerpt = " ".join(hit.chunk.text.split())
            out.print(Text(f"  {_heading(hit.chunk.source.title, hit.chunk.section)}: {excerpt[:200]}"))
        return
    for citation in answer.citations:
        out.print(Text(f"{citation.quote} [{citation.number}]", style="bold"))
    out.print()
    dates = {value.citation: value.dated for value in answer.disagreement.values} if answer.disagreement else {}
    if dates:
        order = ": newest first" if len(set(dates.values())) > 1 else ""
        out.print(f"The documents disagree{order}.")
    for citation in answer.citations:
        place = citation.place
        dated = f", {dates[citation.number][:10]}" if citation.number in dates else ""
        heading = _heading(place.source.title, place.section)
        out.print(Text(f"[{citation.number}] {heading}, {place.source.location}{dated}"))
        out.print(Text(f"    characters {place.span.start}-{place.span.end}, SHA-256 {place.text_sha256[:12]}..."))
        for other in citation.also_in:
            out.print(Text(f"    also stated in {_heading(other.source.title, other.section)}"))
    out.print(Text(f"Confidence: {answer.confidence.label} ({answer.confidence.value:.0%})"))


def _heading(title: str, section: str) -> str:
    """Title and section in one line; the section alone when it begins with the title."""
    return section if section.startswith(title) else f"{title} > {section}" if section else title


def _report(checks: Sequence[Check], *, as_json: bool) -> None:
    """The checks, and exit code 1 when one did not hold."""
    if as_json:
        _print_json({"checks": [{"name": c.name, "ok": c.ok, "detail": c.detail} for c in checks]})
    else:
        for check in checks:
            out.print(Text(f"{'ok' if check.ok else 'DAMAGED':<8} {check.name}: {check.detail}"))
    if not all(check.ok for check in checks):
        err.print('Something is damaged. "rag rebuild" makes the indexes again; the database itself needs a backup.')
        raise typer.Exit(1)


def _print_figures(figures: dict[str, Any]) -> None:
    """The figures, by question word too, and the trade between answering and being wrong. The rest is in the report."""
    for name, value in figures.items():
        if not isinstance(value, list | dict):
            out.print(f"{name:<26} {value}")
    out.print(f"{'latency_ms':<26} " + ", ".join(f"{k} {v}" for k, v in figures["latency_ms"].items()))
    words = Table(box=None, title="By question word", title_justify="left")
    for column in ("", *next(iter(figures["by_question_word"].values()))):
        words.add_column(column, justify="right" if column else "left")
    for word, row in figures["by_question_word"].items():
        words.add_row(word, *("-" if value is None else f"{value:g}" for value in row.values()))
    out.print(words)
    table = Table(box=None, title="If only answers of at least this confidence are shown", title_justify="left")
    for column in figures["trade"][0]:
        table.add_column(column, justify="right")
    for row in figures["trade"]:
        table.add_row(*("-" if value is None else f"{value:.3f}" for value in row.values()))
    out.print(table)
