"""Sentiment models behind one protocol."""
