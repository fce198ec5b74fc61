"""The record of one account: its facts, everything said and done, and every act of a clerk about it."""
