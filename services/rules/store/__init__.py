"""SQL over the schema `rules`."""
