"""Running Alembic's migrations from the service itself: what ``comms migrate`` and the demonstration do."""

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from comms.db import Database
from comms.settings import ROOT


def config(url: str) -> Config:
    """Alembic's configuration for one database."""
    made = Config()
    made.set_main_option("script_location", str(ROOT / "migrations"))
    made.attributes["url"] = url
    return made


def version_of(database: Database) -> str | None:
    """The migration that the database is at; None when it has never been migrated."""
    with database.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def newest_version() -> str | None:
    """The migration that this version of the service needs."""
    return ScriptDirectory.from_config(config("")).get_current_head()


def migrate(database: Database) -> tuple[str | None, str | None]:
    """Upgrade to the newest version; the versions before and after."""
    before = version_of(database)
    command.upgrade(config(database.url.render_as_string(hide_password=False)), "head")
    return before, version_of(database)
