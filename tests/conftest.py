"""What holds for every test: hypothesis draws examples, and never judges by the clock."""

from hypothesis import settings

settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")
