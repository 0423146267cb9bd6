"""What notify keeps, in SQL: one file a concern."""
