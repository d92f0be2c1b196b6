"""The same questions and answers in the shapes of OpenAI's API, for the many programs that speak it."""
