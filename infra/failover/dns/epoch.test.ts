import { expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { markName, mayFollow, nextEpoch, readMark, writeMark } from './epoch.js';

it('reads what it wrote and nothing else', () => {
  expect(markName('app.example.cl')).toBe('_gate.app.example.cl');
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 999_999_999_999_999 }), (epoch) => {
      expect(readMark(writeMark({ epoch, site: 'b-2' }))).toEqual({ epoch, site: 'b-2' });
    }),
  );
  for (const text of [
    '',
    'epoch=1',
    'ofitec-failover epoch=0 site=a',
    ' ofitec-failover epoch=1 site=a',
  ]) {
    expect([text, readMark(text)]).toEqual([text, null]);
  }
});

it('follows only what is smaller', () => {
  expect([mayFollow(7, 7), mayFollow(6, 7), mayFollow(8, 7)]).toEqual([false, false, true]);
  expect([mayFollow(0, null), mayFollow(1, null)]).toEqual([false, true]);
});

/** One decider after another takes over, each fences first; any of them may write as late as it likes. */
it('refuses whatever a decider writes after its successor has fenced, and only grows', () => {
  const step = fc.record({
    who: fc.nat(3),
    does: fc.constantFrom('take over', 'decide', 'write'),
    revisions: fc.integer({ min: -50, max: 5 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      let [text, revision, leader] = ['', 1, -1];
      const plans = new Map<number, { read: string; epoch: number; term: number }>();
      const terms = new Map<number, number>();
      let [term, lastEpoch] = [0, 0];
      for (const { who, does, revisions } of steps) {
        // Also a step backwards: an etcd that was built anew counts from one again.
        revision = Math.max(1, revision + revisions);
        const published = readMark(text)?.epoch ?? null;
        if (does === 'take over') {
          leader = who;
          terms.set(who, (term += 1));
          text = writeMark({ epoch: nextEpoch(revision, published), site: 'a' });
        } else if (does === 'decide' && terms.has(who)) {
          const epoch = nextEpoch(revision, published);
          plans.set(who, { read: text, epoch, term: terms.get(who) ?? 0 });
          // A decider that lost its lease reads what its successor wrote, and etcd refuses its plan.
          if (who !== leader) plans.delete(who);
        } else if (does === 'write') {
          const plan = plans.get(who);
          plans.delete(who);
          if (!plan || plan.read !== text || !mayFollow(plan.epoch, published)) continue;
          expect(plan.term).toBe(term);
          text = writeMark({ epoch: plan.epoch, site: 'b' });
        }
        const now = readMark(text)?.epoch ?? 0;
        expect(now).toBeGreaterThanOrEqual(lastEpoch);
        lastEpoch = now;
      }
    }),
    { numRuns: 2_000 },
  );
});
