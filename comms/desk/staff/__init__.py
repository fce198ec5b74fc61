"""The pages about staff themselves: signing in, one's own page, and the administrator's pages."""
