"""The words that say what a number counts, and those that say nothing, as data; each already folded.

No label holds I, L or O, which are typed for digits. Source: the page on incoming SMS, sections 6.1 and 6.4.
"""

from __future__ import annotations

# C is the Bambara word for a man: men, but beside it M is a woman, and as a French `ce` it may stand without a number.
LABELS = {
    **dict.fromkeys(("f", "fem", "femme", "femmes", "muso", "musow"), "F"),
    **dict.fromkeys(("h", "hom", "homme", "hommes"), "H"),
    **dict.fromkeys(("c", "ce", "cew"), "C"),
    **dict.fromkeys(("jf", "fille", "filles"), "JF"),
    **dict.fromkeys(("jg", "g", "garcon", "garcons"), "JG"),
    **dict.fromkeys(("t", "tot", "total"), "T"),
    **dict.fromkeys(("fe", "enceinte", "enceintes"), "FE"),
    **dict.fromkeys(("fa", "allaitante", "allaitantes"), "FA"),
    **dict.fromkeys(("s", "seance", "session"), "S"),
    **dict.fromkeys(("e", "ep", "episode", "emission"), "E"),
    "m": "M",
}
FILLERS = frozenset(["et", "ni", "le", "les", "de", "des", "dont", "pr", "pour", "club", "code", "groupe", "n", "no"])
SPARE = ("c", "ce")  # skipped when no number belongs to them
SPELLED = ("f", "h", "jf", "jg", "t")  # with letters alone for a value: `FO`
NUMBER_FIRST = ("T", "S", "E")  # take the number after them rather than the one before

FIELDS = {
    "F": "women", "H": "men", "JF": "girls", "JG": "boys", "T": "total", "FE": "pregnant", "FA": "lactating",
    "S": "session", "E": "episode",
}  # fmt: skip
SEXES = ("F", "H")
NUMBERED = ("S", "E")  # sessions and episodes, which have a number
HEADS = ("F", "H", "JF", "JG")  # who is counted: their sum is the total
IN_ORDER = {2: ("F", "H"), 3: ("F", "H", "T"), 4: HEADS}  # bare numbers, by how many there are
