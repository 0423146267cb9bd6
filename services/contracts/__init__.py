"""The words that cross the bus: events, topics, codec, error bases, shared specifications."""
