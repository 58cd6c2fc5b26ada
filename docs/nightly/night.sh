#!/usr/bin/env bash
# One night on a bench, for whatever starts it: run the plans, gather the evidence, write the digest.
# Ends with the exit code of `rig run`; docs/nightly.md says what the settings are.
set -uo pipefail

rig=${RIG:-.venv/bin/rig}
bench=${BENCH:-fixtures/benches/virtual.bench.yaml}
evidence=${EVIDENCE:-reports/out}
night=${NIGHT:-night}
read -r -a plans <<<"${PLANS:-testplans}"
read -r -a more <<<"${OPTIONS:-}"
export RIG_HISTORY=${RIG_HISTORY:-$evidence/history.sqlite}

mkdir -p "$evidence"
exec 9>"$evidence/.night.lock"
flock -n 9 || { echo "another night is using $evidence" >&2; exit 2; }
rm -rf "$night" && mkdir -p "$night" || exit 2
touch "$night/.begun"

# Ctrl-C lets a run make safe, record and seal before it ends; only one that does not is killed.
timeout --preserve-status --signal=INT --kill-after=2m "${LIMIT:-3h}" \
    "$rig" run "${plans[@]}" --bench "$bench" --evidence "$evidence" --operator "${OPERATOR:-nightly}" --allure "$night/allure" "${more[@]}"
code=$?

while IFS= read -r bundle; do
    run=$(basename "$bundle")
    if [ ! -e "$bundle/manifest.json" ]; then # it was killed
        "$rig" recover "$bundle" && "$rig" history add "$bundle" --evidence "$evidence"
    fi
    cp -r "$bundle" "$night/"
    "$rig" digest "$run" --evidence "$night" --markdown "$night/digest.md" --html "$night/digest.html"
done < <(find "$evidence" -mindepth 1 -maxdepth 1 -type d -newer "$night/.begun" ! -name history.spool | sort)
[ -e "$night/digest.md" ] || echo "No run has begun: exit code $code." >"$night/digest.md"

rm -f "$night/.begun"
exit "$code"
