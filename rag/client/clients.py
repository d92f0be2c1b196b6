"""The two clients. Both have a method for each request of `rag.client.rest_calls`, which says what it takes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, Generic, ParamSpec, Self, TypeVar

import httpx2

from rag.client import rest_calls as calls
from rag.client.http_exchange import arguments_of, base_of, content_of, headers_of, unreachable, wait_before_again
from rag.client.rest_calls import RestCall

Gives = TypeVar("Gives")
Takes = ParamSpec("Takes")
_SECONDS = 60.0


class _Method(Generic[Takes, Gives]):
    """A method of `Client` that sends what `make` makes, and waits for the answer."""

    def __init__(self, make: Callable[Takes, RestCall[Gives]]) -> None:
        self._make = make
        self.__doc__ = make.__doc__

    def __get__(self, client: Client, _owner: type[Client] | None = None) -> Callable[Takes, Gives]:
        def method(*args: Takes.args, **kwargs: Takes.kwargs) -> Gives:
            return client.send(self._make(*args, **kwargs))

        return method


class _AsyncMethod(Generic[Takes, Gives]):
    """The same for `AsyncClient`, to be awaited."""

    def __init__(self, make: Callable[Takes, RestCall[Gives]]) -> None:
        self._make = make
        self.__doc__ = make.__doc__

    def __get__(
        self, client: AsyncClient, _owner: type[AsyncClient] | None = None
    ) -> Callable[Takes, Coroutine[Any, Any, Gives]]:
        async def method(*args: Takes.args, **kwargs: Takes.kwargs) -> Gives:
            return await client.send(self._make(*args, **kwargs))

        return method


class Client:
    """Asks a running service. Several threads may share one. Every method raises ClientError."""

    def __init__(self, server: str, *, key: str = "", timeout_seconds: float = _SECONDS) -> None:
        """`key` is one of a person, or that of the service. Raises ClientError for an address that will not do."""
        self._server = base_of(server, key)
        self._http = httpx2.Client(base_url=self._server, headers=headers_of(key), timeout=timeout_seconds)

    ask = _Method(calls.ask)
    search = _Method(calls.search)
    verify = _Method(calls.verify)
    feedback = _Method(calls.feedback)
    me = _Method(calls.me)
    documents = _Method(calls.documents)
    document = _Method(calls.document)
    document_text = _Method(calls.document_text)
    put_document = _Method(calls.put_document)
    delete_document = _Method(calls.delete_document)

    def send(self, call: RestCall[Gives]) -> Gives:
        """What comes back for a request. It is sent again, three times at most, where the service says when."""
        tries = 0
        while True:
            try:
                response = self._http.request(**arguments_of(call))
            except httpx2.HTTPError as error:
                raise unreachable(error, self._server) from error
            seconds = wait_before_again(response, tries)
            if seconds is None:
                found: Gives = content_of(response)
                return found
            tries += 1
            time.sleep(seconds)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


class AsyncClient:
    """The same for asyncio. Every method raises ClientError."""

    def __init__(self, server: str, *, key: str = "", timeout_seconds: float = _SECONDS) -> None:
        """`key` is one of a person, or that of the service. Raises ClientError for an address that will not do."""
        self._server = base_of(server, key)
        self._http = httpx2.AsyncClient(base_url=self._server, headers=headers_of(key), timeout=timeout_seconds)

    ask = _AsyncMethod(calls.ask)
    search = _AsyncMethod(calls.search)
    verify = _AsyncMethod(calls.verify)
    feedback = _AsyncMethod(calls.feedback)
    me = _AsyncMethod(calls.me)
    documents = _AsyncMethod(calls.documents)
    document = _AsyncMethod(calls.document)
    document_text = _AsyncMethod(calls.document_text)
    put_document = _AsyncMethod(calls.put_document)
    delete_document = _AsyncMethod(calls.delete_document)

    async def send(self, call: RestCall[Gives]) -> Gives:
        """What comes back for a request. It is sent again, three times at most, where the service says when."""
        tries = 0
        while True:
            try:
                response = await self._http.request(**arguments_of(call))
            except httpx2.HTTPError as error:
                raise unreachable(error, self._server) from error
            seconds = wait_before_again(response, tries)
            if seconds is None:
                found: Gives = content_of(response)
                return found
            tries += 1
            await asyncio.sleep(seconds)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.close()
