"""What the letters of a batch are called."""

from collections.abc import Callable

from comms.desk.access.gate import Visit


def titles(visit: Visit) -> Callable[[str], str]:
    """The title of a notice by its name; the name as it is spelled where the notice is no more."""
    catalogue = visit.office.renderer.catalogue
    return lambda name: catalogue.get(name).title("en") if name in catalogue else name.replace("-", " ").capitalize()
