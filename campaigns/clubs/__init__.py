"""Clubs and radio: airings, planned sessions, what was heard, the grid, decisions, questions to air, sheets."""
