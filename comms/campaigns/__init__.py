"""When we say it: dunning policies, the night's plan, its release, deciding again what went stale, and reminders of
promises."""

from .policies import Policy, PolicyError, load_policy
from .schema import CampaignRun, Decision, Episode

__all__ = ["CampaignRun", "Decision", "Episode", "Policy", "PolicyError", "load_policy"]
