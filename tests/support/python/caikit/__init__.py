"""Not caikit: a stand-in for the few of its calls that the manual's recipe uses, for tests/manual."""
