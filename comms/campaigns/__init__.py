"""When we say it: dunning policies, the night's plan, its release, deciding again what went stale, and reminders of
promises."""

from .explaining import explain
from .planner import RunError, night_of, plan, subject_of
from .policies import Policy, PolicyError, load_policy
from .redeciding import Followed, follow, redecide
from .release import HeldError, Released, release
from .reminding import Reminded, remind
from .schema import CampaignRun, Decision, Episode

__all__ = [
    "CampaignRun",
    "Decision",
    "Episode",
    "Followed",
    "HeldError",
    "Policy",
    "PolicyError",
    "Released",
    "Reminded",
    "RunError",
    "explain",
    "follow",
    "load_policy",
    "night_of",
    "plan",
    "redecide",
    "release",
    "remind",
    "subject_of",
]
