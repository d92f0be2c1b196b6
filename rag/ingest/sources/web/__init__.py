"""Pages of the web as documents: which addresses are connected to, one guarded request, sitemaps."""

from rag.ingest.sources.web.fetch import Fetcher, FetchLimits
from rag.ingest.sources.web.fetch_pages import FetchOptions, fetch_pages
from rag.ingest.sources.web.sitemap import MAX_PAGES

__all__ = ["MAX_PAGES", "FetchLimits", "FetchOptions", "Fetcher", "fetch_pages"]
