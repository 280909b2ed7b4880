#!/usr/bin/env bash
set -euo pipefail
source ./ledger.sh
. "$HOME/.bankrc"

LIMIT=10

# Opens an account.
open_account() {
  local owner="$1"
  printf '%s\t0\n' "$owner" >>"$LEDGER"
}

function balance {
  awk -F'\t' -v owner="$1" '$1 == owner { sum += $2 } END { print sum }' "$LEDGER"
}

case "${1:-}" in
  open) open_account "$2" ;;
  balance) balance "$2" ;;
esac
