"""The ``comms`` command. Each subcommand lives in a module of its own, loaded when it is asked for.

Exit codes: 0 done; 1 done, and something needs attention; 2 refused, with a sentence that says what to do.
"""

import sys
from collections.abc import Sequence
from importlib import import_module

import click

COMMANDS: dict[str, tuple[str, str, str]] = {
    "demo": ("running", "demo", "The whole story on local carriers, then the desk."),
    "serve": ("running", "serve", "Run everything on this machine: web, workers, clock, Redis."),
    "worker": ("running", "worker", "Run the workers only."),
    "clock": ("running", "clock", "Run the clock only."),
    "doctor": ("doctor", "doctor", "What is configured, what answers, what to do about what does not."),
    "migrate": ("database", "migrate", "Bring the database to this version of the service."),
    "user": ("user", "user", "Who may sign in to the desk."),
    "import": ("importing", "import_", "Take in files of the billing system."),
    "notice": ("notice", "notice", "The catalogue of notices: list, check, preview."),
    "sms": ("sms", "sms", "Text messages: count segments."),
    "plan": ("campaign", "plan", "Decide who hears what tonight; sends nothing."),
    "release": ("campaign", "release", "Let a planned run go."),
    "campaign": ("campaign", "campaign", "How runs are doing."),
    "policy": ("policy", "policy", "Dunning policies: words, golden cases, approval, use."),
    "experiment": ("experiment", "experiment", "Champion and challenger of a policy, held against each other."),
    "shutoff": ("shutoff", "shutoff", "Shut-off lists, referrals, reconnections, and the field's orders."),
    "send": ("sending", "send", "Send one notice to one account."),
    "mail": ("mail", "mail", "The mail house: batches, mailing days, letters that come back."),
    "hold": ("hold", "hold", "Reasons to leave an account alone, from a day to a day."),
    "copies": ("copies", "copies", "Who else gets copies of an account's notices."),
    "weather": ("weather", "weather", "Alerts of the weather service, by county."),
    "reply": ("reply", "reply", "What customers write back."),
    "promise": ("promise", "promise", "Promises to pay."),
    "consent": ("consent", "consent_", "Who may be written to, and what they said."),
    "rules": ("rules", "rules", "What protects a customer, and where it comes from."),
    "why": ("why", "why", "Why an account is, was or will be written to, or left alone."),
    "replay": ("replay", "replay", "A draft policy over the days gone by: what it would have done."),
    "report": ("report", "report", "What became of notices, promises and replies, in figures."),
    "log": ("log", "log", "The correspondence log as a file."),
    "history": ("history", "history", "Everything said and done for an account."),
}


class Commands(click.Group):
    """The group; a module is imported when its command runs, so that ``comms --help`` is quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, attribute, _ = COMMANDS[cmd_name]
        command: click.Command = getattr(import_module(f"comms.cli.{module}"), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, words) for name, (_, _, words) in COMMANDS.items()])


@click.group(cls=Commands)
@click.version_option(package_name="utility-comms", prog_name="comms")
def cli() -> None:
    """Customer communication for a utility collections office: notices out, replies and promises in, one history.

    Start with: comms demo. Settings come from the environment or a .env file; comms doctor explains them.
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command; what a person did wrong is told in a sentence, not in a traceback."""
    from sqlalchemy.exc import OperationalError, ProgrammingError

    from comms.clock import ClockError

    try:
        cli.main(args=list(arguments) if arguments is not None else None, prog_name="comms")
    except (OperationalError, ProgrammingError) as error:
        click.echo(database_trouble(error), err=True)
        sys.exit(2)
    except ClockError as error:
        click.echo(str(error), err=True)
        sys.exit(2)


def database_trouble(error: Exception) -> str:
    """What to tell somebody whose database does not answer or has not been made yet."""
    words = str(error).lower()
    if "no such table" in words or "undefinedtable" in words or "does not exist" in words:
        return "The database has no tables yet, or old ones. Next step: comms migrate"
    if "locked" in words:
        return "The database is busy with another writer. Next step: wait for it to end, then try again."
    return "The database does not answer. Next step: comms doctor"
