import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';

const FOLDER = 'infra/systemd';
const units = readdirSync(FOLDER).filter((name) => !/\.(md|ts)$/.test(name));
const services = units.filter((name) => name.endsWith('.service'));
const timers = units.filter((name) => name.endsWith('.timer'));

/** Every unit is locked up by these. The exposure that systemd computes is rounded, and is silent on the last lines. */
const LOCKED = [
  ...['ProtectSystem=strict', 'ProtectHome=yes', 'PrivateTmp=yes', 'PrivateDevices=yes'],
  ...['ProtectProc=invisible', 'ProcSubset=pid', 'ProtectClock=yes', 'ProtectHostname=yes'],
  ...['ProtectKernelLogs=yes', 'ProtectKernelModules=yes', 'ProtectKernelTunables=yes'],
  ...['ProtectControlGroups=yes', 'NoNewPrivileges=yes', 'CapabilityBoundingSet='],
  ...['AmbientCapabilities=', 'LockPersonality=yes', 'RestrictRealtime=yes'],
  ...['RestrictSUIDSGID=yes', 'RestrictNamespaces=yes', 'RemoveIPC=yes'],
  'RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK',
  ...['SystemCallArchitectures=native', 'SystemCallFilter=@system-service'],
  ...['SystemCallFilter=~@privileged @resources', 'SystemCallErrorNumber=EPERM'],
];
/** What a unit does without, and why. */
const WITHOUT: Readonly<Record<string, readonly string[]>> = {
  // They look at other processes of the host, and at its file systems.
  'ofitec-failover-decide.service': ['ProcSubset=pid'],
  'ofitec-failover-observe.service': ['ProcSubset=pid'],
  'ofitec-vrrp.service': ['ProcSubset=pid'],
  // pgBackRest and a scratch PostgreSQL, beside the one whose memory RemoveIPC would take away.
  ...Object.fromEntries(
    ['ofitec-backup.service', 'ofitec-restore-test.service'].map((name) => [
      name,
      ['ProcSubset=pid', 'RemoveIPC=yes', 'SystemCallFilter=~@privileged @resources'],
    ]),
  ),
  // It is root's, since it tells nginx: its files, its signal, its socket.
  'ofitec-csp-reload.service': [
    ...['ProtectSystem=strict', 'PrivateDevices=yes', 'ProtectProc=invisible', 'ProcSubset=pid'],
    ...['CapabilityBoundingSet=', 'AmbientCapabilities=', 'RemoveIPC=yes'],
    'RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK',
    ...['SystemCallFilter=@system-service', 'SystemCallFilter=~@privileged @resources'],
    'SystemCallErrorNumber=EPERM',
  ],
};

/** The shipped units as text: what systemd itself does not find wrong. */
describe('infra/systemd', () => {
  const linesOf = (name: string): string[] =>
    readFileSync(join(FOLDER, name), 'utf8')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'));
  const valuesOf = (name: string, key: string): string[] =>
    linesOf(name).flatMap((line) =>
      line.startsWith(`${key}=`) ? [line.slice(key.length + 1)] : [],
    );

  it.each(services)('%s is locked up by every option that it can bear', (name) => {
    const without = WITHOUT[name] ?? [];
    expect(LOCKED.filter((line) => !linesOf(name).includes(line))).toEqual(
      LOCKED.filter((line) => without.includes(line)),
    );
    if (name === 'ofitec-csp-reload.service') return;
    // What it makes is not for everybody, what it takes has an end, and a key of ours opens no file by itself.
    for (const key of ['UMask', 'MemoryMax', 'TasksMax', 'User', 'SyslogIdentifier']) {
      expect([key, valuesOf(name, key)]).toEqual([key, [expect.stringMatching(/./)]]);
    }
    const writes = linesOf(name).filter((line) => /^(ReadWritePaths|StateDirectory)=/.test(line));
    expect(writes.join(' ')).not.toMatch(/=-?\/(etc|opt|usr)?( |$)/);
  }); // prettier-ignore

  it.each(services)('%s starts a program that is built from this source', (name) => {
    for (const line of [...valuesOf(name, 'ExecStart'), ...valuesOf(name, 'ExecStartPre')]) {
      const script = /(?<= )dist\/(\S+)\.js\b/.exec(line)?.[1];
      const isOurs = /^\/opt\/ofitec\/(current|%i)\/node_modules\/\.bin\/node /.test(line);
      const isHosts = /^\/(usr\/sbin\/nginx|bin\/systemctl|bin\/sleep) /.test(line);
      expect([line, isOurs || isHosts]).toEqual([line, true]);
      if (isOurs) expect([line, existsSync(`${script}.ts`)]).toEqual([line, true]);
    }
  });

  it.each(services)('%s comes up by itself, by its timer, by its path or by a person', (name) => {
    const isOneShot = valuesOf(name, 'Type').includes('oneshot');
    const started = ['.timer', '.path'].filter((kind) =>
      units.includes(name.replace('.service', kind)),
    );
    const isEnabled = valuesOf(name, 'WantedBy').includes('multi-user.target');
    expect([isOneShot, isEnabled]).toEqual([isOneShot, !isOneShot]);
    // The owner's password is for a migration that somebody starts.
    if (isOneShot) expect(started.length).toBe(name === 'ofitec-migrate.service' ? 0 : 1);
    // What is to run for ever is never given up; what runs once has an end.
    else expect(valuesOf(name, 'Restart')).toEqual(['always']);
    if (isOneShot) expect(valuesOf(name, 'TimeoutStartSec')).toHaveLength(1);
  });

  it.each(timers)('%s catches up with what it missed, and starts a unit that there is', (name) => {
    expect(services).toContain(name.replace('.timer', '.service'));
    expect(valuesOf(name, 'WantedBy')).toEqual(['timers.target']);
    const [calendar, boot] = [valuesOf(name, 'OnCalendar'), valuesOf(name, 'OnBootSec')];
    // By the clock it is missed while the host is off; after boot and after each run it is not.
    if (calendar.length > 0) {
      expect(valuesOf(name, 'Persistent')).toEqual(['yes']);
      expect(calendar.every((when) => when.endsWith(' America/Santiago'))).toBe(true);
    } else expect([boot, valuesOf(name, 'OnUnitInactiveSec')]).toEqual([[expect.any(String)], [expect.any(String)]]); // prettier-ignore
  });

  it('speaks of units that there are', () => {
    const known = [...units, 'ofitec@blue.service', 'ofitec@green.service'];
    for (const name of units) {
      const keys = ['Before', 'After', 'Requires', 'Wants', 'BindsTo', 'PartOf', 'Unit', 'OnFailure'];
      const named = keys.flatMap((key) => valuesOf(name, key)).join(' ').match(/ofitec\S*/g) ?? [];
      expect([name, named.filter((each) => !known.includes(each))]).toEqual([name, []]);
    }
  }); // prettier-ignore
});
