"""A follow-up question to one that stands alone, by rules over what was asked and quoted before."""
