"""Leave indexes that no query uses, and leave room for the heads of the history to move"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

INDEXES = (
    ("ix_account_customer_number", "account", ["customer_number"]),
    ("ix_contact_event_account_id_at", "contact_event", ["account_id", "at"]),
    ("ix_contact_point_account_id", "contact_point", ["account_id"]),
)
"""A query for the points of an account takes the unique ``(account_id, kind, raw)``; one for the events of an account
takes ``(chain, position)``; nothing looks for a customer number."""


def upgrade() -> None:
    for name, table, _ in INDEXES:
        op.drop_index(name, table_name=table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE history_head SET (fillfactor = 50)")


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE history_head RESET (fillfactor)")
    for name, table, columns in INDEXES:
        op.create_index(name, table, columns)
