#!/bin/sh
# Builds releases/<version>/ beside this file: the archives, release.json, and SHA256SUMS over them.
#   ./build.sh 1.0.0 [commit]
set -eu
cd "$(dirname "$0")"
version=${1:?give a version, such as 1.0.0}
commit=${2:-}
target=releases/$version
scratch=releases/.$version.$$
trap 'rm -rf "$scratch"' EXIT

mkdir -p "$scratch/backend" "$scratch/site"
cp backend/kiosk.py "$scratch/backend/"
cp site/*.html "$scratch/site/"

for component in backend site; do
  # What really runs has to be able to say which version it is.
  echo "$version" > "$scratch/$component/version.txt"
  # The same files make the same bytes, and so the same release, whenever and wherever they are packed.
  tar --create --gzip --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX \
    --directory "$scratch/$component" --file "$scratch/$component.tar.gz" .
  rm -r "${scratch:?}/$component"
done

printf '{"version": "%s", "commit": %s}\n' "$version" "${commit:+\"}${commit:-null}${commit:+\"}" > "$scratch/release.json"
(cd "$scratch" && sha256sum -- *.tar.gz release.json > SHA256SUMS)

rm -rf "$target"
mv "$scratch" "$target"
echo "$target"
