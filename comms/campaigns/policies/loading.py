"""Reading policies: one TOML file a version, refused with file, key and what is allowed; and their declared order."""

import tomllib
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from comms.city import City

from .complaints import complaint
from .model import Policy, PolicyError

ORDER = "order.toml"
CASES = ".cases.toml"


def load_policy(city: City, name_or_path: str) -> Policy:
    """Read a policy of the city by the name of its file (``residential-past-due``, ``residential-past-due.v2``), or by
    a path. Raises ``PolicyError``."""
    path = policy_path(city, name_or_path)
    return policy_in(path, words_of(path))


def words_of(path: Path) -> str:
    """The text of a file. Raises ``PolicyError`` where it cannot be read."""
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyError(f"{path.name}: not readable: {error}") from None


def policy_in(path: Path, text: str) -> Policy:
    """The policy whose words a file holds; the file has its name. Raises ``PolicyError``."""
    policy = parse_policy(text, path.name)
    if policy.policy != path.stem.split(".")[0]:
        raise PolicyError(
            f"{path.name}: policy: {policy.policy!r} is not the name of the file; allowed: "
            f"{path.stem.split('.')[0]!r}, or name the file {policy.policy}.toml (a later version "
            f"{policy.policy}.v2.toml and so on)"
        )
    return policy


def policy_path(city: City, name_or_path: str) -> Path:
    """The file that holds a policy. Raises ``PolicyError`` when there is none."""
    given = Path(name_or_path)
    path = given if given.suffix == ".toml" else city.folder / "policies" / f"{name_or_path}.toml"
    if not path.is_file():
        known = ", ".join(file.stem for file in policy_files(city)) or "none yet"
        raise PolicyError(f"No policy {name_or_path!r} for {city.name}. Its policies: {known}.")
    return path


def parse_policy(text: str, where: str) -> Policy:
    """A policy from its words; ``where`` names the file in what is said of it. Raises ``PolicyError``."""
    try:
        given = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PolicyError(f"{where}: not TOML: {error}") from None
    try:
        return Policy.model_validate(given)
    except ValidationError as error:
        raise PolicyError(f"{where}: " + "; ".join(_complaint(one) for one in error.errors())) from None


def policy_files(city: City) -> tuple[Path, ...]:
    """The files of the city's policies, all versions, by name."""
    found = (city.folder / "policies").glob("*.toml")
    return tuple(sorted(path for path in found if path.name != ORDER and not path.name.endswith(CASES)))


def declared_order(city: City) -> tuple[str, ...]:
    """The names of the city's policies in the order in which an account is offered to them: the first that takes it
    has it. It stands in ``policies/order.toml``, and names each that has a file. Raises ``PolicyError``."""
    order = written_order(city)
    _check_order(city, city.folder / "policies" / ORDER, order)
    return order


def written_order(city: City) -> tuple[str, ...]:
    """The order as it is written, whatever files there are: a draft that is not in it yet, or a file that is gone,
    stops no night. Raises ``PolicyError``."""
    path = city.folder / "policies" / ORDER
    try:
        given = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise PolicyError(f'{path.name}: there is none in {path.parent}; write: order = ["first", "second"]') from None
    except tomllib.TOMLDecodeError as error:
        raise PolicyError(f"{path.name}: not TOML: {error}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyError(f"{path.name}: not readable: {error}") from None
    order = given.pop("order", None)
    if given:
        raise PolicyError(f"{path.name}: {next(iter(given))}: is not a key of it; allowed: order")
    if not isinstance(order, list) or not order or not all(isinstance(name, str) for name in order):
        raise PolicyError(f'{path.name}: order: must be a list of policy names, such as ["residential-past-due"]')
    return tuple(order)


def _check_order(city: City, path: Path, order: Sequence[str]) -> None:
    if len(set(order)) != len(order):
        raise PolicyError(f"{path.name}: order: names a policy twice; name each once")
    known = {file.stem.split(".")[0] for file in policy_files(city)}
    if strangers := [name for name in order if name not in known]:
        raise PolicyError(
            f"{path.name}: order: {strangers[0]!r} has no file {strangers[0]}.toml beside it; "
            f"allowed: {', '.join(sorted(known))}"
        )
    if missing := sorted(known - set(order)):
        raise PolicyError(f"{path.name}: order: {missing[0]!r} is missing; say where it stands among the others")


def _complaint(problem: ErrorDetails) -> str:
    return complaint(problem, [part for part in problem["loc"] if part != "[key]"], Policy, "policy")
