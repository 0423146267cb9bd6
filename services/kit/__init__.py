"""Plumbing that knows no brand and no pager."""
