"""Runs, policies, shut-off lists and notices: read, approved and let go."""
