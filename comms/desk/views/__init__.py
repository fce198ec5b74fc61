"""The pages, one module each. A view takes a ``Visit`` and answers; its route names the permission it needs."""
