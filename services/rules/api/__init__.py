"""The HTTP face of rules: rules and their trials, assessed mentions, series."""
