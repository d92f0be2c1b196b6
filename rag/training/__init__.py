"""How what is shipped was trained and fitted, from data files given by path. Needs torch; serving never imports it."""
