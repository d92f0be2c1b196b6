"""The robots.txt of a host, by RFC 9309: what its owner asks programs to leave alone.

Asked before the pages of a sitemap are fetched, and not for pages that somebody named. How long to wait between pages
is not in the RFC and not looked at: pages are fetched one after the other.
"""

from __future__ import annotations

from protego import Protego

from rag.errors import FetchFailed, FetchRefused, InputError, PageGone
from rag.ingest.sources.web.fetch import Fetcher
from rag.ingest.sources.web.urls import Url

PRODUCT = "citewell"
# By the RFC at least the first 500 kibibytes are to be looked at.
_MAX_CHARS = 500 * 1024
_OPEN, _CLOSED = "", "User-agent: *\nDisallow: /\n"


class Robots:
    """The rules of each host, fetched when they are first needed."""

    def __init__(self, fetcher: Fetcher) -> None:
        self._fetcher = fetcher
        self._rules: dict[tuple[str, str], Protego] = {}
        self.problems: list[str] = []  # a sentence for each host whose rules could not be had

    def allows(self, url: Url) -> bool:
        """Whether the rules of its host leave a page open."""
        site = (url.scheme, url.authority)
        if site not in self._rules:
            self._rules[site] = parse_rules(self._fetch(Url(url.scheme, url.host, url.port, "/robots.txt")))
        return is_allowed(url.target, self._rules[site])

    def _fetch(self, url: Url) -> str:
        """The rules of a host; none when it has no such file, everything closed when its server does not say."""
        try:
            page = self._fetcher.get(url)
        except PageGone:
            return _OPEN
        except (FetchFailed, FetchRefused) as error:
            self.problems.append(f"{error}. Without it no page of this host is fetched; name pages themselves.")
            return _CLOSED
        except InputError:  # larger than a document may be, which no list of rules is
            return _OPEN
        return page.data.decode("utf-8-sig", "replace")


def parse_rules(text: str) -> Protego:
    """The rules of a robots.txt."""
    return Protego.parse(text[:_MAX_CHARS])


def is_allowed(target: str, rules: Protego) -> bool:
    """Whether this program may fetch a path: what the longest rule that matches says, of two alike the kinder one."""
    return bool(rules.can_fetch(target, PRODUCT))
