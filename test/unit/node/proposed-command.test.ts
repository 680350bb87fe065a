import { describe, expect, it } from 'vitest';
import { proposal } from '../../../node/cli/proposed-command.ts';

describe('a proposed command', () => {
  const service = (sentence: string) => proposal(sentence, { typed: undefined, directory: '/var/lib/sedge' });

  it('carries the directory that was typed', () => {
    const next = proposal('Run "sedge start".', { typed: '/srv/a b', directory: '/srv/a b' });
    expect(next).toBe(`Run "sedge --dir '/srv/a b' start".`);
  });

  it('is as it is for a node of the user', () => {
    expect(proposal('Run "sedge start".', { typed: undefined, directory: '/home/pi/.sedge' })).toBe(
      'Run "sedge start".',
    );
  });

  it('is one for systemd or with sudo where the node is the service', () => {
    expect(service('Next: "sedge start", then "sedge invite".')).toBe(
      'Next: "sudo systemctl start sedge", then "sudo sedge invite".',
    );
    expect(service('"sedge start --help"? see "sedge gaps"')).toContain('see "sudo sedge gaps"');
  });

  it('is a line of the settings where it was an option of start', () => {
    expect(service('give one with "sedge start --peer", or wait')).toBe(
      'give one with "peers:" in /etc/sedge/sedge.yaml, or wait',
    );
    expect(service('"sedge start --serial /dev/ttyS0"')).toBe(
      '"serial: /dev/ttyS0" in /etc/sedge/sedge.yaml',
    );
  });
});
