import { describe, expect, it } from '@jest/globals';
import { seatFor } from './etcd-seat.js';
import { exposition } from './figures.js';
import { decide, furthest, unseen } from './rules.js';
import type { Report, Stall } from './rules.js';
import { VrrpAgent } from '../vrrp/agent.js';

const report = (member: string, change: Partial<Report> = {}): Report => {
  return { member, state: 'running', isStandby: true, timeline: 3, position: 100, plan: null, ...change };
}; // prettier-ignore
const stall = (change: Partial<Stall> = {}): Stall => ({
  ...{ member: 'pg1', members: ['pg1', 'pg2', 'pg3'], stalledSeconds: 20, isCutOff: true },
  ...{ timeline: 3, reports: [report('pg2'), report('pg3')], frozen: null, isHeldDown: false },
  ...change,
});

describe('the guard’s decision', () => {
  it('steps down when writes wait for standbys that all others could be', () => {
    expect(decide(stall(), 15).action).toBe('step down');
  });

  it.each([
    ['writes come back', { stalledSeconds: 14.9 }, /writes come back/],
    ['something else holds them', { isCutOff: false }, /not for want of a standby: a person must look/],
    ['PostgreSQL does not answer', { isCutOff: null }, /does not say why: a person must look/],
    ['the kill switch is on', { frozen: 'moving house' }, /kill switch is on: moving house/],
    ['it did so a moment ago', { isHeldDown: true }, /too recent/],
    ['one of the others is silent', { reports: [report('pg2')] }, /pg3 cannot take over/],
    ['one of the others is a primary', { reports: [report('pg2'), report('pg3', { isStandby: false })] }, /pg3 cannot/],
    ['one of the others does not run', { reports: [report('pg2', { state: 'starting' }), report('pg3')] }, /pg2 cannot/],
    ['one is on another timeline', { reports: [report('pg2', { timeline: 2 }), report('pg3')] }, /pg2 cannot/],
    ['nobody tells anything', { reports: [] }, /pg2 and pg3 cannot/],
  ] as const)('stays when %s', (_, change, reason) => {
    expect(decide(stall(change), 15)).toEqual({ action: 'stay', reason: expect.stringMatching(reason) });
  }); // prettier-ignore

  it('counts only what was told after the primary was stopped', () => {
    const reports = [report('pg2', { plan: 'now' }), report('pg3', { plan: 'before' })];
    expect(unseen(stall({ reports }), 'now')).toEqual(['pg3']);
    expect(unseen(stall({ reports }), null)).toEqual([]);
  });

  it('takes the one with the most of the log', () => {
    expect(furthest([report('pg2'), report('pg3', { position: 101 })])).toBe('pg3');
    expect(furthest([report('pg3'), report('pg2')])).toBe('pg2');
    expect(furthest([])).toBeNull();
  });
});

describe('figures of the failover', () => {
  it('are written as Prometheus reads them', () => {
    const values = [{ labels: { member: 'p"g\n1' }, value: 2 }];
    const text = exposition([
      { name: 'failover_timeline', help: 'timeline', type: 'gauge', values },
      { name: 'failover_nothing', help: 'absent', type: 'gauge', values: [] },
    ]);
    expect(text).toBe(
      '# HELP failover_timeline timeline\n# TYPE failover_timeline gauge\nfailover_timeline{member="p_g_1"} 2\n',
    );
  });

  it('count what keepalived says once, and look at the network card for the address', () => {
    const agent = new VrrpAgent('127.0.0.1', '/nowhere');
    const lines = ['BACKUP 150', 'MASTER 150', 'MASTER 150', 'WEATHER 150'];
    for (const line of lines) agent.take(`INSTANCE "ofitec" ${line}`);
    expect(agent.status).toMatchObject({ holds: true, state: 'MASTER' });
    expect(exposition(agent.figures)).toContain(
      'failover_vrrp_transitions_total{address="127.0.0.1",to="MASTER"} 1\n',
    );
    expect(new VrrpAgent('192.0.2.1', '/nowhere').status).toMatchObject({ holds: false, state: null });
  }); // prettier-ignore
});

describe('etcd’s leader and PostgreSQL’s primary', () => {
  const members = (leader: string, others = leader): Parameters<typeof seatFor>[0] =>
    ['1', '2', '3'].map((id) => {
      return {
        endpoint: `http://10.0.0.${id}:2379`,
        id,
        leader: id === '1' ? leader : others,
        index: 9,
        isFit: true,
      };
    });

  it('sit on two hosts: the one of etcd leaves', () => {
    expect(seatFor(members('1'), '10.0.0.1')?.to.id).toBe('2');
  });

  it.each([
    ['they already do', members('2')],
    ['the others do not follow it', members('1', '0')],
    ['it has lost its place, and the others do not know yet', members('2', '1')],
    ['this host has no etcd', members('1').slice(1)],
    ['nobody else answers', members('1').slice(0, 1)],
  ] as const)('stay where they are: %s', (_, seen) => {
    expect(seatFor(seen, '10.0.0.1')).toBeNull();
  });
});
