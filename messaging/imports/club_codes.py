"""Whether a club may have the code a sheet gives it, and what to write instead; pure, knows no table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from messaging import codes

Key = tuple[str, str]  # number called and code
ALL = tuple(codes.all_codes())


class Codes:
    """The codes of one programme: those that clubs have, and those that the lines of a file say."""

    def __init__(self, known: Iterable[Key], said: Iterable[Key]) -> None:
        self.known = set(known)
        self.used = Counter(number for number, _code in self.known)
        taken = self.known | set(said)
        self.free = {number: _free(number, taken) for number in {number for number, _code in taken}}

    def refuse(self, key: Key, is_first: bool) -> tuple[str, str] | None:
        """Why a club cannot have this code, in French and English; None when it can, and then it has it.

        `is_first`: no line of the file before said the same code.
        """
        number, code = key
        if self.used[number] >= len(ALL) and not (is_first and key in self.known):
            return (
                "Les 900 codes de ce numéro sont pris. Un numéro appelé sert 900 clubs : prenez-en un deuxième.",
                "The 900 codes of this number are taken. One called number serves 900 clubs: use a second one.",
            )
        if not codes.is_valid(code):
            return self._wrong(number, code)
        self.used[number] += key not in self.known
        self.known.add(key)
        return None

    def _wrong(self, number: str, code: str) -> tuple[str, str]:
        if code.startswith("0"):
            return (
                "Aucun code ne commence par 0 : un tableur le perdrait. Donnez un autre code à ce club.",
                "No code starts with 0: a spreadsheet would lose it. Give this club another code.",
            )
        if code.isascii() and code.isdigit() and len(code) in (3, 4):
            right = codes.make(int(code[:3]))
            return (
                f"Le code {code} n'est pas valable : trois chiffres et leur clé. Est-ce {right} ?",
                f"The code {code} is not valid: three digits and their check digit. Is it {right}?",
            )
        free = next(self.free[number], "–")
        return (
            f"Écrivez un code de quatre chiffres, dont le dernier est la clé. Libre : {free}.",
            f"Write a code of four digits, the last one being the check digit. Free: {free}.",
        )


def _free(number: str, taken: set[Key]) -> Iterator[str]:
    """The codes that nobody has and no line says, each offered once."""
    return (code for code in ALL if (number, code) not in taken)
