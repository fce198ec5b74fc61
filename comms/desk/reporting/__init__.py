"""Reports, and the correspondence log to take out."""
