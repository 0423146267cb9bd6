"""Veilleur: watches what is said about brands and wakes the right person when nobody is at the desk."""
