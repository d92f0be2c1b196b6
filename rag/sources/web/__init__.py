"""Pages of the web as documents: which addresses are connected to, one guarded request, sitemaps."""

from rag.sources.web.fetch import Fetcher, Limits
from rag.sources.web.pages import FetchOptions, fetch_pages
from rag.sources.web.sitemap import MAX_PAGES

__all__ = ["MAX_PAGES", "FetchOptions", "Fetcher", "Limits", "fetch_pages"]
