import { describe, expect, it } from '@jest/globals';
import { findingsOf } from './doctor-findings.js';
import type { Status } from './dns/status.js';

const state = { agent: 'one', answered: true, state: 'MASTER', since: null };
const server = { server: 'ns1', addresses: ['192.0.2.1'], mark: { epoch: 7, site: 'a' }, ttlSeconds: 30, error: null }; // prettier-ignore
const GOOD: Status = {
  ...{ record: 'app.example.test', active: 'a', epoch: 7, servers: [server], sites: [] },
  addresses: [{ address: '10.0.0.100', holders: ['one'], states: [state] }],
  ...{ decider: 'decider-1', frozen: null, heldDown: false, flipsLastHour: 0, lastChange: null },
  ...{ decision: null, trouble: null, answered: { etcd: true, nameServers: true }, faults: [] },
};

describe('the doctor of the failover', () => {
  const look = (change: Partial<Status> = {}): string[] =>
    findingsOf({ ...GOOD, ...change }).map(({ state: how, sentence }) => `${how}: ${sentence}`);
  const held = (holders: string[], answered = true): Partial<Status> => ({
    addresses: [{ address: '10.0.0.100', holders, states: [state, { ...state, agent: 'two', answered }] }],
  }); // prettier-ignore

  it('is content when all is well, and names the runbook', () => {
    expect(look()).toEqual(['good: app.example.test points to a']);
    expect(findingsOf(GOOD)[0]?.runbook).toMatch(/failover_automatico/);
  });

  const trouble = { by: 'decider-1', since: '2026-11-22T10:00:00.000Z', failures: 3, error: 'REFUSED', nextAt: '' }; // prettier-ignore
  const nobody = { active: null, answered: { etcd: true, nameServers: false } };
  it.each<[string, Partial<Status>, string[]]>([
    ['something did not answer', { faults: ['etcd: gone'] }, ['warning: etcd: gone']],
    ['the name points nowhere', { active: null }, ['critical: the name points to no site, or its servers differ']],
    ['no name server answers', nobody, ['critical: nobody knows where the name points: no name server answers']],
    ['one of them does not', { servers: [server, { ...server, error: 'ns2 is silent' }] }, ['warning: name server: ns2 is silent']],
    ['it is frozen', { frozen: 'moving' }, ['warning: frozen: moving']],
    ['nobody decides', { decider: null }, ['critical: no decider holds the lease']],
    ['the provider fails', { trouble }, ['warning: the provider fails since 2026-11-22T10:00:00.000Z: REFUSED']],
    ['an address is nowhere', held([]), ['critical: 10.0.0.100 is on 0 hosts']],
    ['an address is on two hosts', held(['one', 'two']), ['critical: 10.0.0.100 is on 2 hosts: one, two']],
    ['two of three hold it', held(['one', 'two'], false), ['critical: 10.0.0.100 is on 2 hosts: one, two']],
  ])('says so when %s', (_, change, said) => {
    expect(look(change)).toEqual(said);
  }); // prettier-ignore

  it('does not call absent what it does not know', () => {
    expect(look({ decider: null, answered: { etcd: false, nameServers: true }, faults: ['etcd: gone'] })).toEqual(['warning: etcd: gone']); // prettier-ignore
    expect(look({ ...held([], false), faults: ['VRRP agent two: gone'] })).toEqual(['warning: VRRP agent two: gone']); // prettier-ignore
  });
});
