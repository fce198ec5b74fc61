"""A file that is made says when it last got on, and how often it was begun"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("export", sa.Column("got_on_at", sa.DateTime(timezone=True)))
    op.add_column("export", sa.Column("tries", sa.BigInteger(), nullable=False, server_default="0"))


def downgrade() -> None:
    for name in ("tries", "got_on_at"):
        op.drop_column("export", name)
