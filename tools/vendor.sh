#!/bin/sh
# Fetches the front-end files that the desk serves and the tests use, at fixed versions, from the npm registry.
# Nothing of it runs at install or at run time: the result is committed. Usage: tools/vendor.sh
set -eu
cd "$(dirname "$0")/.."

USWDS=3.14.0
HTMX=2.0.11
AXE=4.14.1

static=comms/desk/static/vendor
tests=tests/desk/vendor
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

unpack() { # package version folder
    archive=$(cd "$scratch" && npm pack --silent "$1@$2")
    mkdir -p "$scratch/$3"
    tar -xzf "$scratch/$archive" -C "$scratch/$3" --strip-components=1
}
unpack @uswds/uswds "$USWDS" uswds
unpack htmx.org "$HTMX" htmx
unpack axe-core "$AXE" axe

rm -rf "$static"
uswds="$static/uswds-$USWDS"
htmx="$static/htmx-$HTMX"
mkdir -p "$uswds/css" "$uswds/fonts/source-sans-pro" "$htmx" "$tests"
cp "$scratch/uswds/dist/css/uswds.min.css" "$uswds/css/"
cp "$scratch/uswds/LICENSE.md" "$uswds/"
for face in regular italic bold bolditalic light lightitalic; do
    cp "$scratch/uswds/dist/fonts/source-sans-pro/sourcesanspro-$face-webfont.woff2" "$uswds/fonts/source-sans-pro/"
done
grep -o '\.\./img/[A-Za-z0-9_/-]*\.svg' "$uswds/css/uswds.min.css" | sort -u | sed 's|^\.\./||' | while read -r image; do
    mkdir -p "$uswds/$(dirname "$image")"
    cp "$scratch/uswds/dist/$image" "$uswds/$image"
done

# One small sheet of the icons that the pages use, instead of the 245 of sprite.svg.
{
    printf '<svg xmlns="http://www.w3.org/2000/svg">\n'
    for icon in arrow_back chat check_circle event lock mail navigate_next attach_money phone search schedule warning \
        alternate_email do_not_disturb info push_pin; do
        sed -e "s|<svg [^>]*viewBox=\"\([^\"]*\)\"[^>]*>|<symbol id=\"$icon\" viewBox=\"\1\">|" \
            -e 's|</svg>|</symbol>|' "$scratch/uswds/dist/img/usa-icons/$icon.svg"
        printf '\n'
    done
    printf '</svg>\n'
} >"$uswds/img/icons.svg"

cp "$scratch/htmx/dist/htmx.min.js" "$scratch/htmx/LICENSE" "$htmx/"
cp "$scratch/axe/axe.min.js" "$tests/"
cp "$scratch/axe/LICENSE" "$tests/LICENSE-axe-core"

(cd "$tests" && sha256sum axe.min.js >SHA256SUMS)
cat >"$static/VENDOR.md" <<END
# Front-end files made by others

Written by \`tools/vendor.sh\`; change the versions there and run it again. \`sha256sum -c SHA256SUMS\` checks the files.

| package | version | what is here | licence |
| --- | --- | --- | --- |
| @uswds/uswds | $USWDS | \`uswds.min.css\` as published, the Source Sans fonts, the images that the style sheet names (not the \`hero.jpg\` photograph, Merriweather or Roboto Mono, which no page uses), \`img/icons.svg\` put together from \`usa-icons\` | public domain; fonts SIL OFL 1.1, icons Apache 2.0: \`uswds-$USWDS/LICENSE.md\` |
| htmx.org | $HTMX | \`htmx.min.js\` as published | Zero-Clause BSD |

The tests use axe-core $AXE (\`tests/desk/vendor\`, MPL 2.0); it is never served.
END
(cd "$static" && find . -type f ! -name SHA256SUMS | LC_ALL=C sort | xargs sha256sum >SHA256SUMS)
