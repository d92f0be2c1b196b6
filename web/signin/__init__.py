"""Who asks: the ways in which a request can say so, and the pages to sign in."""
