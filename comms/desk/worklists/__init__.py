"""What waits for a person: the lists, whose matters they are, how long they have waited, and working through them."""
