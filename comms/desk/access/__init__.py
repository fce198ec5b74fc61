"""Who may come in and what they may do: staff, sessions, passwords, one-time codes, the city account, permissions, the
gate before every page, and the audit of what was looked at and changed.
"""
