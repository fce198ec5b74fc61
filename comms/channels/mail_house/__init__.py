"""Handing letters to the mail house: one batch is one folder that appears whole or not at all.

A batch is ``letters.pdf`` (all pages, one letter after another), ``letters.csv`` (one row a letter, with its pages) and
``manifest.json`` (counts, control totals and checksums). ``write_batch`` makes them beside the folder that
``MAILHOUSE_URL`` names, unseen; ``BatchResult.publish`` is the hand-off.
"""

from .batch import BatchResult, LetterPiece, MailHouseError, write_batch

__all__ = ["BatchResult", "LetterPiece", "MailHouseError", "write_batch"]
