"""SQL of schema `ingest`."""
