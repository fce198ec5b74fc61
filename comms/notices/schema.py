"""Which texts have been used and which are approved."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Mapped, mapped_column

from comms.db.base import Base


class NoticeVersion(Base):
    """A version of a notice that has been used: the SHA-256 of its folder, with the sources as they were."""

    __tablename__ = "notice_version"

    version: Mapped[str] = mapped_column(primary_key=True)
    notice: Mapped[str]
    sources: Mapped[dict[str, Any]]
    first_used_at: Mapped[datetime]
    approved_at: Mapped[datetime | None]
    approved_by: Mapped[str | None]
