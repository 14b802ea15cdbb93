#!/usr/bin/env bash
# From a bare Debian 12 to a chat: installs what is missing, builds, fetches SmolLM2, chats.
# usage: examples/chat.sh [--prompt TEXT] [option of `lamina chat`]...
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
log=$root/build/chat-build.log

"$root/cmake/setup.sh" --build-only
mkdir -p "$root/build"
if [ ! -e "$root/build/build.ninja" ]; then
  echo "chat: configuring" >&2
  cmake -S "$root" -B "$root/build" -G Ninja -DLAMINA_BUILD_TESTS=OFF > "$log" 2>&1 || { cat "$log" >&2; exit 1; }
fi
if [ ! -e "$root/build/bin/lamina" ]; then echo "chat: building, which takes some minutes" >&2; fi
ninja -C "$root/build" bin/lamina > "$log" 2>&1 || { tail -n 40 "$log" >&2; exit 1; }
model=$("$root/examples/fetch_model.sh" smollm2)
# As the model's card recommends: it is small, and wanders off at higher temperatures.
exec "$root/build/bin/lamina" chat "$model" --temperature 0.2 --top-p 0.9 "$@"
