"""What each figure on the pages of results counts, in one plain sentence; the exact words are in `indicators.toml`."""

from __future__ import annotations

from campaigns.admin import words
from campaigns.admin.words import N_, _
from campaigns.evaluation.behind import QUIET
from campaigns.evaluation.definitions import DEFINITIONS

MEANINGS = {
    "RCH-PH": N_("Téléphones différents où un message de campagne est arrivé : un accusé le dit, ou une réponse."),
    "RCH-NR": N_("Téléphones à qui un message est parti, sans aucun accusé : personne ne sait s'il est arrivé."),
    "RCH-HH": N_("Ménages actifs atteints par le téléphone d'un membre, ou par une séance de son club."),
    "RCH-HH-PH": N_("Ménages actifs dont un membre a reçu un message sur un de ses téléphones."),
    "RCH-HH-GR": N_("Ménages sans message reçu, dont un membre est d'un club qui a tenu une séance."),
    "RCH-IND": N_("Somme, sur les clubs, du plus grand compte rendu de la période : une fois par club."),
    "RCH-IND-F": N_("Les femmes de ces mêmes comptes rendus."),
    "RCH-IND-M": N_("Les hommes de ces mêmes comptes rendus."),
    "RCH-IND-JF": N_("Les jeunes filles de ces mêmes comptes rendus."),
    "RCH-IND-JG": N_("Les jeunes garçons de ces mêmes comptes rendus."),
    "RCH-IND-FE": N_("Les femmes enceintes de ces mêmes comptes rendus."),
    "RCH-IND-FA": N_("Les femmes allaitantes de ces mêmes comptes rendus."),
    "RCH-RAD": N_("Clubs qui écoutent une radio dont une émission est passée, parmi les clubs qui écoutent une radio."),
    "RCH-RAD-L": N_("Femmes et hommes des comptes rendus d'écoute d'une émission."),
    "COV-HH": N_("Ménages actifs, inscrits avant la fin de la période."),
    "COV-F": N_("Femmes parmi les membres actifs."),
    "COV-M": N_("Hommes parmi les membres actifs."),
    "COV-W": N_("Femmes parmi les membres actifs dont le sexe est connu."),
    "COV-VIL": N_("Villages du programme."),
    "COV-APFLS": N_("Champs-écoles agropastoraux et de vie, ouverts le dernier jour."),
    "COV-COOP": N_("Coopératives ouvertes le dernier jour."),
    QUIET: N_(
        "Villages où, dans la période, aucun SMS n'est arrivé, personne n'a écrit et aucune séance n'a été tenue."
    ),
    "MSG-DR": N_("Messages de campagne arrivés, parmi ceux qui sont partis. Une réponse prouve l'arrivée."),
    "MSG-NR": N_("Messages partis sans accusé : ni livrés, ni perdus."),
    "MSG-LOST": N_("Messages partis et non livrés : échec, expiré ou annulé."),
    "MSG-ANS": N_("Messages sans accusé, dont une réponse prouve l'arrivée."),
    "ATT-SES": N_(
        "Séances tenues, parmi celles qui étaient prévues et dont le jour est passé. Les annulées sont à part."
    ),
    "ATT-HELD": N_("Séances tenues, prévues ou non."),
    "ATT-CAN": N_("Séances annulées."),
    "ATT-MEAN": N_("Total des présents, divisé par les séances qui ont un compte rendu."),
    "ATT-W": N_("Femmes parmi les femmes et les hommes présents ; jeunes filles et garçons à part."),
    "ATT-JF": N_("Présences de jeunes filles."),
    "ATT-JG": N_("Présences de jeunes garçons."),
    "ATT-48": N_("Séances dont le premier compte rendu est venu dans les 48 heures après la fin du jour."),
    "ATT-TOT": N_("Comptes rendus qui portent leur total, vérifié à la lecture."),
    "ATT-WO": N_("Séances avec des femmes et sans homme ni garçon."),
    "CLB-ACT": N_("Clubs avec une séance tenue dans les 30 derniers jours, parmi les clubs ouverts."),
    "LAD-1": N_("Membres actifs."),
    "LAD-2": N_("Parmi eux, ceux dont le dernier accord pour recevoir des messages vaut encore."),
    "LAD-3": N_("Parmi eux, ceux à qui un message est parti."),
    "LAD-4": N_("Parmi eux, ceux chez qui un message est arrivé."),
    "LAD-5": N_("Parmi eux, ceux dont un téléphone a répondu à une question."),
    "LAD-6": N_("Parmi eux, ceux qui ont donné une réponse juste à un quiz d'après."),
    "LAD-7": N_("Membres d'un club qui a tenu une décision, parmi les inscrits."),
    "QUI-RR": N_("Téléphones avec une réponse, parmi ceux où une question est arrivée."),
    "QUI-OK": N_("Réponses justes, parmi les réponses qui comptent. « Je ne sais pas » est à part."),
    "QUI-DK": N_("« Je ne sais pas », parmi toutes les réponses qui comptent."),
    "QUI-LATE": N_("Réponses venues après la clôture : elles ne comptent pas."),
    "QUI-NONAME": N_("Réponses d'un téléphone partagé, sans prénom : sexe inconnu, hors des gains."),
    "QUI-GAIN": N_("Score après moins score avant, en points, des mêmes personnes."),
    "QUI-PASS": N_("Personnes avec 60 % ou plus de réponses justes."),
    "DEC-KEPT": N_("Décisions de clubs tenues, parmi celles qui ont 30 jours dans la période."),
    "EQU-HEAD": N_("Part des ménages atteints, menés par une femme, moins celle des ménages menés par un homme."),
    "EQU-POOR": N_("Part des ménages très pauvres atteints, moins celle des autres."),
    "RCH-EST": N_("Ménages atteints, fois le nombre moyen de personnes d'un ménage : une estimation, pas un compte."),
    "MSG-STALE": N_("Messages qui n'étaient plus utiles avant de pouvoir partir, parmi tous ceux qui étaient dus."),
    "MSG-OPT": N_(
        "Téléphones qui ont dit STOP dans les 7 jours après un message, à côté des téléphones où un message est arrivé."
    ),
    "QUI-CR": N_(
        "Téléphones qui ont répondu à toutes les questions d'un quiz, parmi ceux où une question est arrivée."
    ),
    "LIS-REP": N_(
        "Émissions dont un club a rendu compte, même « pas captée », parmi celles qui étaient attendues de lui."
    ),
    "LIS-COV": N_(
        "Émissions qu'un club a écoutées, en direct ou plus tard, parmi celles qui étaient attendues de lui."
    ),
    "LIS-Q": N_("Questions posées dans la période qui ont eu leur réponse à l'antenne."),
    "LIS-DAYS": N_("De la question à sa réponse à l'antenne : la moitié des questions attend moins, l'autre plus."),
    "GEN-VOICE": N_("Questions répondues à l'antenne qu'une femme au moins a posées."),
    "GEN-FAC": N_("Femmes parmi les animateurs et conseillers actifs."),
    "CFM-RATE": N_("Dossiers ouverts dans la période, pour 1 000 membres actifs ; les dossiers sensibles sont à part."),
    "CFM-W": N_("Dossiers venus d'un téléphone que seules des femmes utilisent, parmi ceux dont le sexe est connu."),
    "CFM-ACK": N_("Dossiers qu'une personne de l'équipe a pris avant la fin de leur délai, pauses déduites."),
    "CFM-CLOSE": N_("Jours jusqu'à la clôture, pauses déduites : la moitié des dossiers prend moins, l'autre plus."),
    "CFM-CLOSE90": N_("Jours jusqu'à la clôture, pauses déduites : neuf dossiers sur dix ne prennent pas plus."),
    "CFM-LOOP": N_("Dossiers clos dont la personne a dit si elle est satisfaite."),
    "CFM-REF": N_(
        "Dossiers sensibles référés, ou pris en main quand c'est la règle, en 24 heures ; 90 jours au moins."
    ),
    "ADV": N_("Torts que quelqu'un a signalés à cause des messages : téléphone pris, dispute, menace."),
    "DIS-CONF": N_("Réponses RECU après une distribution, parmi les ménages servis."),
    "CST-REACH": N_("Prix de tous les SMS et des passages à la radio, divisé par les téléphones atteints."),
    "CST-IND": N_("Prix de tous les SMS et des passages à la radio, divisé par les personnes dans les groupes."),
    "CST-QUIZ": N_("Prix des SMS de questions, divisé par les quiz terminés."),
    "CST-SES": N_("Prix des SMS de service, divisé par les séances qui ont un compte rendu."),
    "CST-SEG": N_("SMS facturés, divisé par les messages de campagne partis : un long message en fait plusieurs."),
    "DQ-AUTO": N_("SMS reçus que la machine a lus seule, en entier ou en partie."),
    "DQ-ASK": N_("SMS reçus que la machine a fait répéter ou confirmer."),
    "DQ-STAFF": N_("SMS reçus qu'une personne de l'équipe a triés."),
    "DQ-FIX": N_("De la réception d'un SMS à son tri par l'équipe : la moitié attend moins, l'autre plus."),
    "COV-ADV": N_("Conseillers de village actifs."),
}


def meaning(code: str) -> str:
    """What an indicator counts."""
    return _(MEANINGS[code])


def named(code: str) -> str:
    """What an indicator is called."""
    if code == QUIET:
        return _("Villages sans contact")
    one = DEFINITIONS[code]
    return one.en if words.code() == "en" else one.fr


def rounded(value: float | None) -> str:
    """A figure without decimals that say nothing."""
    if value is None:
        return "–"
    return words.number(round(value) if abs(value) >= 10 or value == round(value) else round(value, 1))
