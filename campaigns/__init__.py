"""What is said and what comes back: campaigns, planning, the conversation, clubs and the staff's pages."""
