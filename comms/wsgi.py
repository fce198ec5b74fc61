"""What a WSGI server loads: ``granian --interface wsgi comms.wsgi:app``."""

from comms.app import create_app

app = create_app()
