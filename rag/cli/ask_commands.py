"""The commands that ask: for an answer, for one after the other, for the nearest passages."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from rag.cli.console import AsJson, DataDir, Model, opened, out, print_json
from rag.conversations.kept_conversations import exchange_of, recent
from rag.errors import InputError, InvalidQuestion, InvalidSetting
from rag.records import Access, Answer, AnswerStatus, Citation, Exchange, NoAnswerReason
from rag.render.outcomes import likelihood, outcome_words, recognised_words
from rag.store.base import Reply


def ask(
    question: Annotated[str, typer.Argument(help="A question about the documents.")],
    data_dir: DataDir = None,
    model: Model = None,
    max_sentences: Annotated[int | None, typer.Option(help="At most this many sentences.")] = None,
    as_json: AsJson = False,
    server: Annotated[str, typer.Option(help="Ask a running service at this address instead.")] = "",
    key_file: Annotated[Path | None, typer.Option(help="A file with a key of yours, for --server.")] = None,
) -> None:
    """Answer a question in sentences copied from the documents; if unsure, show quotes that may answer, or say so."""
    if server:
        if data_dir or model:
            raise InvalidSetting("--server was given with --data-dir or --model; the service has its own.")
        _ask_server(question, server, key_file, max_sentences=max_sentences, as_json=as_json)
        return
    if key_file:
        raise InvalidSetting("--key-file was given without --server; only a service wants a key.")
    with opened(data_dir, model=model) as citewell:
        answer = citewell.questions.ask(question, max_sentences=max_sentences, access=Access.everything())
        citewell.audit.asked(answer, access=Access.everything(), max_sentences=max_sentences)
    if as_json:
        from rag.render.shapes import AnswerBody, body_of  # here: only JSON needs the library behind it

        print_json(body_of(AnswerBody, Reply(answer)))
    else:
        _print_answer(answer)


def _ask_server(question: str, server: str, key_file: Path | None, *, max_sentences: int | None, as_json: bool) -> None:
    """Print what a service answers."""
    from rag.client import Client, ClientError  # here: what it needs is slow to load
    from rag.client.answer_record import answer_of

    try:
        key = key_file.read_text(encoding="utf-8").strip() if key_file else ""
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidSetting(f"--key-file {key_file} cannot be read: {error}.") from error
    try:
        with Client(server, key=key) as client:
            body = client.ask(question, max_sentences=max_sentences)
    except ClientError as error:
        raise InputError(str(error)) from error
    if as_json:
        print_json(body)
    else:
        _print_answer(answer_of(body, server))


def chat(data_dir: DataDir = None, model: Model = None) -> None:
    """Ask one question after the other, follow-ups among them. An empty line or Ctrl-D ends it; nothing is kept."""
    with opened(data_dir, model=model) as citewell:
        history: list[Exchange] = []
        while question := _typed():
            try:
                answer = citewell.questions.ask(question, history=recent(history), access=Access.everything())
            except InvalidQuestion as error:
                out.print(Text(str(error), style="red"))
                continue
            citewell.audit.asked(answer, access=Access.everything(), max_sentences=None)
            if answer.stand_alone_question is not None:
                out.print(Text(f"Searching for: {answer.stand_alone_question}", style="italic"))
            _print_answer(answer)
            history.append(exchange_of(answer))


def _typed() -> str:
    """The next question; empty at the end."""
    try:
        return out.input("\n> ").strip()
    except EOFError:
        return ""


def search(
    question: Annotated[str, typer.Argument(help="What to look for.")],
    data_dir: DataDir = None,
    model: Model = None,
    k: Annotated[int, typer.Option("-k", help="How many passages, 1 to 100.")] = 10,
    as_json: AsJson = False,
) -> None:
    """List the passages nearest to a question, best first."""
    with opened(data_dir, model=model) as citewell:
        hits = citewell.questions.search(question, k, access=Access.everything())
        citewell.audit.searched(question, hits, access=Access.everything())
    if as_json:
        from rag.render.shapes import SearchBody, body_of  # here: only JSON needs the library behind it

        print_json(body_of(SearchBody, {"passages": hits}))
        return
    for number, hit in enumerate(hits, start=1):
        out.print(Text(f"{number}. {_heading(hit.chunk.source.title, hit.chunk.section)}", style="bold"))
        out.print(Text(f"   {' '.join(hit.chunk.text.split())}"))
    if not hits:
        out.print("Nothing found.")


def _print_answer(answer: Answer) -> None:
    """How a question ended, and what the glossary added to it."""
    _print_outcome(answer)
    if answer.also_searched:
        out.print(Text(f"Also looked for: {', '.join(answer.also_searched)}"))


def _print_outcome(answer: Answer) -> None:
    """The sentences with their citations, or quotes that may answer, or why there are none and what came nearest."""
    if answer.status is AnswerStatus.NO_ANSWER:
        _print_no_answer(answer)
        return
    if answer.status is AnswerStatus.POSSIBLE:
        out.print(Text(f"{outcome_words(answer)}\n", style="bold"))
    for citation in answer.citations:
        if citation.lead_in:
            out.print(Text(citation.lead_in.text))
        out.print(Text(f"{citation.quote} [{citation.number}]", style="bold"))
    out.print()
    dates = {value.citation: value.dated for value in answer.disagreement.values} if answer.disagreement else {}
    if dates:
        order = ": newest first" if len(set(dates.values())) > 1 else ""
        out.print(f"The documents disagree{order}.")
    for citation in answer.citations:
        _print_source(citation, dates.get(citation.number, ""))
    if answer.steps:
        span = answer.steps.place.span
        told = f"{answer.steps.shown} of {answer.steps.count} steps"
        out.print(Text(f"{told}; all of them: characters {span.start}-{span.end} of [1]"))
    if answer.status is AnswerStatus.ANSWERED:
        out.print(Text(f"Confidence: {likelihood(answer.confidence)}"))


def _print_no_answer(answer: Answer) -> None:
    """Why there is no answer, what came nearest, and what can be done."""
    out.print(Text(outcome_words(answer), style="bold"))
    if answer.reason is NoAnswerReason.NO_DOCUMENTS:
        out.print('Add some with "rag ingest PATH".')
    if answer.reason is not NoAnswerReason.NOT_FOUND:
        return
    out.print(Text(f"Searched for: {answer.stand_alone_question or answer.question}"))
    for number, hit in enumerate(answer.passages[:3], start=1):
        if number == 1:
            out.print("\nNearest passages:")
        excerpt = " ".join(hit.chunk.text.split())
        out.print(Text(f"  {_heading(hit.chunk.source.title, hit.chunk.section)}: {excerpt[:200]}"))
    out.print('\nIt may be there in other words: ask differently. What is missing is added with "rag ingest PATH".')


def _print_source(citation: Citation, dated: str) -> None:
    """Where a quote stands; with the confidence in it, where it has one of its own."""
    place = citation.place
    heading = _heading(place.source.title, place.section)
    out.print(Text(f"[{citation.number}] {heading}, {place.source.location}{f', {dated[:10]}' if dated else ''}"))
    out.print(Text(f"    characters {place.span.start}-{place.span.end}, SHA-256 {place.text_sha256[:12]}..."))
    for other in citation.also_in:
        out.print(Text(f"    also stated in {_heading(other.source.title, other.section)}"))
    if citation.confidence:
        out.print(Text(f"    confidence: {likelihood(citation.confidence)}"))
    if words := recognised_words(citation.recognised):
        out.print(Text(f"    {words}"))


def _heading(title: str, section: str) -> str:
    """Title and section in one line; the section alone when it begins with the title."""
    return section if section.startswith(title) else f"{title} > {section}" if section else title
