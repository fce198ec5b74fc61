"""Copies of a letter, and decisions to act outside, are found without reading all messages and decisions"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name, table, column, where in (
        ("ix_message_copy_of_id", "message", "copy_of_id", sa.text("copy_of_id IS NOT NULL")),
        ("ix_decision_acts", "decision", "episode_id", sa.text("outcome = 'action'")),
    ):
        op.create_index(name, table, [column], sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    op.drop_index("ix_decision_acts", "decision")
    op.drop_index("ix_message_copy_of_id", "message")
