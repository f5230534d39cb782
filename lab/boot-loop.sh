#!/bin/bash
# Runs one lab host until it is powered off: boot-loop.sh DIRECTORY MACHINE HOSTNAME NETNS CGROUP...
# nspawn ends with 133 when the guest asked for a reboot (the price of --keep-unit); then it is started again.
set -u
directory=$1 machine=$2 hostname=$3 netns=$4
shift 4
while :; do
  (
    for cgroup in "$@"; do
      mkdir -p "$cgroup" && echo "$BASHPID" >"$cgroup/cgroup.procs" || exit 1
    done
    echo "$BASHPID" >"$directory/nspawn.pid"
    # The machine's own hierarchy may be hybrid; the guest gets the unified one, which has the freezer.
    export SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1
    exec systemd-nspawn --register=no --keep-unit --boot --quiet --console=pipe --resolv-conf=off --timezone=off \
      --link-journal=no --directory="$directory/root" --machine="$machine" --hostname="$hostname" \
      --network-namespace-path="/run/netns/$netns"
  )
  status=$?
  echo "nspawn ended with $status"
  [ "$status" = 133 ] || break
done
