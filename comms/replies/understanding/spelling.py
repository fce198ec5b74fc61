"""Shorthand, contractions and slips, and the words that are meant. All in lower case and without accents."""

from .wordlists import words

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip

_MEANT = {
    "i will": "ill il iwill",
    "i will not": "iwont",
    "i am": "im iam imm",
    "i have": "ive",
    "i would": "id",
    "he will": "hell'll",
    "he is": "hes",
    "she is": "shes",
    "she will": "shell'll",
    "you are": "youre ure yall're",
    "you have": "youve uve",
    "you will": "youll ull yall'll youl",
    "we will": "well'll wel",
    "we are": "we're",
    "we have": "weve",
    "they are": "theyre",
    "they will": "theyll",
    "they have": "theyve",
    "it is": "its it's",
    "it will": "itll itl",
    "that is": "thats dats thas",
    "that will": "thatll",
    "there is": "theres",
    "what is": "whats wats wuts",
    "who is": "whos",
    "where is": "wheres",
    "how is": "hows",
    "when is": "whens",
    "here is": "heres",
    "can not": "cant cannot cnt cann't kant",
    "will not": "wont wnt",
    "do not": "dont dnt dint donot donut doant",
    "does not": "doesnt dosent doesn dosnt",
    "did not": "didnt didn",
    "is not": "isnt aint",
    "are not": "arent",
    "am not": "amnt",
    "was not": "wasnt",
    "were not": "werent",
    "have not": "havent havnt",
    "has not": "hasnt",
    "had not": "hadnt",
    "could not": "couldnt",
    "would not": "wouldnt",
    "should not": "shouldnt",
    "should have": "shoulda shouldve",
    "would have": "woulda wouldve",
    "could have": "coulda couldve",
    "going to": "gonna goin2 gunna gona ganna gon gonn",
    "i am going to": "imma ima ama imgonna finna",
    "want to": "wanna wana",
    "got to": "gotta",
    "have to": "hafta",
    "trying to": "tryna tryin2",
    "let me": "lemme",
    "give me": "gimme gimmie",
    "let us": "lets",
    "you": "u ya yall yous yu",
    "your": "ur yr youre'",
    "are": "r",
    "see": "c",
    "please": "pls plz plse pleas plez pleez pleaze plis plss plzz",
    "thanks": "thx thnx ty tysm thnks tks tnx thank thanx",
    "with": "w wit wth",
    "without": "wo",
    "because": "cuz bc cause bcuz coz becuz cus bcause becouse",
    "until": "til till untill unti",
    "before": "b4 befor bfore",
    "about": "abt abut",
    "probably": "prob prolly probly prolly probs prbly",
    "tomorrow": "tmrw tmw tmr tomm tommorow tomorow tommorrow tomorro 2morrow 2moro 2mrw 2morow tomoro tmmrw tomrrow"
    " tommrow tmoro tomarrow tomorrw tomorrows toomorow tomorow tmorrow tomoz tomorrrow tmorow 2mrow tomorroww tmro"
    " tommorw",
    "tonight": "2nite tonite 2night tonit 2nit tnite tonigt",
    "today": "2day tday todays todya",
    "morning": "mornin mornings morn mourning",
    "afternoon": "aft afternon",
    "week": "wk weeek",
    "weeks": "wks",
    "weekend": "wknd wkend wkd",
    "month": "mo mnth mth",
    "months": "mos mnths mths",
    "days": "dayz dys",
    "business": "bus biz bussiness buisness",
    "dollars": "dollar bucks buck usd dlls dls dolares dolar dolars dollors dllrs pesos dollares bux",
    "payment": "pymt pmt paymnt paymant payemnt pyment pymnt",
    "payments": "pymts pmts",
    "pay": "paye",
    "paying": "payin",
    "sending": "sendin",
    "bringing": "bringin",
    "message": "msg mesage messege mssg",
    "messages": "msgs mesages messeges msges massages",
    "text": "txt texto'",
    "texts": "txts texs",
    "texting": "txting textin txtin",
    "texted": "txted",
    "stop": "stp stopp stahp stpo sotp stob stopped'",
    "stopping": "stoppin",
    "unsubscribe": "unsub unsubcribe unsuscribe unsubscibe unsubscribed unsubscrib unsubribe unscribe",
    "optout": "opt-out",
    "account": "acct acc acount accnt",
    "number": "num nbr numba numbr",
    "balance": "bal ballance balence",
    "amount": "amt ammount amnt",
    "minimum": "min minimun",
    "okay": "ok k kk okie okey okk oki okayy",
    "yes": "yep yeah yea yup yess yessir yah ye yas yeas yesss yeh yus yepp",
    "no": "nope nah naw nop noo nooo nopee",
    "something": "smth sumthin somethin sumthing",
    "some": "sum",
    "right now": "rn",
    "as soon as possible": "asap",
    "to be honest": "tbh",
    "i do not know": "idk dunno",
    "never mind": "nvm nevermind",
    "people": "ppl",
    "though": "tho",
    "through": "thru",
    "what": "wat wut whut",
    "when": "wen",
    "who": "hoo",
    "the": "da teh th",
    "this": "dis thsi",
    "that": "dat",
    "them": "em",
    "and": "nd n",
    "for": "fer 4'",
    "have": "hav hve",
    "get": "git",
    "got": "gott",
    "someone": "some1 sum1",
    "christmas": "xmas cristmas chrismas",
    "wednesday": "weds wed wedn wensday wednsday wenesday wendsday wednesd wednessday wedesday wensdays wedneday",
    "monday": "mon mondy mnday",
    "tuesday": "tues tue tuesd tusday teusday tuesdy tuseday",
    "thursday": "thurs thur thu thrs thrsday thursdy thurday thirsday thursady",
    "friday": "fri frid firday fryday frday fridy frii",
    "saturday": "sat satur saterday satuday saturdy satrday",
    "sunday": "sun sundy",
    "january": "jan", "february": "feb febuary", "march": "mar", "april": "apr", "june": "jun", "july": "jul",
    "august": "aug", "september": "sept sep", "october": "oct", "november": "nov", "december": "dec",
    "emergency": "emergancy emergeny",
    "extension": "extention xtension extenshun",
    "arrangement": "arrangment arangement",
    "arrangements": "arrangments arangements",
    "wrong": "worng wrng rong wron wrog",
    "disconnect": "disconect",
    "spanish": "espanol spainish",
    "que": "q qe",
    "por": "x xq'",
    "por favor": "xfa porfa porfavor xfavor pf porfis",
    "porque": "xq pq porq",
    "para": "pa",
    "estoy": "toy",
    "saludos": "slds",
    "miercoles": "miercole",
}  # fmt: skip

