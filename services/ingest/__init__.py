"""Where a brand is talked about: watches, sources, mentions."""
