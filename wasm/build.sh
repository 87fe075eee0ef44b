#!/usr/bin/env bash
# Builds the browser module: wasm/pkg/web (for pages), wasm/pkg/worker (for workers that are handed the compiled module)
# and wasm/pkg/nodejs (for tests).
#
# Takes rustup's wasm32 target and sources. Where rustup's server can't be reached, Debian's own compiler does it (installed if it is
# missing), which builds std itself.
set -euo pipefail
cd "$(dirname "$0")/.."

target_dir="${CARGO_TARGET_DIR:-target}"
target=wasm32-unknown-unknown
arguments=(build --package vnetflow-wasm --package vnetflow-wasm-demo --profile wasm --target "$target" --locked)
# Stripped, the module would no longer say that it uses SIMD; the bindings leave the names out instead.
export CARGO_PROFILE_WASM_STRIP=none
rust_flags="-C target-feature=+simd128"
# The standard library is built along, for size: a page downloads it. Without the texts of panics, which the core's lints
# forbid anyway, the module is a quarter smaller. The flags are no stable ones yet, hence RUSTC_BOOTSTRAP.
small_flags="-Z location-detail=none -Z fmt-debug=none -Z unstable-options -C panic=immediate-abort"
small_std=(-Z build-std=std,panic_abort -Z build-std-features=optimize_for_size)

use_debian_compiler() {
  [ -x /usr/bin/rustc ] && [ -d /usr/lib/rustlib/src ] && return
  command -v apt-get >/dev/null || return
  local as_root=()
  [ "$(id -u)" = 0 ] || as_root=(sudo)
  "${as_root[@]}" apt-get update --quiet
  "${as_root[@]}" apt-get install --yes --no-install-recommends \
    rustc-web cargo-web rust-web-src rust-web-llvm lld-22
}

build() {
  RUSTC_BOOTSTRAP=1 CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS="$rust_flags $small_flags" \
    "$@" "${arguments[@]}" "${small_std[@]}"
}

has_target() { rustup target list --installed 2>/dev/null | grep -qx "$target"; }
has_sources() { [ -d "$(rustc --print sysroot)/lib/rustlib/src/rust/library" ]; }
if { has_target || rustup target add "$target"; } && { has_sources || rustup component add rust-src; }; then
  build cargo
elif use_debian_compiler; then
  build env RUSTC=/usr/bin/rustc /usr/bin/cargo
else
  echo "wasm/build.sh: found neither rustup's $target and rust-src nor Debian's compiler with its sources" >&2
  exit 1
fi

cargo build --package vnetflow-bindings --locked --quiet
built="$target_dir/$target/wasm"
for bindings in web worker nodejs; do
  rm -rf "wasm/pkg/$bindings"
  "$target_dir/debug/vnetflow-bindings" "$built/vnetflow_wasm.wasm" "$bindings" vnetflow "wasm/pkg/$bindings"
done
rm -rf wasm/pkg/demo
"$target_dir/debug/vnetflow-bindings" "$built/vnetflow_wasm_demo.wasm" worker demo wasm/pkg/demo

# Binaryen makes it smaller still; the viewer's packages bring it.
wasm_opt=wasm/viewer/node_modules/.bin/wasm-opt
if [ -x "$wasm_opt" ]; then
  features=(--enable-simd --enable-bulk-memory --enable-nontrapping-float-to-int --enable-sign-ext
    --enable-mutable-globals --enable-reference-types --enable-multivalue)
  tidy=(--converge --strip-producers --strip-target-features)
  # Functions with one caller stay functions: as quick once they are compiled, sooner compiled, and a fortieth smaller. What -O3
  # does on top of -O2 browsers do themselves, and the module would be larger once packed.
  "$wasm_opt" "${features[@]}" -O2 --one-caller-inline-max-function-size=0 "${tidy[@]}" wasm/pkg/web/vnetflow_bg.wasm -o wasm/pkg/optimised.wasm
  for bindings in web worker nodejs; do cp wasm/pkg/optimised.wasm "wasm/pkg/$bindings/vnetflow_bg.wasm"; done
  rm wasm/pkg/optimised.wasm
  "$wasm_opt" "${features[@]}" -Oz "${tidy[@]}" wasm/pkg/demo/demo_bg.wasm -o wasm/pkg/demo/demo_bg.wasm
fi
# Node takes a file for what the nearest package.json says.
echo '{"type": "commonjs"}' > wasm/pkg/nodejs/package.json
for module in web/vnetflow_bg demo/demo_bg; do
  echo "wasm/pkg/$module.wasm: $(stat -c %s "wasm/pkg/$module.wasm") bytes, $(gzip -9 -c "wasm/pkg/$module.wasm" | wc -c) compressed"
done
