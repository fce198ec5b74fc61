"""The communication service of a city's utility collections office.

Rooms, from the ground up: ``settings``/``clock``, ``db``, ``city``, ``history``, ``accounts``/``worklist``,
``rules``/``notices``, ``channels``, ``promises``/``outbox``, ``campaigns``/``replies``, and the doors (``desk``,
``cli``, ``webhooks``, ``worker``). Imports only point down this list; import-linter holds it.
"""
