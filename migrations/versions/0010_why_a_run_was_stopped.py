"""Why a run was stopped stands with the run"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("campaign_run", sa.Column("state_why", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("campaign_run", "state_why")
