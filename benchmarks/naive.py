"""The naive way, for comparison: one RQ job a message, one SDK client and call each, one commit each."""

import sys

from rq import Queue, Worker
from sqlalchemy import create_engine, text
from twilio.rest import Client

from comms.outbox.doorbell import connect
from comms.settings import SANDBOX_TWILIO_SERVICE, SANDBOX_TWILIO_SID, SANDBOX_TWILIO_TOKEN

Client(SANDBOX_TWILIO_SID, SANDBOX_TWILIO_TOKEN).messages  # noqa: B018 - loads what the SDK imports late, once


def send_one(carrier: str, database: str, message_id: int) -> None:
    """What many a first version looks like."""
    engine = create_engine(database)
    with engine.begin() as connection:
        to, body = connection.execute(
            text("SELECT recipient, body_text FROM message WHERE id = :id"), {"id": message_id}
        ).one()
        client = Client(SANDBOX_TWILIO_SID, SANDBOX_TWILIO_TOKEN)
        client.edge = client.region = None
        client.api.base_url = carrier
        sent = client.messages.create(to=to, body=body, messaging_service_sid=SANDBOX_TWILIO_SERVICE)
        connection.execute(
            text("UPDATE message SET state = 'submitted', carrier_id = :sid WHERE id = :id"),
            {"sid": sent.sid, "id": message_id},
        )
    engine.dispose()


if __name__ == "__main__":
    # The worker imports what its jobs need before it forks, as a careful user would have it do.
    connection = connect(sys.argv[1])
    Worker([Queue("naive", connection=connection)], connection=connection).work(burst=True, logging_level="WARNING")
