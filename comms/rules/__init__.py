"""Whether we may: consent, quiet hours, contact caps and holds, each with the rule, the fact and the citation.

``decide`` is pure: facts in, a Decision out. ``quiet`` answers the one question that is asked again at the door of the
carrier: is it a decent hour where this phone is?
"""

from .decide import Decision, Facts, Purpose, Reason, decide

__all__ = ["Decision", "Facts", "Purpose", "Reason", "decide"]
