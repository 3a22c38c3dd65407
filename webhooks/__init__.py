"""The addresses that gateways call: verify, turn into one value, store by one call, answer at once."""
