"""Which language a message is written in: English, Spanish, both, or another."""

import re
from collections.abc import Sequence

from .tokens import Token, fold
from .wordlists import words

_SPANISH = words(
    "el la los las un una unos de del que qué y en por para con sin no si me mi mis su sus te tu le les lo se es "
    "esta estan este esto eso esa ese aqui ahi alli ya voy va vamos puedo puede pueden podria pago pagar pague "
    "pagare todo lunes martes miercoles jueves viernes sabado domingo manana hoy ayer semana mes dia dias "
    "quincena dinero dolares cuenta recibo cuanto cuando donde como quien porque pero gracias favor hola buenos "
    "buenas tardes dias noches quiero necesito tengo tiene hay mas menos nada nunca siempre mande mandar manden "
    "textos mensajes texto mensaje telefono numero equivocado vive casa agua gas luz fuga olor trabajo ayuda "
    "hasta fin enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre uno dos "
    "tres cuatro cinco seis siete ocho nueve diez veinte treinta cuarenta cincuenta sesenta setenta ochenta "
    "noventa cien mitad claro correcto bueno bien soy esposo esposa yo nosotros ustedes usted hablo habla español "
    "espanol borren alto parar detener baja perdi fallecio saldo debo deposito abono hago chance porfavor porfa "
    "proximo proxima otra vez solo tambien muy pinches rateros señorita señor lectura medidor"
)
_ENGLISH = words(
    "the a an i you u my your we it is am are was were be will would can could do does did not dont cant wont im "
    "ill and or but to of on in at by for with from this that these those me us our pay paid paying payment bill "
    "money friday monday tuesday wednesday thursday saturday sunday tomorrow today week month next have has had "
    "get got how what when where who why please thanks thank ok yes stop text texts texting message messages "
    "number wrong balance due account if so just all more some any out up off full half now going gonna want need "
    "help call fri mon tue wed thu sat sun send check water shut check may june"
)
_BOTH = words("no me a gas ok stop texas")
_WORD = re.compile(r"[^\W\d_]+")


def language_of(text: str, names: Sequence[str] = ()) -> str:
    """``en``, ``es``, ``es-en`` or ``other``."""
    words = [fold(word) for word in _WORD.findall(text.replace("'", "").replace("’", ""))]
    spanish = sum(word in _SPANISH and word not in _BOTH for word in words)
    english = sum(word in _ENGLISH and word not in _BOTH for word in words)
    marks = sum(text.count(mark) for mark in "¿¡ñáéíóúÑÁÉÍÓÚ")
    spanish += min(marks, 2) if spanish or marks > 1 else 0
    if spanish and english and min(spanish, english) * 4 > max(spanish, english):
        return "es-en"
    if spanish > english:
        return "es"
    if not words or english or any(word.isascii() for word in words):
        return "en"
    return "other"


# Names of languages that people write alone, folded; other alphabets are known by their letters.
_ENDONYMS = words(
    "francais portugues polski kreyol ayisyen soomaali somali hmoob kiswahili swahili deutsch italiano tagalog "
    "pilipino filipino oromoo afaan bosanski hrvatski srpski shqip romana magyar turkce kurdi bahasa yoruba igbo hausa "
    "twi wolof kinyarwanda lingala nederlands svenska espanol castellano ingles english spanish tieng viet vietnamese "
    "hmong chinese mandarin cantonese arabic russian french portuguese polish haitian creole karen burmese nepali "
    "amharic tigrinya ukrainian korean japanese german farsi dari pashto urdu hindi punjabi bengali ojibwemowin "
    "anishinaabemowin lao khmer thai chino arabe ruso frances portugues vietnamita"
)
_BESIDE = words("please svp in en language speaker por favor thanks af tieng viet lus the only me first hola hello i")


def names_language(tokens: Sequence[Token]) -> bool:
    """Nothing but the name of a language, by itself or with a polite word."""
    spoken = [token.text for token in tokens if token.kind == "word"]
    return 0 < len(spoken) <= 4 and any(word in _ENDONYMS for word in spoken) and all(
        word in _ENDONYMS or word in _BESIDE for word in spoken
    )  # fmt: skip


def foreign_script(tokens: Sequence[Token]) -> bool:
    """Most letters are of another alphabet: whoever wrote it needs another language."""
    letters = [letter for token in tokens if token.kind in ("word", "emoji") for letter in token.text]
    spelled = [letter for letter in letters if letter.isalpha()]
    return bool(spelled) and sum(ord(letter) > 0x36F for letter in spelled) * 2 > len(spelled)
