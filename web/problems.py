"""Errors as `application/problem+json` (RFC 9457), from one table; pages show the same in words.

Nothing of an unexpected error, and nothing about the machine, reaches the client: the details of a 5xx go to the log.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import urlencode

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse, Response
from starlette.exceptions import HTTPException

from rag import errors
from rag.access.audit import AuditKind
from rag.errors import RagError
from rag.render import Body, to_json
from web.openai.openai_errors import PREFIX as OPENAI
from web.openai.openai_errors import OpenAiRefusal, error_body, status_of
from web.signin.guessing import TooManyGuesses
from web.signin.refusals import TOO_MANY, kind_of_key, put_down_refusal
from web.templating import drawn

_log = logging.getLogger("citewell.web")

PROBLEM_MEDIA_TYPE = "application/problem+json"
_BUSY = {"Retry-After": "5"}
_UNAVAILABLE = "The service cannot use its documents at the moment. Its log says why."
_AWAY = "The database cannot be reached at the moment. Try again in a few seconds."
_UNKNOWN = "The server that says who you are does not answer as it should. Try again soon; the log here says more."
# As RFC 9110 has them; the standard library's names depend on the Python version.
_TITLES = {413: "Content Too Large", 422: "Unprocessable Content"}


@dataclass(frozen=True, slots=True)
class Problem:
    """What went wrong, as the client sees it. `errors` names the fields that are wrong, if that is the trouble."""

    status: int
    detail: str
    type: str = "about:blank"
    title: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    errors: tuple[Mapping[str, str], ...] = ()

    def body(self, instance: str) -> Body:
        """The RFC 9457 members, and `errors` where there are any."""
        title = self.title or _TITLES.get(self.status) or HTTPStatus(self.status).phrase
        body: Body = {"type": self.type, "title": title, "status": self.status, "detail": self.detail}
        body["instance"] = instance
        if self.errors:
            body["errors"] = [dict(error) for error in self.errors]
        return body


@dataclass(frozen=True, slots=True)
class _Outcome:
    """A row of the table. With `detail`, the error's own message stays in the log."""

    status: int
    detail: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


OUTCOMES: Mapping[type[RagError], _Outcome] = {
    errors.RagError: _Outcome(500, "The service met an error it has no better name for. Its log says more."),
    errors.InputError: _Outcome(422),
    errors.UnsupportedFormat: _Outcome(415),
    errors.UnreadableDocument: _Outcome(422),
    errors.DocumentTooLarge: _Outcome(413),
    errors.FetchRefused: _Outcome(422),
    errors.FetchFailed: _Outcome(422),
    errors.PageGone: _Outcome(422),
    errors.InvalidQuestion: _Outcome(422),
    errors.ConversationFull: _Outcome(422),
    errors.InvalidSetting: _Outcome(422),
    errors.WrongPassword: _Outcome(422),
    errors.SignInRefused: _Outcome(401, headers={"WWW-Authenticate": "Bearer"}),
    errors.ProxyRefused: _Outcome(403),
    errors.NotFoundError: _Outcome(404),
    errors.DocumentNotFound: _Outcome(404),
    errors.ConversationNotFound: _Outcome(404),
    errors.PersonNotFound: _Outcome(404),
    errors.KeyNotFound: _Outcome(404),
    errors.OriginalNotFound: _Outcome(404),
    errors.PageNotFound: _Outcome(404),
    errors.NotReadyError: _Outcome(503, "The service is not ready to answer yet. Its log says why.", _BUSY),
    errors.IndexMissing: _Outcome(503, "Nothing has been indexed yet. Add documents first.", _BUSY),
    errors.ModelUnavailable: _Outcome(503, "The embedding model is not available. The service's log says why."),
    errors.SignInUnavailable: _Outcome(503, _UNKNOWN, _BUSY),
    errors.StorageError: _Outcome(503, _UNAVAILABLE),
    errors.StorageReadOnly: _Outcome(503, "The documents are read-only at the moment. Questions still work."),
    errors.StorageFull: _Outcome(507, "There is no space left for documents. Questions still work."),
    errors.StorageBusy: _Outcome(503, "Another process is adding documents. Try again in a few seconds.", _BUSY),
    errors.StorageUnreachable: _Outcome(503, _AWAY, _BUSY),
    errors.StorageTooNew: _Outcome(503, _UNAVAILABLE),
    errors.StorageDamaged: _Outcome(503, _UNAVAILABLE),
    errors.ModelMismatch: _Outcome(503, _UNAVAILABLE),
}


