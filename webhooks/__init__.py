"""What carriers tell us: kept first, then understood."""
