"""What runs beside the API: consumers, the relay, the sender."""
