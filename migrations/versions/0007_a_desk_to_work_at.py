"""A desk to work at: one-time codes, single sign-on, snoozed tasks, who is at a page, exports"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
INSTANT = sa.DateTime(timezone=True)
TEXT = sa.Text()

GAINED = (
    ("staff_user", lambda: sa.Column("email", TEXT, nullable=True)),
    ("staff_user", lambda: sa.Column("totp_secret", TEXT, nullable=True)),
    ("staff_user", lambda: sa.Column("totp_since", INSTANT, nullable=True)),
    ("staff_user", lambda: sa.Column("totp_last_step", KEY, nullable=True)),
    ("staff_user", lambda: sa.Column("sso_subject", TEXT, nullable=True)),
    ("user_session", lambda: sa.Column("stage", TEXT, server_default="full", nullable=False)),
    ("user_session", lambda: sa.Column("via", TEXT, server_default="password", nullable=False)),
    ("task", lambda: sa.Column("snoozed_until", INSTANT, nullable=True)),
)
INDEXES = (
    ("uq_staff_user_sso_subject", "staff_user", ["sso_subject"], "sso_subject IS NOT NULL", True),
    ("ix_task_snoozed_until", "task", ["snoozed_until"], "snoozed_until IS NOT NULL", False),
    ("ix_task_assignee_kind_priority_id", "task", ["assignee", "kind", "priority", "id"], "state = 'open'", False),
    ("ix_promise_part_due_on", "promise_part", ["due_on"], "state IN ('waiting', 'pending_feed')", False),
    ("ix_hold_ends_on", "hold", ["ends_on"], "released_at IS NULL", False),
)


def upgrade() -> None:
    for table, column in GAINED:
        op.add_column(table, column())
    for name, table, columns, where, unique in INDEXES:
        op.create_index(
            name, table, columns, unique=unique, postgresql_where=sa.text(where), sqlite_where=sa.text(where)
        )
    op.create_table(
        "presence",
        sa.Column("account_id", KEY, autoincrement=False, nullable=False),
        sa.Column("username", TEXT, nullable=False),
        sa.Column("seen_at", INSTANT, nullable=False),
        sa.Column("typed_at", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("account_id", "username", name=op.f("pk_presence")),
    )
    op.create_table(
        "export",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("asked_by", TEXT, nullable=False),
        sa.Column("asked_at", INSTANT, nullable=False),
        sa.Column("options", JSON, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("rows", KEY, nullable=True),
        sa.Column("name", TEXT, nullable=True),
        sa.Column("finished_at", INSTANT, nullable=True),
        sa.Column("words", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_export")),
    )
    op.create_index("ix_export_asked_by", "export", ["asked_by"])


def downgrade() -> None:
    op.drop_table("export")
    op.drop_table("presence")
    for name, table, _columns, _where, _unique in INDEXES:
        op.drop_index(name, table)
    for table, column in GAINED:
        op.drop_column(table, column().name)
