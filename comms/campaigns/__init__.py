"""When we say it: dunning policies, the night's plan, its release, and deciding again what went stale."""

from .planner import RunError, plan
from .policy import Policy, PolicyError, load_policy
from .redeciding import Followed, follow, redecide
from .release import Released, release
from .schema import CampaignRun, Decision, Episode

__all__ = [
    "CampaignRun",
    "Decision",
    "Episode",
    "Followed",
    "Policy",
    "PolicyError",
    "Released",
    "RunError",
    "follow",
    "load_policy",
    "plan",
    "redecide",
    "release",
]
