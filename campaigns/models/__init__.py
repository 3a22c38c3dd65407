"""All tables of campaigns, clubs, radio and answers, gathered so that one import fills the metadata."""

from campaigns.models.answer import Answer, CasePause, Feedback, Value
from campaigns.models.campaign import Campaign, CampaignState, CampaignVersion, Enrolment, Occurrence, Step
from campaigns.models.club import (
    Attendance,
    AttendanceState,
    ClubCurriculum,
    ClubSession,
    ClubSessionKind,
    ClubSessionStatus,
    Curriculum,
    Decision,
    Heard,
    HeardAs,
    Lesson,
    PracticeReport,
    Silence,
)
from campaigns.models.evaluation import (
    DhisCode,
    Distribution,
    EvaluationPurpose,
    Handover,
    Invoice,
    Measure,
    MeasureKind,
)
from campaigns.models.radio import (
    Airing,
    AiringStatus,
    AirQuestion,
    AirQuestionAsker,
    AirQuestionState,
    Episode,
    EpisodeText,
    Series,
    Slot,
    StudioPage,
)

__all__ = [
    "AirQuestion", "AirQuestionAsker", "AirQuestionState", "Airing", "AiringStatus", "Answer", "Attendance",
    "AttendanceState", "Campaign", "CampaignState", "CampaignVersion", "CasePause", "ClubCurriculum", "ClubSession",
    "ClubSessionKind", "ClubSessionStatus", "Curriculum", "Decision", "DhisCode", "Distribution", "Enrolment",
    "Episode", "EpisodeText", "EvaluationPurpose", "Feedback", "Handover", "Heard", "HeardAs", "Invoice", "Lesson",
    "Measure", "MeasureKind", "Occurrence", "PracticeReport", "Series", "Silence", "Slot", "Step", "StudioPage",
    "Value",
]  # fmt: skip
