#!/usr/bin/env bash
# The steps of the container image, in one place: deploy/Containerfile calls them, and Tests/Operations/test_image.py runs them
# in a bare Debian of debootstrap.
#
#   deploy/image.sh compile FOLDER   where a Swift toolchain is: builds the release, and lays what the image holds into FOLDER
#   deploy/image.sh install FOLDER   in a bare Debian 12, as root: packages, the user, FOLDER as /opt/tutalink, nothing left over
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
folder=${2:?deploy/image.sh compile|install FOLDER}

compile() {
  cd "$here"
  bin/setup
  local options
  read -ra options <<<"${BUILD_OPTIONS:-}"
  swift build -c release --static-swift-stdlib --product tutalink "${options[@]}"
  lay "$(swift build -c release --show-bin-path "${options[@]}")/tutalink"
}

# lay BINARY: no source, no test, no tool but what is run.
lay() {
  mkdir -p "$folder/Database" "$folder/bin/lib" "$folder/deploy" "$folder/Config"
  install -m 755 "$1" "$folder/tutalink"
  strip --strip-debug "$folder/tutalink"
  cp -r "$here/Assets" "$folder/"
  cp -r "$here/Database/Migrations" "$here/Database/Seeds" "$folder/Database/"
  install -m 755 "$here/bin/backup" "$folder/bin/"
  install -m 755 "$here/bin/lib/cluster.sh" "$here/bin/lib/rehearse" "$folder/bin/lib/"
  install -m 644 "$here/bin/lib/house.sh" "$here/bin/lib/serve.sh" "$here/bin/lib/packages.sh" "$folder/bin/lib/"
  install -m 755 "$here/deploy/image.sh" "$here/deploy/healthy" "$folder/deploy/"
  install -m 644 "$here/Config/sample.env" "$folder/Config/"
  chmod -R u=rwX,go=rX "$folder"
}

install_image() {
  # shellcheck source=bin/lib/packages.sh
  . "$folder/bin/lib/packages.sh"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -q
  apt-get install -y -q --no-install-recommends -o Dpkg::Use-Pty=0 "${packages_image[@]}"
  rm -rf /var/lib/apt/lists/* /var/cache/apt/archives/*.deb /usr/share/doc/* /usr/share/man/*
  # ffmpeg depends on the drivers of screens and the compiler in them, which ffprobe never asks for.
  rm -rf /usr/lib/*/dri /usr/lib/*/libLLVM-* /usr/lib/*/libz3.so*
  ffprobe -version >/dev/null
  id tutalink >/dev/null 2>&1 || useradd --system --uid 900 --home-dir /var/lib/tutalink --shell /usr/sbin/nologin tutalink
  install -d -o tutalink -g tutalink -m 711 /var/lib/tutalink
  if [ "$folder" != /opt/tutalink ]; then
    rm -rf /opt/tutalink
    cp -r "$folder" /opt/tutalink
  fi
  # The server may read its own house and write none of it.
  chown -R root:root /opt/tutalink
  chmod -R u=rwX,go=rX /opt/tutalink
  # A library that is missing is found out now and not at the first start.
  missing=$(ldd /opt/tutalink/tutalink | grep 'not found' || true)
  [ -z "$missing" ] || { printf '%s\n' "$missing" >&2 && exit 1; }
}

case ${1:-} in
  compile) compile ;;
  lay) lay "${3:?deploy/image.sh lay FOLDER BINARY}" ;;
  install) install_image ;;
  *) sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}" >&2 && exit 2 ;;
esac
