"""Letters: the batches that went to the mail house, their proofs, and what came back."""
