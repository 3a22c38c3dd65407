"""All tables of campaigns, clubs and answers, gathered so that one import fills the metadata."""

from campaigns.models.answer import Answer, CasePause, Feedback, Value
from campaigns.models.campaign import Campaign, CampaignState, CampaignVersion, Enrolment, Occurrence, Step
from campaigns.models.club import (
    Airing,
    AiringStatus,
    Attendance,
    AttendanceState,
    ClubSession,
    ClubSessionKind,
    ClubSessionStatus,
    Decision,
    Episode,
    Series,
)

__all__ = [
    "Airing", "AiringStatus", "Answer", "Attendance", "AttendanceState", "Campaign", "CampaignState",
    "CampaignVersion", "CasePause", "ClubSession", "ClubSessionKind", "ClubSessionStatus", "Decision", "Enrolment",
    "Episode", "Feedback", "Occurrence", "Series", "Step", "Value",
]  # fmt: skip
