"""PDF files: words with places on pages, put together to blocks again."""
