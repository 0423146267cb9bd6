"""Use cases: one file each, named by a verb."""
