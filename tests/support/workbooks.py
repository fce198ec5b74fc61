"""Reading a workbook that we wrote: the first sheet as rows of text, numbers as they are written."""

import re
import zipfile
from io import BytesIO
from xml.etree import ElementTree

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def rows(content: bytes) -> list[dict[str, str]]:
    """The rows by their column's letter, the headings first; an empty cell is not there."""
    with zipfile.ZipFile(BytesIO(content)) as book:
        tree = ElementTree.fromstring(book.read("xl/worksheets/sheet1.xml"))
    return [
        {re.sub(r"\d", "", cell.get("r")): "".join(cell.itertext()) for cell in row.iter(f"{MAIN}c")}
        for row in tree.iter(f"{MAIN}row")
    ]