def problem_of(error: RagError) -> Problem:
    """The problem that a RagError is to a client; a detail that is kept back is logged."""
    outcome = OUTCOMES[type(error)]
    if outcome.detail is not None:
        _log.error("%s: %s", type(error).__name__, error)
    name = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type(error).__name__)
    return Problem(
        outcome.status,
        outcome.detail or str(error),
        type="urn:citewell:problem:" + name.lower().replace(" ", "-"),
        title=name.capitalize(),
        headers=outcome.headers,
    )


def problem_response(problem: Problem, instance: str) -> Response:
    """`problem` as application/problem+json; under the addresses of OpenAI's API as clients of that expect it."""
    if instance.startswith(OPENAI):
        return _openai_response(problem)
    return Response(
        to_json(problem.body(instance)),
        status_code=problem.status,
        headers=dict(problem.headers),
        media_type=PROBLEM_MEDIA_TYPE,
    )


def _openai_response(problem: Problem) -> Response:
    code = problem.type.rpartition(":")[2].replace("-", "_") if problem.type != "about:blank" else ""
    param = problem.errors[0]["field"] if problem.errors else None
    status = status_of(problem.status)
    body = error_body(status, problem.detail, code=code, param=param)
    return Response(to_json(body), status_code=status, headers=dict(problem.headers), media_type="application/json")


def unexpected_response(path: str, error: Exception) -> Response:
    """A 500 that says nothing about `error`, which is logged with its traceback."""
    _log.error("unexpected error for %r", path, exc_info=error)
    return problem_response(Problem(500, "Something went wrong on the server. Its log says more."), path)


def add_error_handlers(app: FastAPI) -> None:
    """Answer every error that a route raises by the table above."""
    app.add_exception_handler(RagError, _on_rag_error)
    app.add_exception_handler(RequestValidationError, _on_invalid_request)
    app.add_exception_handler(HTTPException, _on_http_exception)


def _on_rag_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RagError)  # noqa: S101 - what it is registered for
    return _respond(request, problem_of(error), is_known=isinstance(error, errors.SignInRefused))


def _on_invalid_request(request: Request, error: Exception) -> Response:
    """422 naming each field. What was sent is not repeated: it may be large, private or hostile."""
    assert isinstance(error, RequestValidationError)  # noqa: S101 - what it is registered for
    found = tuple({"field": _field_name(item["loc"]), "message": str(item["msg"])} for item in error.errors())
    detail = "; ".join(f"{item['field']}: {item['message']}" for item in found)
    return _respond(request, Problem(422, detail, errors=found))


def _on_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - what it is registered for
    if isinstance(error, TooManyGuesses):
        put_down_refusal(request, error.kind, TOO_MANY)
    elif error.status_code == HTTPStatus.UNAUTHORIZED and "authorization" in request.headers:
        put_down_refusal(request, AuditKind.KEY_FAILED, kind_of_key(request.headers["authorization"]))
    detail = str(error.detail)
    if isinstance(error, OpenAiRefusal):
        body = error_body(error.status_code, detail, code=error.code, param=error.param)
        return Response(to_json(body), status_code=error.status_code, media_type="application/json")
    if detail == HTTPStatus(error.status_code).phrase:
        detail = _PLAIN_DETAILS.get(error.status_code, detail)
    return _respond(request, Problem(error.status_code, detail, headers=error.headers or {}))


_PLAIN_DETAILS = {404: "There is nothing at this address.", 405: "This address does not take this method."}


def _respond(request: Request, problem: Problem, *, is_known: bool = False) -> Response:
    """A page for a person who opened a page, problem+json for everything else.

    Who has not signed in is led to where one does, but not who tried and was refused: `is_known`.
    """
    wants_page = "text/html" in request.headers.get("accept", "")
    if wants_page and not request.url.path.startswith(("/api/", "/static/", OPENAI)):
        can_sign_in = request.app.state.settings.sign_in and not is_known and request.url.path != "/sign-in"
        if problem.status == 401 and can_sign_in:
            return _to_sign_in(request)
        return drawn(request, "error.html", {"problem": problem}, status_code=problem.status, headers=problem.headers)
    return problem_response(problem, request.url.path)


def _to_sign_in(request: Request) -> Response:
    """To the page to sign in on, and from there back to what was wanted, where that only looks."""
    wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    query = f"?{urlencode({'next': wanted})}" if request.method == "GET" and wanted != "/" else ""
    return RedirectResponse(f"/sign-in{query}", 303)


def _field_name(location: tuple[int | str, ...]) -> str:
    """The dotted name: "question" for ("body", "question"); "body" when the body as a whole is wrong."""
    inner = [str(part) for part in location[1:] if not isinstance(part, int)]
    return ".".join(inner) or str(location[0])
