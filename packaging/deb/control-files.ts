/** What a Debian package is made for. */
export interface DebOptions {
  readonly version: string;
  readonly description: string;
  /** Debian's name of the architecture; `all` where Node is not shipped. */
  readonly arch: 'amd64' | 'arm64' | 'all';
  readonly installedBytes: number;
}

/** The oldest systemd that knows all that the unit cannot do without (Debian 11). */
const SYSTEMD = 'systemd (>= 247)';
/** What Node's own builds are linked against. */
const LIBRARIES = ['libc6 (>= 2.28)', 'libstdc++6 (>= 8)', 'libgcc-s1'];

const MAINTAINER = 'The sedge project <sedge@localhost>';

/** The changelog in Debian's own form (deb-changelog(5)); what changed is in CHANGELOG.md beside it. */
export function changelogText(version: string): string {
  // The day is not known to the build, and must not make two builds of the same differ.
  const date = 'Thu, 01 Jan 2026 00:00:00 +0000';
  return `sedge (${debVersion(version)}) stable; urgency=medium\n\n  * See CHANGELOG.md.gz.\n\n -- ${MAINTAINER}  ${date}\n`;
}

/** The control file (deb-control(5)). */
export function controlText({ version, description, arch, installedBytes }: DebOptions): string {
  const runtime = arch === 'all' ? ['nodejs (>= 22.18)'] : LIBRARIES;
  return `Package: sedge
Version: ${debVersion(version)}
Architecture: ${arch}
Maintainer: ${MAINTAINER}
Installed-Size: ${Math.ceil(installedBytes / 1_024)}
Depends: ${[SYSTEMD, 'init-system-helpers (>= 1.54)', ...runtime].join(', ')}
Section: net
Priority: optional
Description: ${description.split(': ')[0]!.replace(/^A /, '')}
 sedge runs an agent on each machine; a message published on any of them is
 delivered once, signed and in its author's order, on every other that wants
 it, whether the link is up now or next week.
 .
 The agent runs as a service of its own user, from the moment on at which the
 machine belongs to a realm ("sedge init" or "sedge join").
`;
}

/** A version as Debian sorts it: `0.4.0-rc.1` comes before `0.4.0`. */
export function debVersion(version: string): string {
  return version.replace('-', '~');
}

/** What the settings begin as. A conffile would ask who changed it, and an upgrade that nobody answers would leave the agent off. */
export const SETTINGS_TEMPLATE = '/usr/lib/sedge/sedge.yaml';

/** After unpacking: user, directory, service. */
export const POSTINST = `#!/bin/sh
set -e

case "$1" in
  configure|abort-upgrade|abort-deconfigure|abort-remove)
    systemd-sysusers sedge.conf
    systemd-tmpfiles --create sedge.conf
    if [ ! -e /etc/sedge/sedge.yaml ]; then
      install -D -m 644 ${SETTINGS_TEMPLATE} /etc/sedge/sedge.yaml
    fi
    deb-systemd-helper unmask sedge.service >/dev/null || true
    if deb-systemd-helper --quiet was-enabled sedge.service; then
      deb-systemd-helper enable sedge.service >/dev/null || true
    else
      deb-systemd-helper update-state sedge.service >/dev/null || true
    fi
    if [ -d /run/systemd/system ]; then
      systemctl --system daemon-reload >/dev/null || true
      deb-systemd-invoke start sedge.service >/dev/null || true
    fi
    if [ ! -e /var/lib/sedge/realm.json ]; then
      echo 'sedge: this machine belongs to no realm yet. Make one or join one, then start the service:'
      echo '  sudo sedge init REALM        or: sudo sedge join - < token'
      echo '  sudo systemctl start sedge'
    fi
    ;;
esac
`;

/**
 * Before files are replaced or removed: the agent stops. It loads parts when they are needed, and those of the next version
 * would not be its own.
 */
export const PRERM = `#!/bin/sh
set -e

if [ -d /run/systemd/system ]; then
  deb-systemd-invoke stop sedge.service >/dev/null || true
fi
`;

/** After removal; with \`purge\` nothing is left but the user, whose number must not be given to another. */
export const POSTRM = `#!/bin/sh
set -e

if [ -d /run/systemd/system ]; then
  systemctl --system daemon-reload >/dev/null || true
fi
case "$1" in
  remove)
    if command -v deb-systemd-helper >/dev/null; then
      deb-systemd-helper mask sedge.service >/dev/null || true
    fi
    ;;
  purge)
    if command -v deb-systemd-helper >/dev/null; then
      deb-systemd-helper purge sedge.service >/dev/null || true
      deb-systemd-helper unmask sedge.service >/dev/null || true
    fi
    rm -rf /var/lib/sedge /var/cache/sedge
    rm -f /etc/sedge/sedge.yaml
    if [ -d /etc/sedge ]; then rmdir --ignore-fail-on-non-empty /etc/sedge; fi
    ;;
esac
`;

/** The command that people type. */
export function startText(node: string): string {
  return `#!/bin/sh\nexec ${node} /usr/lib/sedge/node/main.js "$@"\n`;
}
