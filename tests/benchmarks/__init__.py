"""Figures beside their limits, measured in one run on one machine; outside the default test run."""
