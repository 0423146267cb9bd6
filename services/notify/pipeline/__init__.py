"""From an alert to a page: one file a stage, each decision a named reason."""
