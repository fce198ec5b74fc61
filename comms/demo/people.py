"""Who acts in the demonstration, and may sign in when it is told. What one person makes, another one approves."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Person:
    """A member of staff, in a sentence called by name."""

    username: str
    name: str
    role: str
    does: str
    """What may be tried out under this name."""

    def __str__(self) -> str:
        return self.name

    @property
    def actor(self) -> str:
        """As the history writes who did something."""
        return f"user:{self.username}"


COORDINATOR = Person(
    "ostrander", "M. Ostrander", "supervisor", "the same; planned tonight's run, so does not approve it"
)
"""The collections coordinator: writes policies, plans runs, makes lists."""
SUPERVISOR = Person("park", "J. Park", "supervisor", "approves runs and lets them go, takes the correspondence out")
"""The billing supervisor: approves and lets go."""
CLERK = Person("reyes", "A. Reyes", "collector", "answers customers, takes promises, scans letters that came back")
"""The clerk at the counter: holds, replies, returned mail, what the mail house reports."""
STAFF = (CLERK, SUPERVISOR, COORDINATOR)
