"""Rows of the schema `notify`: one file a concern, no decisions."""
