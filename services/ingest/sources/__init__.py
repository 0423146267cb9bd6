"""Connectors, one file a protocol."""
