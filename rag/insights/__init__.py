"""For whoever keeps the documents: what was not answered; and for everybody what to ask."""
