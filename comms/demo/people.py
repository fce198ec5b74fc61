"""Who acts in the demonstration. What one person makes, another one approves."""

COORDINATOR = "M. Ostrander"
"""The collections coordinator: writes policies, plans runs, makes lists."""
SUPERVISOR = "J. Park"
"""The billing supervisor: approves and lets go."""
CLERK = "A. Reyes"
"""The clerk at the counter: holds, returned mail, what the mail house reports."""
