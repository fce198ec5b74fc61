"""Replies that are followed up and corrected, arrangements, and consent told to the carrier"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
INSTANT = sa.DateTime(timezone=True)

COLUMNS = (
    ("account", lambda: sa.Column("language_asked", sa.Text(), nullable=True)),
    ("promise", lambda: sa.Column("kind", sa.Text(), server_default="promise", nullable=False)),
    ("promise", lambda: sa.Column("terms", JSON, nullable=True)),
    ("promise", lambda: sa.Column("awaits", sa.Text(), nullable=True)),
    ("conversation", lambda: sa.Column("asked_at", INSTANT, nullable=True)),
    ("conversation", lambda: sa.Column("reminded_at", INSTANT, nullable=True)),
)


def upgrade() -> None:
    for table, column in COLUMNS:
        op.add_column(table, column())
    waiting = sa.text("asked_at IS NOT NULL")
    op.create_index(
        "ix_conversation_asked_at", "conversation", ["asked_at"], postgresql_where=waiting, sqlite_where=waiting
    )
    op.create_table(
        "consent_mirror",
        sa.Column("event_id", KEY, sa.ForeignKey("consent_event.id"), autoincrement=False, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", KEY, nullable=False),
        sa.Column("next_at", INSTANT, nullable=False),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("told_at", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_consent_mirror")),
    )
    op.create_index("ix_consent_mirror_state_next_at", "consent_mirror", ["state", "next_at"])
    op.create_table(
        "reply_label",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("inbound_id", KEY, sa.ForeignKey("inbound_message.id"), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("received_at", INSTANT, nullable=False),
        sa.Column("tz", sa.Text(), nullable=False),
        sa.Column("past_due_cents", KEY, nullable=False),
        sa.Column("total_cents", KEY, nullable=False),
        sa.Column("guessed", JSON, nullable=False),
        sa.Column("intent", sa.Text(), nullable=False),
        sa.Column("instalments", JSON, nullable=False),
        sa.Column("lang", sa.Text(), nullable=False),
        sa.Column("labelled_by", sa.Text(), nullable=False),
        sa.Column("labelled_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reply_label")),
        sa.UniqueConstraint("inbound_id", name=op.f("uq_reply_label_inbound_id")),
    )


def downgrade() -> None:
    op.drop_table("reply_label")
    op.drop_table("consent_mirror")
    op.drop_index("ix_conversation_asked_at", "conversation")
    for table, column in reversed(COLUMNS):
        op.drop_column(table, column().name)
