"""What ops set in the environment, one class a concern."""
