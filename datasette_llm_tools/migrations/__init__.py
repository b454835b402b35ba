"""Our tables as numbered steps, only ever appended to: a module for each set and its database."""
