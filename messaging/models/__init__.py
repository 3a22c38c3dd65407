"""All tables of the post, gathered so that one import fills the metadata; knows nothing of what uses them."""

from messaging.models.language import Chain, Language
from messaging.models.people import (
    Club,
    ClubMember,
    ClubStation,
    Consent,
    Facilitator,
    FacilitatorClub,
    Household,
    Member,
    MemberPhone,
    Phone,
    Station,
    StationPhone,
)
from messaging.models.place import Place, PlaceCode, PlaceName, PlaceParent, Programme, ProgrammeVillage, Risk
from messaging.models.post import Attempt, Gateway, Inbound, Message, Pending, Receipt
from messaging.models.rule import Budget, Cap, Hours, PausedStep, RiskRule, StopWord
from messaging.models.staff import Audit, Mark, Role, Staff, StaffPlace, StaffProgramme, StaffRole
from messaging.models.text import Text, TextEvent, TextState, TextVersion

__all__ = [
    "Attempt", "Audit", "Budget", "Cap", "Chain", "Club", "ClubMember", "ClubStation", "Consent", "Facilitator",
    "FacilitatorClub", "Gateway", "Hours", "Household", "Inbound", "Language", "Mark", "Member", "MemberPhone",
    "Message",
    "PausedStep", "Pending", "Phone", "Place", "PlaceCode", "PlaceName", "PlaceParent", "Programme", "ProgrammeVillage",
    "Receipt", "Risk", "RiskRule", "Role", "Staff", "StaffPlace", "StaffProgramme", "StaffRole", "Station",
    "StationPhone", "StopWord", "Text", "TextEvent", "TextState", "TextVersion",
]  # fmt: skip
