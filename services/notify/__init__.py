"""Who is woken, by what, until somebody answers."""
