"""How many lines of a move change stands beside it"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

COUNTED = {
    "postgresql": (
        "UPDATE policy_move SET changing = (SELECT count(*) FROM jsonb_array_elements(episodes) AS line "
        "WHERE line ->> 'stays' = '' AND line -> 'now' <> line -> 'then')"
    ),
    "sqlite": (
        "UPDATE policy_move SET changing = (SELECT count(*) FROM json_each(episodes) AS line WHERE "
        "json_extract(line.value, '$.stays') = '' AND "
        "json_extract(line.value, '$.now') <> json_extract(line.value, '$.then'))"
    ),
}


def upgrade() -> None:
    op.add_column("policy_move", sa.Column("changing", sa.BigInteger(), nullable=False, server_default="0"))
    op.execute(COUNTED[op.get_context().dialect.name])


def downgrade() -> None:
    op.drop_column("policy_move", "changing")
