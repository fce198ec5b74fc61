"""What the weather forbids: alerts of the National Weather Service by county, read from a feed file."""
