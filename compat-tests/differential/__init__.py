"""Two brokers, the same request bytes, and every field in which their answers differ. README.md says how to run it."""
