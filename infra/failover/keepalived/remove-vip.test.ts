import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

const SCRIPT = join(process.cwd(), 'infra/failover/keepalived/remove-vip.sh');

/** Answers as iproute2 does; the addresses of the card are lines of a file. With a real card in test/ops. */
const IP = `#!/bin/bash
cd "$(dirname "$0")"; echo "$*" >>asked
case "$*" in
  "-o addr show dev eth0 to "*) grep -F "\${!#}/" held && : ;;
  "addr del "*" dev eth0") grep -qxF "$3" held && [ ! -e stuck ] && { grep -vxF "$3" held >left; mv left held; } ;;
  *) exit 255 ;;
esac
`;

describe('remove-vip.sh', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ofitec-vip-'));
    writeFileSync(join(folder, 'ip'), IP, { mode: 0o755 });
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const held = (...addresses: string[]): void => writeFileSync(join(folder, 'held'), addresses.map((each) => `${each}\n`).join('')); // prettier-ignore
  const left = (): string[] => readFileSync(join(folder, 'held'), 'utf8').split('\n').filter(Boolean); // prettier-ignore
  const VIP = '10.0.0.100/24';
  function run(env: Record<string, string> = { VIP, INTERFACE: 'eth0' }): number | null {
    const path = `${folder}:${process.env['PATH'] ?? ''}`;
    return spawnSync('/bin/bash', [SCRIPT], { env: { PATH: path, ...env } }).status;
  }

  it('takes the address off and leaves the others', () => {
    held('10.0.0.11/24', '10.0.0.10/24', VIP);
    expect(run()).toBe(0);
    expect(left()).toEqual(['10.0.0.11/24', '10.0.0.10/24']);
  });

  it.each([
    ['10.0.0.100/24', '10.0.0.100/32'],
    ['2001:db8::100/64', '2001:db8::100/128'],
  ])('takes %s off that stands as %s', (address, other) => {
    held(other);
    expect(run({ VIP: address, INTERFACE: 'eth0' })).toBe(0);
    expect(left()).toEqual([]);
  });

  it('changes nothing where it was never there', () => {
    held('10.0.0.11/24');
    expect(run()).toBe(0);
    expect(readFileSync(join(folder, 'asked'), 'utf8')).toBe('-o addr show dev eth0 to 10.0.0.100\n'); // prettier-ignore
  });

  it('ends with 1 when the address stays', () => {
    held(VIP);
    writeFileSync(join(folder, 'stuck'), '');
    expect(run()).toBe(1);
  });

  it('does not call gone what it cannot see', () => {
    expect(run({ VIP, INTERFACE: 'eth0', PATH: '/nowhere' })).toBe(1);
  });

  it.each([{ VIP }, { INTERFACE: 'eth0' }, { VIP: '', INTERFACE: 'eth0' }])('ends with 2 with %j alone', (env) => {
    expect(run(env as Record<string, string>)).toBe(2);
    expect(existsSync(join(folder, 'asked'))).toBe(false);
  }); // prettier-ignore
});
