# How blocks run in a session's one live shell; bash 3.2 and newer. The driver sources it once, then calls
# `__runbook_run BLOCK FILE OUTPUT INPUT` for each block. What happened goes as records to a named pipe.
shopt -s expand_aliases

__runbook_record() { printf '%s\0' "$@" >"$__runbook_records"; }

# A sourced block is left at its first failure by `return`, which a trap may do; a subshell likewise.
__runbook_arm() {
    set -E -o pipefail
    trap '__runbook_record failed "$__runbook_block" "$?" "$LINENO" "${BASH_SOURCE[0]}"
        if [ "${#BASH_SOURCE[@]}" -gt 1 ] || [ "$BASH_SUBSHELL" -gt 0 ]; then return 1; fi' ERR
}

__runbook_run() {
    __runbook_block=$1
    __runbook_arm
    source "$2" >>"$3" 2>&1 <"$4"
    __runbook_status=$?
    trap - ERR
    __runbook_record ended "$1" "$__runbook_status"
}

# Forked twice, so that a reader's `wait` and `jobs` know nothing of it: on the page it has its own terminal.
__runbook_background() {
    __runbook_block=$1
    (
        {
            trap '__runbook_record finished "$__runbook_block"' EXIT
            __runbook_run "$@"
        } &
        __runbook_record started "$1" "$!"
    )
}

__runbook_state() {
    __runbook_block=$1
    { pwd -P && /usr/bin/env -0; } >"$2"
    __runbook_record ended "$1" "$?"
}
