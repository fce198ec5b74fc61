"""Nights that are let go: the office of ``conftest`` with fresh files, and somebody who approves and lifts brakes."""

from dataclasses import dataclass

from comms import campaigns
from comms.campaigns import approving, brakes, control
from comms.campaigns.preview import preview, standing
from tests.support import build


@dataclass
class Doors:
    """The evenings, and what is done with a run once it is planned."""

    evenings: object

    def __getattr__(self, name):
        return getattr(self.evenings, name)

    def files(self, **when) -> None:
        """The billing system's files of today come in."""
        at = {"finished_at": self.clock.now(), "started_at": self.clock.now()} | when
        with self.database.begin() as session:
            for kind in ("accounts", "payments"):
                day = self.city.local_date(at["finished_at"])
                build.import_file(session, kind=kind, as_of=day, covers_until=day, **at)

    def planned(self) -> int:
        self.files()
        return self.evenings.plan()

    def release(self, run_id: int, by="dana") -> campaigns.Released:
        return campaigns.release(self.database, self.city, self.clock, self.renderer, run_id, by=by)

    def tonight(self) -> campaigns.Released:
        return self.release(self.planned())

    def approve(self, run_id: int, by="pat", role="supervisor"):
        with self.database.begin() as session:
            return approving.approve(session, run_id, by=by, role=role, at=self.clock.now())

    def brakes(self, run_id: int) -> dict[str, brakes.Brake]:
        with self.database.begin() as session:
            found = brakes.look(session, self.city, self.clock, self.renderer.catalogue, run_id)
        return {one.name: one for one in found}

    def lift(self, run_id: int, name: str, by="pat", because="Looked at it; it is right."):
        with self.database.begin() as session:
            return brakes.lift(session, run_id, name, by=by, because=because, at=self.clock.now())

    def preview(self, run_id: int):
        with self.database.read() as session:
            return preview(session, run_id)

    def standing(self, run_id: int):
        with self.database.read() as session:
            return standing(session, run_id)

    def pause(self, run_id: int, by="dana") -> int:
        return self.database.run(lambda session: control.pause(session, self.clock, run_id, by=by))

    def resume(self, run_id: int, by="dana"):
        return self.database.run(lambda session: control.resume(session, self.clock, run_id, by=by))

    def stop(self, run_id: int, by="dana", because="The wrong file."):
        return self.database.run(lambda session: control.stop(session, self.clock, run_id, by=by, because=because))
