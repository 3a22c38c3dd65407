"""The conversation: what people write is read by pure rules, acted on by one handler an intent, and answered once."""
