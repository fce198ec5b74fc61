"""``comms serve``, ``comms worker``, ``comms clock`` and ``comms demo``."""

import socket
import sys

import click

from comms.cli.opening import Refused, office, read_settings
from comms.processes import carriers, web
from comms.settings import Mode
from comms.supervisor import Supervisor


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
def serve(host: str, port: int) -> None:
    """Run everything on this machine: web, workers, clock, bundled Redis; in sandbox mode the local carriers too."""
    import worker
    from comms.logs import configure
    from comms.migrating import migrate

    settings = read_settings()
    if missing := settings.missing():
        raise Refused("The service does not start. " + " ".join(missing) + " Next step: comms doctor")
    with office() as at:
        _refuse_taken(host, port)
        migrate(at.database)
        name = at.city.name
    configure(settings.comms_log_level)
    children = [web(host, port), *worker.children(settings)]
    if settings.comms_mode is Mode.SANDBOX:
        children.insert(0, carriers(settings))
    click.echo(f"{name}: http://{host}:{port} (Ctrl-C ends it)")
    sys.exit(Supervisor(settings, children).run())


def _refuse_taken(host: str, port: int) -> None:
    """Look before anything is started: a web server that cannot listen would only be started over and over."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, port), family=family).close()
    except OSError as error:
        raise Refused(
            f"The service cannot listen on {host}:{port} ({error.strerror}). Next step: end what listens there, "
            "another comms serve perhaps, or give another --port or --host."
        ) from None


@click.command()
def worker() -> None:
    """Run the workers, the retry scheduler and the clock under one supervisor."""
    import worker as workers

    sys.exit(workers.main([]))


@click.command()
def clock() -> None:
    """Run the clock alone: it sweeps and rings every half minute."""
    import worker as workers

    sys.exit(workers.main(["--clock"]))


@click.command()
@click.option("--city", default="duluth-mn", show_default=True, type=click.Choice(["duluth-mn", "kent-oh"]))
@click.option("--exit", "leave", is_flag=True, help="End after the story instead of serving the desk.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
def demo(city: str, leave: bool, port: int) -> None:
    """The whole story on SQLite, the bundled Redis and local carriers: import, plan, send, hear back, decide."""
    from comms.demo import DemoError, run

    try:
        run(city=city, leave=leave, port=port)
    except DemoError as error:
        raise Refused(str(error)) from None
