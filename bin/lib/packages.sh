# shellcheck shell=bash disable=SC2034
# Every package of the distribution the house needs, named once, in the group that first needs it.

# To compile: one line per C library that Sources/C wraps, and what a Swift toolchain links with.
packages_build=(
  ca-certificates curl g++ git pkg-config libncurses-dev
  libevent-dev libmicrohttpd-dev libwslay-dev
  libpq-dev libcurl4-openssl-dev libssl-dev libargon2-dev libjansson-dev libsimdjson-dev zlib1g-dev libbrotli-dev
  libcmark-gfm-dev libcmark-gfm-extensions-dev
  libical-dev libgd-dev libglib2.0-dev libicu-dev libqrencode-dev libhiredis-dev
)

# To run: the database, zones, and what the pages are served with.
packages_run=(
  postgresql tzdata
  fonts-inter libharfbuzz-bin woff2 libjs-webrtc-adapter
  age ffmpeg libtimezonemap-data
)

# In the image: the libraries the binary stands on, and what bin/backup needs. deploy/image.sh installs them.
packages_image=(
  ca-certificates tzdata
  libevent-core-2.1-7 libmicrohttpd12 libwslay1 libpq5 libcurl4 libssl3 libargon2-1 libjansson4 libsimdjson14 libstdc++6 zlib1g libbrotli1
  libcmark-gfm0.29.0.gfm.6 libcmark-gfm-extensions0.29.0.gfm.6 libical3 libgd3 libqrencode4 libhiredis0.14 libglib2.0-0 libicu72
  libjs-webrtc-adapter postgresql-client age ffmpeg libtimezonemap-data
)

# To test: browsers' parts, peers, and the tools that judge scripts and islands.
packages_test=(
  chromium fonts-liberation fonts-noto-core
  coturn redis-server libfaketime nodejs node-typescript python3 python3-venv openssl shellcheck
  nginx-light libnginx-mod-http-brotli-filter haproxy slowhttptest
  pgbackrest prometheus dnsmasq-base debootstrap systemd python3-yaml
)

# Only for `bin/setup --firefox`: the second engine of the browser journeys.
packages_firefox=(firefox-esr)

# Only for `bin/bench`.
packages_bench=(wrk valgrind binutils)

# Only for `bin/test security`: the front it attacks, and who judges its TLS.
packages_security=(nginx-light openssl python3 python3-venv testssl.sh bsdextrautils dnsutils)
