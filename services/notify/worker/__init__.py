"""What runs beside the API: the consumer of alerts, and the sender of deliveries."""