_SPANISH_DAYS = {
    "lunes": "monday", "martes": "tuesday", "miercoles": "wednesday", "jueves": "thursday", "viernes": "friday",
    "sabado": "saturday", "domingo": "sunday", "sabados": "saturday", "domingos": "sunday",
}  # fmt: skip
_SPANISH_MONTHS = {
    "enero": "january", "febrero": "february", "marzo": "march", "abril": "april", "mayo": "may", "junio": "june",
    "julio": "july", "agosto": "august", "septiembre": "september", "setiembre": "september", "octubre": "october",
    "noviembre": "november", "diciembre": "december",
}  # fmt: skip

WORDS: dict[str, str] = {
    slip.replace("'", ""): meant for meant, slips in _MEANT.items() for slip in slips.split() if not slip.endswith("'")
}
SPANISH_DAY = _SPANISH_DAYS
SPANISH_MONTH = _SPANISH_MONTHS
NOT_ALONE = frozenset(
    {"ill", "hell", "shell", "well", "id", "wed", "sat", "sun", "mar", "w", "n", "r", "c", "min", "mo", "x"}
)
"""Words that are also words of their own; ``respell`` looks at their neighbours."""
for _word in ("hell", "shell", "well"):
    WORDS.pop(_word, None)

PAIRS = {
    ("wens", "day"): "wednesday", ("wednes", "day"): "wednesday", ("mon", "day"): "monday", ("tues", "day"): "tuesday",
    ("thurs", "day"): "thursday", ("thirst", "day"): "thursday", ("fri", "day"): "friday", ("fry", "day"): "friday",
    ("satur", "day"): "saturday", ("sun", "day"): "sunday", ("son", "day"): "sunday", ("to", "morrow"): "tomorrow",
    ("to", "night"): "tonight", ("to", "day"): "today", ("can", "not"): "can not", ("opt", "out"): "optout",
    ("opt", "in"): "optin", ("un", "subscribe"): "unsubscribe", ("stop", "all"): "stopall", ("all", "right"): "alright",
    ("week", "end"): "weekend", ("pay", "ment"): "payment", ("a", "m"): "am", ("p", "m"): "pm",
    ("past", "due"): "pastdue", ("good", "bye"): "goodbye", ("gon", "na"): "going to", ("a", "couple"): "couple",
    ("x", "mas"): "christmas", ("dar", "baja"): "dar baja",
}  # fmt: skip

