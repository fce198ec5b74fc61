"""How long the list of a move is stands beside it"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

COUNTED = {
    "postgresql": (
        "UPDATE policy_move SET listed = jsonb_array_length(episodes), staying = "
        "(SELECT count(*) FROM jsonb_array_elements(episodes) AS line WHERE line ->> 'stays' <> '')"
    ),
    "sqlite": (
        "UPDATE policy_move SET listed = json_array_length(episodes), staying = "
        "(SELECT count(*) FROM json_each(episodes) AS line WHERE json_extract(line.value, '$.stays') <> '')"
    ),
}


def upgrade() -> None:
    for name in ("listed", "staying"):
        op.add_column("policy_move", sa.Column(name, sa.BigInteger(), nullable=False, server_default="0"))
    op.execute(COUNTED[op.get_context().dialect.name])


def downgrade() -> None:
    for name in ("staying", "listed"):
        op.drop_column("policy_move", name)
