"""When we say it: dunning policies, the night's plan, its release, and deciding again what went stale."""

from .planner import RunError, plan
from .policy import Policy, PolicyError, load_policy
from .release import Released, redecide, release
from .schema import CampaignRun, Decision, Episode

__all__ = [
    "CampaignRun",
    "Decision",
    "Episode",
    "Policy",
    "PolicyError",
    "Released",
    "RunError",
    "load_policy",
    "plan",
    "redecide",
    "release",
]
