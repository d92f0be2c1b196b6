"""Others are told of what happens here: questions without an answer, documents that changed."""
