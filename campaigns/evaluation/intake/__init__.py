"""The sheets that campaigns add to the importer: from forms and paper, of surveys, distributions, codes, lessons.

Whoever imports this package has their kinds beside those of the registers.
"""

from __future__ import annotations

from campaigns.evaluation.intake import dhis2, distributions, enrolments, followers, lessons, measures, sessions
from messaging import imports

imports.add("enrolments", enrolments.Enrolments, enrolments.COLUMNS, enrolments.PASSED_OVER)
imports.add("sessions", sessions.Sessions, sessions.COLUMNS, sessions.PASSED_OVER)
imports.add("lessons", lessons.Lessons, lessons.COLUMNS)
imports.add("followers", followers.Followers, followers.COLUMNS)
imports.add("distributions", distributions.Distributions, distributions.COLUMNS)
imports.add("measures", measures.Measures, measures.COLUMNS)
imports.add("dhis2", dhis2.DhisCodes, dhis2.COLUMNS)
KINDS = ("enrolments", "sessions", "lessons", "followers", "distributions", "measures", "dhis2")
