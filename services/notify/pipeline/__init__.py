"""From an alert to the decision to page: one file a stage, the sequence in `sequence`, each decision a named reason."""
