"""What the reports count, by day, and the indexes that counting uses"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text()

ANSWERS = "in_reply_to_id IS NOT NULL"


def upgrade() -> None:
    op.create_table(
        "report_figure",
        sa.Column("figure", TEXT, nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("policy", TEXT, nullable=False),
        sa.Column("channel", TEXT, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("count", KEY, nullable=False),
        sa.Column("total", KEY, nullable=False),
        sa.PrimaryKeyConstraint("figure", "on", "policy", "channel", "key", name=op.f("pk_report_figure")),
    )
    op.create_table(
        "report_day",
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("first_id", KEY, nullable=False),
        sa.Column("last_id", KEY, nullable=False),
        sa.Column("stale", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("on", name=op.f("pk_report_day")),
    )
    op.create_table(
        "report_mark",
        sa.Column("id", KEY, autoincrement=False, nullable=False),
        sa.Column("event_id", KEY, nullable=False),
        sa.Column("recounted_on", sa.Date(), nullable=False),
        sa.Column("counted_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_mark")),
    )
    op.create_index(
        "ix_message_in_reply_to_id", "message", ["in_reply_to_id"], postgresql_where=sa.text(ANSWERS),
        sqlite_where=sa.text(ANSWERS),
    )
    op.create_index("ix_inbound_message_received_at", "inbound_message", ["received_at"])
    op.create_index("ix_consent_event_action_at", "consent_event", ["action", "at"])
    op.create_index("ix_promise_closed_at", "promise", ["closed_at"])


def downgrade() -> None:
    op.drop_index("ix_promise_closed_at", "promise")
    op.drop_index("ix_consent_event_action_at", "consent_event")
    op.drop_index("ix_inbound_message_received_at", "inbound_message")
    op.drop_index("ix_message_in_reply_to_id", "message")
    op.drop_table("report_mark")
    op.drop_table("report_day")
    op.drop_table("report_figure")
