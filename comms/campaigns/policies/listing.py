"""Every policy there is: versions that were submitted, drafts that lie in files, and files that cannot be used."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from comms.campaigns.schema import PolicyVersion
from comms.city import City

from . import versions
from .loading import policy_files, written_order
from .model import Policy, PolicyError
from .versions import Draft

DRAFT = "a draft"


@dataclass(frozen=True)
class Listed:
    """One version. ``place``: where its policy stands among the others, from 1; None where the order does not say."""

    place: int | None
    policy: Policy
    stored: PolicyVersion | None
    draft: Draft | None

    @property
    def state(self) -> str:
        return self.stored.state if self.stored else DRAFT

    @property
    def changed(self) -> bool:
        """Whether the file says something else than what was submitted."""
        return self.stored is not None and self.draft is not None and self.draft.sha256 != self.stored.sha256


@dataclass(frozen=True)
class Unusable:
    """A file that is no policy, and why."""

    file: str
    why: str


def every(city: City, stored: Sequence[PolicyVersion]) -> tuple[list[Listed], list[Unusable]]:
    """All versions in the order in which accounts are offered to their policies, undeclared ones last; and the files
    that cannot be used. Raises ``PolicyError`` when the order cannot be read."""
    order = written_order(city)
    files, unusable = drafts(city)
    known = {(row.policy, row.version): row for row in stored}
    places = {name: place for place, name in enumerate(order, 1)}
    listed = []
    for key in sorted({*files, *known}, key=lambda key: (places.get(key[0], len(order) + 1), key)):
        row, draft = known.get(key), files.get(key)
        said = versions.policy_of(row) if row else files[key].policy
        listed.append(Listed(places.get(key[0]), said, row, draft))
    return listed, unusable


def drafts(city: City) -> tuple[Mapping[tuple[str, int], Draft], list[Unusable]]:
    """The policies as they lie in files, by name and version."""
    files: dict[tuple[str, int], Draft] = {}
    unusable = []
    for path in policy_files(city):
        try:
            found = versions.draft(city, str(path))
        except PolicyError as error:
            unusable.append(Unusable(path.name, str(error)))
        else:
            files[found.policy.policy, found.policy.version] = found
    return files, unusable
