"""The campaign definition format: a YAML file in, a checked definition or every problem out; knows no database."""

from campaigns.definitions.model import Audience, Definition, Question, Step, Text, Title, When
from campaigns.definitions.problems import Finding, Problem
from campaigns.definitions.reading import check, read
from campaigns.definitions.slots import SLOTS, Slot
from campaigns.definitions.writing import dump, schema

__all__ = [
    "SLOTS", "Audience", "Definition", "Finding", "Problem", "Question", "Slot", "Step", "Text", "Title", "When",
    "check", "dump", "read", "schema",
]  # fmt: skip
