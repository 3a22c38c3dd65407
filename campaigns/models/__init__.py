"""All tables of campaigns, clubs and answers, gathered so that one import fills the metadata."""

from campaigns.models.answer import Answer, Feedback, Value
from campaigns.models.campaign import Campaign, CampaignState, CampaignVersion, Enrolment, Occurrence, Step
from campaigns.models.club import Airing, AiringStatus, ClubSession, ClubSessionStatus, Episode, Series

__all__ = [
    "Airing", "AiringStatus", "Answer", "Campaign", "CampaignState", "CampaignVersion", "ClubSession",
    "ClubSessionStatus", "Enrolment", "Episode", "Feedback", "Occurrence", "Series", "Step", "Value",
]  # fmt: skip
