# What ./hls-converter and ./run-tests share. To be sourced, with `root` set to the checkout's folder; starts nothing by itself.

# environment_is_ready STAMP REQUIREMENTS... : whether .venv is whole, belongs to this folder and holds just these requirements.
# packaging/environment.py writes the stamp last of all: the folder, then the requirement files as they are.
environment_is_ready() {
    stamp=$root/.venv/$1
    shift
    [ -x "$root/.venv/bin/python" ] && [ -r "$stamp" ] && [ "$(cat "$stamp")" = "$(printf '%s\n' "$root" && cat "$@")" ]
}

# find_python: sets `python` to a Python that can make the environment, or says what is wrong and ends.
# One with Tk is taken before one without; HLS_CONVERTER_PYTHON names one that is to be used whatever the others are.
find_python() {
    python='' without_tk='' too_old=''
    probe='import sys
if sys.version_info < (3, 10): sys.exit(9)
try: import tkinter, ensurepip
except ImportError: sys.exit(8)'
    for candidate in "${HLS_CONVERTER_PYTHON:-python3}" python3.14 python3.13 python3.12 python3.11 python3.10 python; do
        status=0
        "$candidate" -c "$probe" </dev/null >/dev/null 2>&1 || status=$?
        case $status in
            0) python=$candidate; return ;;
            8) without_tk=${without_tk:-$candidate} ;;
            9) too_old=${too_old:-$("$candidate" --version 2>&1 || :)} ;;
        esac
        [ -z "${HLS_CONVERTER_PYTHON:-}" ] || break
    done
    python=$without_tk
    [ -z "$python" ] || return 0
    if [ -n "$too_old" ]; then
        say "HLS Converter needs Python 3.10 or newer, but found only $too_old."
    else
        say "HLS Converter needs Python 3.10 or newer, but found none${HLS_CONVERTER_PYTHON:+ at $HLS_CONVERTER_PYTHON}."
    fi
    say 'Install it from https://www.python.org/downloads/ (on Debian and Ubuntu: sudo apt install python3 python3-venv python3-tk) and start again.'
    exit 1
}

say() {
    printf '%s\n' "$1" >&2
}
