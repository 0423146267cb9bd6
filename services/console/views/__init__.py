"""What the pages show, gathered from the services that know it."""
