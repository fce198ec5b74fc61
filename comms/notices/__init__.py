"""What we say: the catalogue of notices, their versions, and their rendering for text message, email and letter.

``Catalogue.load(ROOT, city)`` reads ``templates/notices``; ``Renderer(catalogue, city)`` turns a notice and the facts
of one account into the exact bytes that go out; ``comms.notices.letters.typeset`` sets letters in type.
"""

from comms.notices.catalogue import Catalogue, Channel, Notice, NoticeError
from comms.notices.compiling import TemplateError
from comms.notices.fields import Charge, FieldError, Installment, NoticeFields, sample_fields
from comms.notices.keeping import keep_versions
from comms.notices.letter_content import LetterContent, LetterPage, letter_page
from comms.notices.rendering import EmailContent, Renderer, SmsText
from comms.notices.segments import Segments, count, plain

__all__ = [
    "Catalogue",
    "Channel",
    "Charge",
    "EmailContent",
    "FieldError",
    "Installment",
    "LetterContent",
    "LetterPage",
    "Notice",
    "NoticeError",
    "NoticeFields",
    "Renderer",
    "Segments",
    "SmsText",
    "TemplateError",
    "count",
    "keep_versions",
    "letter_page",
    "plain",
    "sample_fields",
]
