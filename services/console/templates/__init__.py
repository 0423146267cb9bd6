"""The pages as HTML, written from what the views gathered."""
