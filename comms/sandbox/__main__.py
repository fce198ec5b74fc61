"""``python -m comms.sandbox``: run the local carriers."""

import asyncio
import logging
from pathlib import Path
from typing import Any

import click

from comms.clock import clock_from
from comms.sandbox.faults import SwitchError, Switches
from comms.sandbox.serving import HOST, serve


def _switches(given: tuple[str, ...]) -> Switches:
    changes: dict[str, Any] = {}
    for setting in given:
        name, equals, raw = setting.partition("=")
        if not equals:
            raise click.BadParameter(f"{setting!r} is not NAME=VALUE, such as rate_503=0.05.", param_hint="--fault")
        changes[name] = _value(raw)
    try:
        return Switches().changed(changes)
    except SwitchError as bad:
        raise click.BadParameter(str(bad), param_hint="--fault") from None


def _value(raw: str) -> object:
    if raw in ("true", "false"):
        return raw == "true"
    try:
        numbers = [float(part) for part in raw.split(",")]
    except ValueError:
        return raw
    return numbers if len(numbers) > 1 else numbers[0]


@click.command()
@click.option("--port", default=8010, show_default=True, type=click.IntRange(0, 65535), help="0 takes a free one.")
@click.option("--var", required=True, type=click.Path(path_type=Path), help="Folder for the public key.")
@click.option("--seed", default=0, show_default=True, help="Same seed, same outcomes.")
@click.option("--clock", default="", help="A shared clock file; the machine's clock without it.")
@click.option("--public-url", default="http://127.0.0.1:8000", show_default=True, help="Where webhooks are posted.")
@click.option("--fault", multiple=True, metavar="NAME=VALUE", help="A switch, see docs/sandbox.md. Repeatable.")
@click.option("--with-parent", is_flag=True, help="End when the process that started this one is gone.")
def main(
    port: int, var: Path, seed: int, clock: str, public_url: str, fault: tuple[str, ...], with_parent: bool
) -> None:
    """Local stand-ins for Twilio's Messages API and SendGrid's mail/send. Listens on this machine only."""
    logging.basicConfig(format="%(asctime)s %(name)s %(levelname)s %(message)s", level=logging.WARNING)
    if clock and not Path(clock).exists():
        raise click.BadParameter(f"there is no file {clock}; make it with comms.clock.FileClock.put.")
    try:
        asyncio.run(
            serve(
                port=port,
                var=var,
                seed=seed,
                clock=clock_from(clock),
                public_url=public_url,
                switches=_switches(fault),
                ready=lambda taken: click.echo(f"sandbox carriers on http://{HOST}:{taken}"),
                with_parent=with_parent,
            )
        )
    except OSError as error:
        raise click.ClickException(f"Port {port} cannot be used ({error.strerror}). Choose another --port.") from None


if __name__ == "__main__":
    main()
