"""The main navigation: made from the routes that bear a section's word, so that no link leads nowhere, and nobody sees
a link to a page that their role may not open."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from comms.desk.access.gate import Route
from comms.desk.access.permissions import Permission
from comms.desk.access.sessions import Staff

ORDER = ("Home", "Lists", "Campaigns", "Notices", "Mail", "Reports", "Staff")
"""The sections as they stand in the navigation."""


@dataclass(frozen=True)
class Section:
    """A word of the navigation, the page it leads to, and what it takes to open that page."""

    word: str
    path: str
    needs: Permission

    def holds(self, path: str) -> bool:
        """Whether a page stands in this section: the page itself, or one below it."""
        return path == self.path or (self.path != "/" and path.startswith(f"{self.path}/"))


def sections(routes: Iterable[Route]) -> tuple[Section, ...]:
    """The sections that these routes make, in order; a word that is not in ``ORDER`` raises ``ValueError``."""
    named = [Section(route.section, route.rule, route.needs) for route in routes if route.section]
    return tuple(sorted(named, key=lambda section: ORDER.index(section.word)))


def open_to(staff: Staff | None, all_sections: Sequence[Section]) -> list[Section]:
    """The sections that somebody may open."""
    return [section for section in all_sections if staff is not None and staff.may(section.needs)]
