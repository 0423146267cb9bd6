"""Settings of notify, from the environment: `VEILLEUR_NOTIFY_*`."""
