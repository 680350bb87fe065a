import { describe, expect, it } from 'vitest';
import {
  installPlan,
  planText,
  SERVICE_FILES,
  uninstallPlan,
} from '../../../../node/service/service-plan.ts';

const TEXTS = {
  unit: '[Unit]\n',
  sysusers: 'u sedge\n',
  tmpfiles: 'd /var/lib/sedge\n',
  settings: '#mdns: true\n',
};
const FRESH = { root: '/', texts: TEXTS, read: () => null, isActive: false, isEnabled: false, start: true };

const installed = (path: string) => {
  const { unit, sysusers, tmpfiles } = SERVICE_FILES;
  return (
    { [unit]: TEXTS.unit, [sysusers]: TEXTS.sysusers, [tmpfiles]: TEXTS.tmpfiles }[path] ?? 'mdns: false\n'
  );
};

/** What is done, in short. */
const brief = (steps: ReturnType<typeof installPlan>) =>
  steps.map((step) => (step.kind === 'run' ? step.words.join(' ') : `${step.kind} ${step.path}`));

describe('the plan of an installation', () => {
  it('makes user, directory, settings and unit, and starts it', () => {
    expect(brief(installPlan(FRESH))).toEqual([
      'write /etc/sysusers.d/sedge.conf',
      'write /etc/tmpfiles.d/sedge.conf',
      'write /etc/sedge/sedge.yaml',
      'write /etc/systemd/system/sedge.service',
      'systemd-sysusers sedge.conf',
      'systemd-tmpfiles --create sedge.conf',
      'systemctl daemon-reload',
      'systemctl enable sedge',
      'systemctl start sedge',
    ]);
  });

  it('is empty where all is as it should be', () => {
    expect(installPlan({ ...FRESH, read: installed, isActive: true, isEnabled: true })).toEqual([]);
  });

  it('restarts a service whose unit changes, and leaves settings as they are', () => {
    const read = (path: string) => (path === SERVICE_FILES.unit ? '[Unit]\n# older\n' : installed(path));
    const steps = installPlan({ ...FRESH, read, isActive: true, isEnabled: true });
    expect(brief(steps)).toEqual([
      'write /etc/systemd/system/sedge.service',
      'systemctl daemon-reload',
      'systemctl restart sedge',
    ]);
    expect(planText(steps, { whole: false })).toContain('change  /etc/systemd/system/sedge.service');
  });

  it('starts nothing in the files of another system', () => {
    const steps = brief(installPlan({ ...FRESH, root: '/mnt/card' }));
    expect(steps.filter((step) => step.startsWith('system'))).toEqual([
      'systemd-sysusers --root=/mnt/card sedge.conf',
      'systemd-tmpfiles --root=/mnt/card --create sedge.conf',
      'systemctl --root=/mnt/card enable sedge',
    ]);
  });
});

describe('the plan of a removal', () => {
  const facts = { root: '/', exists: () => true, isActive: true, isEnabled: true, purge: false };

  it('keeps data and settings', () => {
    expect(brief(uninstallPlan(facts))).toEqual([
      'systemctl stop sedge',
      'systemctl disable sedge',
      'remove /etc/systemd/system/sedge.service',
      'remove /etc/tmpfiles.d/sedge.conf',
      'remove /etc/sysusers.d/sedge.conf',
      'systemctl daemon-reload',
    ]);
  });

  it('takes everything with --purge, and says so', () => {
    const text = planText(uninstallPlan({ ...facts, purge: true }), { whole: false });
    expect(text).toContain('remove  /var/lib/sedge  (THE DATA: key, realm and messages of this node)');
    expect(text).toContain('run     userdel sedge');
  });

  it('is empty where nothing is left', () => {
    const nothing = { ...facts, exists: () => false, isActive: false, isEnabled: false };
    expect(uninstallPlan(nothing)).toEqual([]);
  });
});
