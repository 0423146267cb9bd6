"""The console: what people see in a browser."""
