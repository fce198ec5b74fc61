"""A remark of the clerk beside what a reply means"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("reply_label", sa.Column("note", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("reply_label", "note")
