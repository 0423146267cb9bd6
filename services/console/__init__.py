"""The screen, and use cases that span services."""
