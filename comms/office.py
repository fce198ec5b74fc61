"""What every door opens with: the settings and the rooms they lead to, made once a process."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from comms.bundled_redis import url_of
from comms.channels import Channel, open_channel
from comms.channels.consent_twilio import TwilioConsents
from comms.city import City, load_city
from comms.clock import Clock, clock_from
from comms.db import Database
from comms.notices import Catalogue, Renderer
from comms.outbox import Doorbell, Patience
from comms.outbox.daily import DailyCap
from comms.outbox.doorbell import connect_briefly
from comms.outbox.pacing import Pacer, TokenBucket, Unpaced
from comms.settings import ROOT, Settings


@dataclass(frozen=True)
class Office:
    """Settings, database, clock, city and doorbell; the renderer and the carriers are opened when first needed."""

    settings: Settings
    database: Database
    clock: Clock
    city: City
    doorbell: Doorbell

    @classmethod
    def open(cls, settings: Settings | None = None, *, pool_size: int = 5) -> "Office":
        """The office of these settings (of the environment, when none are given). Opens no connection yet."""
        chosen = settings or Settings()
        return cls(
            settings=chosen,
            database=Database(chosen.database, pool_size=pool_size),
            clock=clock_from(chosen.comms_clock),
            city=load_city(chosen.comms_city),
            doorbell=Doorbell(url_of(chosen)),
        )

    @cached_property
    def renderer(self) -> Renderer:
        return Renderer(Catalogue.load(ROOT, self.city), self.city)

    @cached_property
    def channels(self) -> Mapping[str, Channel]:
        """The carriers, by channel name; each keeps one pool of connections."""
        return {name: open_channel(name, self.settings, self.city, self.clock) for name in ("sms", "email")}

    @cached_property
    def consents(self) -> TwilioConsents:
        """Twilio's own list of who has opted out."""
        return TwilioConsents(self.settings, self.clock)

    @cached_property
    def pacers(self) -> Mapping[str, Pacer]:
        """How fast each channel may send: segments of text and emails a second, shared by all workers."""
        return {
            "sms": self._pacer("sms", self.settings.twilio_messages_per_second),
            "email": self._pacer("email", self.settings.sendgrid_messages_per_second),
        }

    @cached_property
    def caps(self) -> Mapping[str, DailyCap]:
        """How much each channel may send in a day, where there is a limit; shared by all workers."""
        return {
            channel: DailyCap(
                connect_briefly(url_of(self.settings)), self.database, self.clock,
                channel=channel, sender=self._sender(channel), limit=limit,
            )
            for channel, limit in self.settings.day_limits.items()
        }  # fmt: skip

    def _sender(self, channel: str) -> str:
        return self.settings.twilio_sender if channel == "sms" else self.settings.email_from or "email"

    def _pacer(self, channel: str, per_second: float) -> Pacer:
        if not per_second:
            return Unpaced()
        return TokenBucket(connect_briefly(url_of(self.settings)), self._sender(channel), per_second)

    @cached_property
    def patience(self) -> Patience:
        """How long to wait before a carrier's silence means something."""
        return Patience(
            first_ask=self.settings.unknown_first_ask,
            sure=self.settings.unknown_sure,
            events=self.settings.unknown_events,
            between=self.settings.unknown_first_ask,
        )

    def close(self) -> None:
        """Let go of connections."""
        self.database.dispose()
        if "channels" in self.__dict__:
            for channel in self.channels.values():
                channel.close()
        if "consents" in self.__dict__:
            self.consents.close()
