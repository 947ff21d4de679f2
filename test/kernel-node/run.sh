#!/bin/sh
# This BMC at the real /dev/ipmi-bt-host of Linux's bt-bmc driver: QEMU's AST2600 board, Debian's armhf kernel and Node. By hand, as
# root of Debian 12, with the project built: downloads 85 MB into the directory it is given, and takes two minutes under emulation.
#   apt-get install qemu-system-arm device-tree-compiler cpio
#   test/kernel-node/run.sh /tmp/kernel-node
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
mkdir -p "$1" && cd "$1"

# armhf packages through an apt of our own; the machine's is left alone.
mkdir -p apt/lists/partial apt/archives/partial apt/state files kernel && touch apt/status
echo 'deb [arch=armhf signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian bookworm main' > apt/sources.list
cat > apt/conf <<END
APT::Architecture "armhf"; APT::Architectures {"armhf";};
Dir::Etc::sourcelist "$PWD/apt/sources.list"; Dir::Etc::sourceparts "/nonexistent";
Dir::State "$PWD/apt/state"; Dir::State::lists "$PWD/apt/lists"; Dir::State::status "$PWD/apt/status";
Dir::Cache "$PWD/apt"; Dir::Cache::archives "$PWD/apt/archives"; Debug::NoLocking "1";
END
export APT_CONFIG="$PWD/apt/conf"
apt-get -q update
apt-get -q install -y --download-only --no-install-recommends nodejs busybox-static python3-minimal libpython3.11-stdlib linux-image-armmp
for package in apt/archives/*.deb; do
  case $package in
    *linux-image-[0-9]*) dpkg-deb -x "$package" kernel ;;
    *linux-image*) ;;
    *) dpkg-deb -x "$package" files ;;
  esac
done
rm -rf files/usr/share/doc files/usr/share/man files/usr/share/locale

mkdir -p files/proc files/sys files/dev files/tmp files/app/node_modules
cp kernel/lib/modules/*/kernel/drivers/char/ipmi/bt-bmc.ko files/app/
cp -r "$root/bin" "$root/dist" "$root/package.json" "$here"/*.py files/app/
(cd "$root" && npm ls --omit=dev --omit=optional --all --parseable) | sed 1d | while read -r package; do
  name=${package#"$root/node_modules/"}
  mkdir -p "$(dirname "files/app/node_modules/$name")" && cp -r "$package" "files/app/node_modules/$name"
done
echo 'interfaces: [{ type: bt }]' > files/app/bmc.yaml
cp "$here/init" files/init
(cd files && find . | cpio -o -H newc 2> /dev/null) > initrd

# QEMU has plain memory in place of the BT registers, and no interrupt: the driver then looks each half second.
cp kernel/usr/lib/linux-image-*/aspeed-ast2600-evb.dtb board.dtb
fdtput -t s board.dtb /ahb/apb/lpc@1e789000/ibt@140 status okay
fdtput -d board.dtb /ahb/apb/lpc@1e789000/ibt@140 interrupts
exec timeout 300 qemu-system-arm -M ast2600-evb -kernel kernel/boot/vmlinuz-* -dtb board.dtb -initrd initrd \
  -append 'console=ttyS4 iomem=relaxed rdinit=/init quiet' -nographic -no-reboot
