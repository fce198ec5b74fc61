"""A file for the person who asked for it."""

from typing import BinaryIO

from flask import Response, send_file

from comms.desk.frame.sheets import EXCEL_TYPE


def excel(book: BinaryIO, name: str) -> Response:
    """A workbook under its name; it is closed when it has been sent, and no cache keeps it."""
    answer = send_file(book, mimetype=EXCEL_TYPE, as_attachment=True, download_name=name)
    answer.headers["Cache-Control"] = "no-store"
    return answer
