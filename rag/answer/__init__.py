"""A question to its answer: passages found, sentences scored, one to three of them quoted and cited."""
