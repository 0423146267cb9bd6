"""What a mention means, and when mentions become an alert."""
