"""Dunning policies that people can read: the model, the files, their versions, golden cases and words.

A policy is one TOML file a version under ``cities/<city>/policies/``; ``order.toml`` beside them says which policy is
asked first. docs/policies.md tells how to write one.
"""

from .loading import declared_order, load_policy, parse_policy, policy_files, policy_path
from .model import Policy, PolicyError
from .steps import Step

__all__ = [
    "Policy",
    "PolicyError",
    "Step",
    "declared_order",
    "load_policy",
    "parse_policy",
    "policy_files",
    "policy_path",
]
