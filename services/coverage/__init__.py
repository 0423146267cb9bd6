"""When is a team on duty, and if not, why. Pure: no clock, no I/O."""
