"""What the owner of a host asks programs to leave alone: its robots.txt, by RFC 9309.

Asked before the pages of a sitemap are fetched, and not for pages that somebody named. How long to wait between pages
is not in the RFC and not looked at: pages are fetched one after the other.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote

from rag.errors import FetchFailed, FetchRefused, InputError, PageGone
from rag.sources.web.fetch import Fetcher
from rag.sources.web.urls import Url

PRODUCT = "citewell"
# By the RFC at least the first 500 kibibytes are to be looked at.
_MAX_CHARS = 500 * 1024
_MAX_RULES = 2_000
_LINE = re.compile(r"\s*([A-Za-z-]+)\s*:\s*([^#]*)")
_KEPT = "%/:;=@!$&'()*+,~?"


@dataclass(frozen=True, slots=True)
class Rule:
    """A path pattern, in which "*" is anything and a "$" at the end is the end, and whether it may be fetched."""

    pattern: str
    allows: bool


class Robots:
    """The rules of each host, fetched when they are first needed."""

    def __init__(self, fetcher: Fetcher) -> None:
        self._fetcher = fetcher
        self._rules: dict[tuple[str, str], tuple[Rule, ...]] = {}
        self.problems: list[str] = []  # a sentence for each host whose rules could not be had

    def allows(self, url: Url) -> bool:
        """Whether the rules of its host leave a page open."""
        site = (url.scheme, url.authority)
        if site not in self._rules:
            self._rules[site] = self._fetch(Url(url.scheme, url.host, url.port, "/robots.txt"))
        return is_allowed(url.target, self._rules[site])

    def _fetch(self, url: Url) -> tuple[Rule, ...]:
        """The rules of a host; none when it has no such file, everything closed when its server does not say."""
        try:
            page = self._fetcher.get(url)
        except PageGone:
            return ()
        except (FetchFailed, FetchRefused) as error:
            self.problems.append(f"{error}. Without it no page of this host is fetched; name pages themselves.")
            return (Rule("/", allows=False),)
        except InputError:  # larger than a document may be, which no list of rules is
            return ()
        return parse_rules(page.data.decode("utf-8-sig", "replace"))


def parse_rules(text: str) -> tuple[Rule, ...]:
    """The rules for this program, else those for all programs."""
    groups: dict[str, list[Rule]] = {}
    agents: list[str] = []
    in_rules = False
    for line in text[:_MAX_CHARS].splitlines():
        found = _LINE.match(line)
        if found is None:
            continue
        key, value = found[1].lower(), found[2].strip()
        if key == "user-agent":
            agents = [value.lower()] if in_rules else [*agents, value.lower()]
            in_rules = False
            groups.setdefault(value.lower(), [])
        elif key in ("allow", "disallow"):
            in_rules = True
            if value:  # an empty one says nothing
                for agent in agents:
                    groups[agent].append(Rule(quote(value, safe=_KEPT), key == "allow"))
    return tuple(groups.get(PRODUCT, groups.get("*", []))[:_MAX_RULES])


def is_allowed(target: str, rules: tuple[Rule, ...]) -> bool:
    """Whether the longest rule that matches a path allows it; of two alike the kinder one. True when none matches."""
    matching = [rule for rule in rules if _matches(target, rule.pattern)]
    return max(matching, key=lambda rule: (len(rule.pattern), rule.allows)).allows if matching else True


def _matches(target: str, pattern: str) -> bool:
    """Whether a path begins as a pattern says. In linear steps, which a regular expression with many ".*" is not."""
    anchored = pattern.endswith("$")
    first, *others = (pattern[:-1] if anchored else pattern).split("*")
    if not target.startswith(first):
        return False
    at = len(first)
    if not others:
        return not anchored or at == len(target)
    *middle, last = others
    for part in middle:
        found = target.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return target.endswith(last) and len(target) - len(last) >= at if anchored else target.find(last, at) >= 0
