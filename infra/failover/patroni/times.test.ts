import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';

/** A number of a template, by the name before it. */
function numberOf(file: string, name: string): number {
  const text = readFileSync(join('infra', 'failover', 'patroni', file), 'utf8');
  const found = new RegExp(`^\\s*${name}\\s*[:=]\\s*(\\d+)\\s*$`, 'm').exec(text)?.[1];
  if (found === undefined) throw new Error(`${file} says no ${name}.`);
  return Number(found);
}

/** Times of Patroni and of etcd that only make sense together; decisions 0065 and 0098 say why. */
describe('the times of Patroni and etcd', () => {
  const patroni = (name: string): number => numberOf('patroni.template.yml', name) * 1_000;
  const etcd = (name: string): number => numberOf('etcd.template.env', name);

  it('let etcd elect a leader while Patroni asks one member', () => {
    const asksOneMember = patroni('retry_timeout') / 3;
    expect(asksOneMember).toBeGreaterThanOrEqual(2 * etcd('ETCD_ELECTION_TIMEOUT'));
    expect(etcd('ETCD_ELECTION_TIMEOUT')).toBeGreaterThanOrEqual(10 * etcd('ETCD_HEARTBEAT_INTERVAL')); // prettier-ignore
  });

  it('let a primary that lost etcd give its place up before the watchdog fires, and that before the lock ends', () => {
    const givesUp = patroni('loop_wait') + 2 * patroni('retry_timeout');
    const fires = patroni('ttl') - patroni('safety_margin');
    expect(givesUp).toBeLessThan(fires);
    expect(fires).toBeLessThan(patroni('ttl'));
  });
});
