# The same commands as in the README, for those who use just.

# Datasette with demo.db and a model on this machine
demo *options:
    scripts/demo {{options}}

# Every check and test
test *options:
    scripts/test {{options}}

# Format and mend what ruff can mend
format:
    .venv/bin/ruff format .
    .venv/bin/ruff check --fix .

# Build demo.db again from its source
demo-db:
    .venv/bin/python scripts/build_demo_db.py
