"""When we say it: dunning policies, the night's plan, its release, deciding again what went stale, and reminders of
promises."""

from .planner import RunError, plan
from .policy import Policy, PolicyError, load_policy
from .redeciding import Followed, follow, redecide
from .release import Released, release
from .reminding import Reminded, remind
from .schema import CampaignRun, Decision, Episode

__all__ = [
    "CampaignRun",
    "Decision",
    "Episode",
    "Followed",
    "Policy",
    "PolicyError",
    "Released",
    "Reminded",
    "RunError",
    "follow",
    "load_policy",
    "plan",
    "redecide",
    "release",
    "remind",
]
