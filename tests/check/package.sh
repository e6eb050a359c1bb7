#!/usr/bin/env bash
# The Debian package, built in a folder with a space and an umlaut: what is in it, what it depends on, and that its program
# knows its version. With a third argument `install`, as root: a bare Debian is made by debootstrap, the package installed
# there by apt-get, and the demonstration trained for one epoch.
. "$(dirname "$0")/common.sh" "$@"
command -v cpack >/dev/null && command -v dpkg-deb >/dev/null && command -v dpkg-shlibdeps >/dev/null ||
    skip "cpack, dpkg-deb or dpkg-shlibdeps is not installed (packages cmake, dpkg-dev)"
outer=$(mktemp -d)
trap 'umount "$outer/debian/proc" "$outer/debian/sys" 2>/dev/null; rm -rf "$outer" "$findings"' EXIT
place="$outer/große Läufe"
mkdir "$place"
version=$(sed -nE 's/^project\(safsd-cl VERSION ([0-9.]+).*/\1/p' CMakeLists.txt)

cpack --config "$build/CPackConfig.cmake" -G "DEB;TGZ" -B "$place" >"$outer/said" 2>&1 ||
    tail -n 5 "$outer/said" | complain "cpack"
package="$place/safsd-cl_${version}_$(dpkg --print-architecture).deb"
[ -e "$package" ] || { ls "$place" | complain "no package" && conclude; }
compgen -G "$place/safsd-cl-$version-*.tar.gz" >/dev/null || ls "$place" | complain "no archive"

dpkg-deb -c "$package" | awk '{ print $6 }' >"$outer/files"
for file in bin/safsd-cl include/safsd.h lib/libsafsd.so lib/libsafsd.a lib/pkgconfig/safsd.pc share/man/man1/safsd-cl.1 share/bash-completion/completions/safsd-cl \
    share/zsh/vendor-completions/_safsd-cl share/fish/vendor_completions.d/safsd-cl.fish share/safsd-cl/config/demo.ini \
    share/safsd-cl/config/iemocap.ini share/doc/safsd-cl/copyright share/doc/safsd-cl/THIRD-PARTY.md share/doc/safsd-cl/docs/model.md; do
    grep -qx "./usr/$file" "$outer/files" || echo "$file" | complain "not in the package"
done
grep -vE '^\./(usr/((bin|include|lib|share)/.*)?)?$' "$outer/files" | complain "does not belong into the package"
depends=$(dpkg-deb -f "$package" Depends)
for library in libc6 libclblast1 libiniparser1 libjansson4 libxxhash0 libopencl1; do
    grep -q "\b$library\b" <<<"$depends" || echo "$depends" | complain "does not depend on $library"
done
! grep -qE 'cmocka|pocl|-dev\b|python' <<<"$depends" || echo "$depends" | complain "depends on too much"

dpkg-deb -x "$package" "$outer/unpacked"
[ "$("$outer/unpacked/usr/bin/safsd-cl" --version)" = "safsd-cl $version" ] || echo "safsd-cl --version" | complain "another version"
# The notice of Random123, in its page and in the kernels that the program carries.
for file in bin/safsd-cl share/doc/safsd-cl/THIRD-PARTY.md; do
    grep -aq 'Copyright 2010-2011, D. E. Shaw Research' "$outer/unpacked/usr/$file" || echo "$file" | complain "has no notice"
done
[ "${3:-}" = install ] || conclude

command -v debootstrap >/dev/null && [ "$(id -u)" -eq 0 ] || skip "this needs root, and debootstrap (package debootstrap)"
debootstrap --variant=minbase bookworm "$outer/debian" http://deb.debian.org/debian >"$outer/said" 2>&1 ||
    skip "debootstrap does not work here: $(tail -n 1 "$outer/said")"
mkdir -p "$outer/debian/etc/apt/apt.conf.d" && cp /etc/apt/apt.conf.d/*proxy* "$outer/debian/etc/apt/apt.conf.d/" 2>/dev/null
cp "$package" "$outer/debian/srv/"
mount -t proc proc "$outer/debian/proc" && mount -t sysfs sysfs "$outer/debian/sys" || skip "nothing can be mounted here"
inside() { chroot "$outer/debian" env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive "$@"; }
inside apt-get update >"$outer/said" 2>&1
inside apt-get install -y "/srv/$(basename "$package")" >"$outer/said" 2>&1 || tail -n 5 "$outer/said" | complain "apt-get install"
inside ldconfig -p | grep -q libsafsd || echo "libsafsd" | complain "is not known to the loader"
inside sh -c 'cd /srv && safsd-cl train --set train.epochs=1 --out run' >"$outer/said" 2>&1 || tail -n 5 "$outer/said" | complain "train"
[ -s "$outer/debian/srv/run/best.safetensors" ] || tail -n 5 "$outer/said" | complain "no checkpoint"
conclude