SPOKEN_MARKS = {"comma": ",", "period": ".", "coma": ","}
ORDINAL_ENDINGS = frozenset({"st", "nd", "rd", "th", "ro", "er", "o"})

_CLOSE_TO = (
    *WEEKDAYS, "tomorrow", "thanksgiving", "christmas", "payment", "payments", "messages", "message", "unsubscribe",
    "january", "february", "september", "october", "november", "december", "hundred", "eighty", "seventy",
    "arrangement",
    "extension", "emergency", "disconnect", "manana", "miercoles", "viernes", "domingo", "sabado", "equivocado",
    "equivocada", "mensajes", "numero", "quincena",
)  # fmt: skip
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def _one_slip(word: str) -> set[str]:
    """Every spelling with one letter lost, doubled, swapped or wrong."""
    cuts = [(word[:at], word[at:]) for at in range(1, len(word) + 1)]
    made = {left + right[1:] for left, right in cuts if right}
    made |= {left + right[1] + right[0] + right[2:] for left, right in cuts if len(right) > 1}
    made |= {left + letter + right[1:] for left, right in cuts if right for letter in _LETTERS}
    made |= {left + letter + right for left, right in cuts for letter in _LETTERS}
    return made


_REAL_WORDS = words(
    "massage massages monkey someday sundae sundry numbers hundreds payments messaged messages message payment "
    "fridays sundays mondays tuesdays wednesdays thursdays fridays saturdays sabados domingos october mensaje "
    "numeros manzana sixty eighth weekday extensions arrangements emergencies disconnected disconnects"
)
_SLIPS: dict[str, str] = {}
for _meant in _CLOSE_TO:
    for _slip in _one_slip(_meant):
        if _slip not in _REAL_WORDS and _slip not in _CLOSE_TO and _slip not in WORDS:
            _SLIPS.setdefault(_slip, _meant)


def respell(word: str, before: str, after: str) -> str:
    """The word that is meant; several words where a contraction was opened."""
    if word in NOT_ALONE and not _meant_here(word, before, after):
        return word
    word = WORDS.get(word, word)
    word = SPANISH_DAY.get(word, SPANISH_MONTH.get(word, word))
    found = _SLIPS.get(word, word)
    return SPANISH_DAY.get(found, found)


_SICK_BEFORE = words("am is are was very so been be really seriously terminally mentally critically got fell too")


_DONE_NEXT = words(
    "pay send have bring do get give make put be call try drop come take mail see need settle clear cover deposit "
    "catch definitely just go submit let start finish transfer zelle"
)


def _meant_here(word: str, before: str, after: str) -> bool:
    if word == "ill":
        return after in _DONE_NEXT or (
            before not in _SICK_BEFORE and after not in ("", "and", "with", "right", "husband", "wife", "mother")
        )
    if word == "n":
        return before != "" and after != ""
    if word == "id":
        return before not in ("my", "an", "the", "account", "customer") and after not in ("number", "is", "card")
    if word == "sat":
        return before != "i" and after not in ("down", "here", "there")
    if word == "sun":
        return before != "the" or after in ("", "the")
    if word == "wed":
        return after not in ("like", "love", "be", "have", "pay")
    if word == "mar":
        return after not in ("y",)
    if word == "min":
        return not before.isdigit() and after not in ("late", "ago")
    if word == "mo":
        return True
    if word == "x":
        return before not in ("", "$")
    return True
