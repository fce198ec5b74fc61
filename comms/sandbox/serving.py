"""The sandbox's process: listen on this machine only, until told to end."""

import asyncio
import contextlib
import gc
import os
import signal
from collections.abc import Callable
from pathlib import Path

from comms.clock import Clock
from comms.sandbox.carriers import Carriers
from comms.sandbox.control import Control
from comms.sandbox.faults import Switches
from comms.sandbox.http import Connection

HOST = "127.0.0.1"
_PARENT_CHECK = 1.0


async def serve(
    *,
    port: int,
    var: Path,
    seed: int,
    clock: Clock,
    public_url: str,
    switches: Switches,
    ready: Callable[[int], None],
    with_parent: bool = False,
) -> None:
    """Serve until SIGINT or SIGTERM; ``ready`` is told the port (0 asks for a free one).

    ``with_parent`` ends the process when the one that started it is gone.
    """
    carriers = Carriers(var=var, seed=seed, clock=clock, public_url=public_url, switches=switches)
    door = Control(carriers)
    loop = asyncio.get_running_loop()
    ending = asyncio.Event()
    for signum in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(signum, ending.set)
    connections: set[Connection] = set()
    server = await loop.create_server(
        lambda: Connection(door.handle, carriers.faults.admit, connections), HOST, port, backlog=1024
    )
    carriers.webhooks.start()
    # Requests make no reference cycles, and the ledger only grows: frequent full collections would only cost time.
    gc.freeze()
    gc.set_threshold(50_000, 50, 100)
    ready(server.sockets[0].getsockname()[1])
    watch = loop.create_task(_end_with_parent(ending)) if with_parent else None
    try:
        await ending.wait()
    finally:
        if watch is not None:
            watch.cancel()
        server.close()
        for connection in list(connections):
            connection.close()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(carriers.webhooks.stop(), 5)


async def _end_with_parent(ending: asyncio.Event) -> None:
    parent = os.getppid()
    while os.getppid() == parent:
        await asyncio.sleep(_PARENT_CHECK)
    ending.set()
