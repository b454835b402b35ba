# Sourced by scripts/demo and scripts/test, which set $root: makes .venv and installs into it.
# Pip runs only when what it would read has changed, so that a second run starts in seconds.

export PIP_DISABLE_PIP_VERSION_CHECK=1
python="$root/.venv/bin/python"

say() {
    printf '%s\n' "$*" >&2
}

make_venv() {
    if ! command -v python3 >/dev/null; then
        say "There is no python3 here. On Debian: apt-get install python3 python3-venv"
        exit 1
    fi
    if ! python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))'; then
        say "Python 3.10 or later is needed; this is $(python3 --version)."
        exit 1
    fi
    if ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
        say "Python cannot make virtual environments here. On Debian: apt-get install python3-venv"
        exit 1
    fi
    say "Making a virtual environment in .venv"
    python3 -m venv --clear "$root/.venv"
}

# install_package EXTRAS [PACKAGE...]: this checkout, editable, with the extras of setup.py,
# then the further packages, of which only their own files are wanted and no dependencies.
install_package() {
    extras=$1
    shift
    # A Python that was upgraded or removed leaves a .venv without pip.
    "$python" -m pip --version >/dev/null 2>&1 || make_venv
    stamp="$root/.venv/installed-$extras"
    wanted=$(
        printf '%s\n' "$root" "$extras" "$@"
        "$python" --version
        cat "$root/setup.py" "$root/pyproject.toml" "$root/scripts/constraints.txt"
    )
    if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ]; then
        return
    fi
    say "Installing datasette-llm-tools[$extras] into .venv"
    if ! "$python" -m pip install --quiet --constraint "$root/scripts/constraints.txt" \
        --editable "$root[$extras]" ||
        { [ $# -gt 0 ] && ! "$python" -m pip install --quiet --no-deps "$@"; }; then
        say "Installing failed, as pip says above. Check the network and run this again."
        exit 1
    fi
    printf '%s\n' "$wanted" >"$stamp"
}
