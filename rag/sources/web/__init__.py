"""Pages of the web as documents: which addresses are connected to, one guarded request, sitemaps."""
