#!/bin/sh
# Boots this machine's systemd as the first process of namespaces, on a copy-on-write view of its files: what happens
# there is gone with it. Run by unshare, see systemd-machine.ts.
set -e
work=$1
mount --make-rprivate /
mount -t tmpfs tmpfs "$work"
mkdir "$work/upper" "$work/work" "$work/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$work/upper,workdir=$work/work" "$work/root"
root=$work/root
mount -t proc proc "$root/proc"
# The kernel is shared with the machine, and stays as it is.
mount --bind "$root/proc/sys" "$root/proc/sys"
mount -o remount,bind,ro "$root/proc/sys"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
mount -t tmpfs tmpfs "$root/run"
mount -t tmpfs tmpfs "$root/dev"
for node in null zero full random urandom tty; do cp -a "/dev/$node" "$root/dev/"; done
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
# Services of the machine itself do not start in its image, nothing cleans up, and no policy keeps a package from its service.
rm -rf "$root"/etc/systemd/system/* "$root/usr/sbin/policy-rc.d"
for unit in tmp.mount systemd-tmpfiles-setup.service systemd-sysctl.service systemd-modules-load.service; do
  ln -s /dev/null "$root/etc/systemd/system/$unit"
done
printf '[Unit]\nDescription=Nothing but what is asked for\nDefaultDependencies=no\n' >"$root/etc/systemd/system/bare.target"
echo 0123456789abcdef0123456789abcdef >"$root/etc/machine-id"
# Who is root already needs no sudo.
printf '#!/bin/sh\nexec "$@"\n' >"$root/usr/local/bin/sudo"
chmod 755 "$root/usr/local/bin/sudo"
cd "$root"
mkdir -p old-root
pivot_root . old-root
umount -l /old-root
exec env -i container=test PATH=/usr/sbin:/usr/bin:/sbin:/bin \
  /lib/systemd/systemd --system --unit=bare.target --log-target=journal-or-kmsg --show-status=no </dev/null
