"""What can be wrong with a translators' sheet: one sentence a problem, in French and English, that says what to do."""

from __future__ import annotations

from campaigns.translation.sheet import TITLES
from messaging.imports import Problem

SENTENCES: dict[str, tuple[str, str]] = {
    "empty_file": (
        "Ce fichier est vide. Exportez une feuille neuve.",
        "This file is empty. Export a new sheet.",
    ),
    "no_titles": (
        "La première ligne ne porte aucun titre de l'export. Remettez-les : {titles}.",
        "The first row holds no title of the export. Put them back: {titles}.",
    ),
    "column_missing": (
        "Il manque la colonne « {title} ». Remettez son titre, ou exportez une feuille neuve.",
        "The column « {title} » is missing. Put its title back, or export a new sheet.",
    ),
    "column_unknown": (
        "Colonne inconnue.{hint_fr} Corrigez son titre ou supprimez-la.",
        "Unknown column.{hint_en} Mend its title or delete it.",
    ),
    "column_twice": (
        "Cette colonne est là deux fois. Supprimez-en une.",
        "This column is there twice. Delete one of them.",
    ),
    "formula": (
        "La formule de cette case a échoué. Tapez le texte.",
        "The formula of this cell failed. Type the text.",
    ),
    "place_empty": (
        "Case vide ou fusionnée : défusionnez. Remettez le code exporté.",
        "Empty or merged cell: take the merge apart. Put the exported code back.",
    ),
    "emptied": (
        "Cette case avait des mots, et n'en a plus (vidée, fusionnée, ou une formule sans valeur). Récrivez-les ; pour "
        "supprimer une partie, prenez la page du texte : rien ne s'efface par une feuille.",
        "This cell had words and has none now (emptied, merged, or a formula without a value). Write them again; to "
        "delete a part use the page of the text: nothing is deleted by a sheet.",
    ),
    "too_long": (
        "C'est trop long : {given} signes, {longest} au plus. Raccourcissez.",
        "This is too long: {given} signs, {longest} at most. Shorten it.",
    ),
    "campaign": (
        "Il n'y a pas de campagne « {given} » dans vos programmes.{hint_fr} Remettez le code exporté.",
        "There is no campaign « {given} » in your programmes.{hint_en} Put the exported code back.",
    ),
    "campaign_twice": (
        "Deux programmes ont une campagne « {given} ». Nommez le programme (--programme).",
        "Two programmes have a campaign « {given} ». Name the programme (--programme).",
    ),
    "step": (
        "La campagne {campaign} n'a pas d'étape « {given} ».{hint_fr} Remettez le code exporté, ou supprimez la ligne.",
        "The campaign {campaign} has no step « {given} ».{hint_en} Put the exported code back, or delete the row.",
    ),
    "part": (
        "Cette étape n'a pas de partie « {given} ».{hint_fr} Elle a : {known}.",
        "This step has no part « {given} ».{hint_en} It has: {known}.",
    ),
    "language": (
        "Le programme ne parle pas « {given} ».{hint_fr} Ses langues : {known}.",
        "The programme does not speak « {given} ».{hint_en} Its languages: {known}.",
    ),
    "twice": (
        "Cette partie est déjà à la ligne {first}. Gardez une seule des deux lignes.",
        "This part is already on row {first}. Keep one of the two rows.",
    ),
    "french": (
        "Ce n'est pas le français de la campagne, qui dit : « {stored} ». Remettez-le ; s'il a changé depuis l'export, "
        "exportez une feuille neuve. Le français se change dans la campagne, pas dans cette colonne.",
        "This is not the French of the campaign, which says: « {stored} ». Put it back; if it has changed since the "
        "export, export a new sheet. The French is changed in the campaign, not in this column.",
    ),
    "mark_unreadable": (
        "La marque « {given} » ne dit rien. Remettez celle de l'export : {known}.",
        "The mark « {given} » says nothing. Put back the one of the export: {known}.",
    ),
    "mark_other": (
        "La marque « {given} » est celle d'un autre texte : des lignes ont glissé. Comparez avec une feuille neuve.",
        "The mark « {given} » is that of another text: rows have slipped. Compare with a new sheet.",
    ),
    "mark_older": (
        "Quelqu'un a changé ce texte depuis l'export. Exportez une feuille neuve et reportez-y vos mots.",
        "Somebody has changed this text since the export. Export a new sheet and put your words into it.",
    ),
    "role": (
        "Pour écrire en « {language} », il faut le rôle éditeur, ou traducteur de cette langue. "
        "Un administrateur le donne.",
        "To write in « {language} », the role of editor or of translator of this language is needed. "
        "An administrator gives it.",
    ),
    "kept": (
        "Ce texte est {state} : rien ne l'écrase sans votre accord. Remettez les mots exportés, ou demandez à "
        "remplacer (--overwrite) : il redevient brouillon.",
        "This text is {state_en}: nothing overwrites it without your word. Put the exported words back, or ask to "
        "replace (--overwrite): it returns to draft.",
    ),
    "kept_by_french": (
        "Changer ce français remet en brouillon ce qui est relu ou approuvé en : {languages}. Remettez les mots "
        "exportés, ou demandez à remplacer (--overwrite).",
        "Changing this French returns to draft what is reviewed or approved in: {languages}. Put the exported words "
        "back, or ask to replace (--overwrite).",
    ),
    "no_sms": (
        "Il manque le sms de ce texte : une autre partie ne va pas sans lui. Écrivez-le, ou videz les autres cases.",
        "The sms of this text is missing: no other part goes without it. Write it, or empty the other cells.",
    ),
    "sms_of_read_aloud": (
        "Ce qui se lit à haute voix ne part pas par SMS. Videz cette case.",
        "What is read aloud does not leave as an SMS. Empty this cell.",
    ),
    "sms_behind": (
        "Les lettres officielles ont changé, mais ces lettres SMS furent écrites à la main. Récrivez-les, ou videz la "
        "case : elles seront faites des lettres officielles.",
        "The official letters have changed, but these SMS letters were written by hand. Write them anew, or empty the "
        "cell: they will be made from the official letters.",
    ),
    "slot_missing": (
        "Il manque la case {slot}. Copiez-la du français telle quelle, accolades comprises.",
        "The slot {slot} is missing. Copy it from the French as it stands, braces included.",
    ),
    "slot_extra": (
        "Le français n'a pas de case {slot} ici. Retirez-la.",
        "The French has no slot {slot} here. Take it out.",
    ),
    "option_printed": (
        "Le sms imprime la réponse {digit}, mais cette case est vide. Écrivez la réponse, ou retirez-la du sms.",
        "The sms prints the answer {digit}, but this cell is empty. Write the answer, or take it out of the sms.",
    ),
    "option_absent": (
        "Le français a une réponse {digit}. Écrivez-la ici et dans le sms, comme « {digit} … ».",
        "The French has an answer {digit}. Write it here and in the sms, as « {digit} … ».",
    ),
    "option_extra": (
        "Le français n'a pas de réponse {digit}. Videz cette case et retirez-la du sms.",
        "The French has no answer {digit}. Empty this cell and take it out of the sms.",
    ),
    "note_unkept": (
        "Ce texte n'est pas encore écrit : cette note n'est pas gardée. Écrivez aussi le sms, ou dites-la à l'éditeur.",
        "This text is not written yet: this note is not kept. Write the sms too, or tell the editor.",
    ),
    "letters_lost": (
        "Ce texte avait des lettres ɛ ɔ ɲ ŋ et n'en a plus. Un clavier ou un programme les a-t-il perdues ? Relisez.",
        "This text had letters ɛ ɔ ɲ ŋ and has none now. Did a keyboard or a program lose them? Read it again.",
    ),
    "keyword_missing": (
        "Le français dit {word}, que le téléphone doit envoyer tel quel ; ce texte ne le dit pas. Copiez-le.",
        "The French says {word}, which the phone must send as it stands; this text does not. Copy it.",
    ),
    "unfit": (
        "Ce texte ne peut pas entrer dans la campagne ({reason}). Corrigez l'étape d'abord.",
        "This text cannot enter the campaign ({reason}). Mend the step first.",
    ),
}  # fmt: skip


def problem(line: int, column: str, key: str, **values: object) -> Problem:
    """A problem of a row; `column` is the key of a column or what the file calls it, `values` fill the sentence."""
    fr, en = SENTENCES[key]
    return Problem(line, TITLES.get(column, column), fr.format(**values), en.format(**values))
