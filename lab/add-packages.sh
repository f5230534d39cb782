#!/bin/bash
# Installs Debian packages on top of a root directory and keeps what they add: add-packages.sh BASE TARGET PACKAGE...
# To be run in a mount namespace of its own: its mounts end with it, however it ends.
set -eu
base=$1 target=$2
shift 2
scratch=$target.scratch
root=$scratch/root
mkdir "$scratch"
# An overlay can't be written to on every file system; in memory it can.
mount -t tmpfs lab-packages "$scratch"
mkdir "$scratch/upper" "$scratch/work" "$root"
mount -t overlay -o "lowerdir=$base,upperdir=$scratch/upper,workdir=$scratch/work" lab-packages "$root"
mount -t proc proc "$root/proc"
mkdir -p "$root/var/lib/apt/lists/partial" "$root/var/cache/apt/archives/partial"

# This machine's apt, so that its way to the packages counts; their installing goes on inside.
into_root() {
  DEBIAN_FRONTEND=noninteractive apt-get -qq -o "Dir=$root" -o "Dir::State::status=$root/var/lib/dpkg/status" \
    -o "DPkg::Chroot-Directory=$root" -o APT::Sandbox::User=root -o Dpkg::Use-Pty=0 \
    -o APT::Install-Recommends=false "$@"
}
into_root update
into_root install -y "$@"
rm -rf "$root/var/cache/apt" "$root/var/lib/apt/lists"
umount "$root/proc" "$root"
cp -a "$scratch/upper" "$target"
umount "$scratch"
rmdir "$scratch"
