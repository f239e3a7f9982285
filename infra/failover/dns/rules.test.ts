import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { consensusOf, decide, demandContact, judge, majority } from './rules.js';
import type { Consensus, Evidence, Limits, Observation, Situation, Verdict } from './rules.js';

const VERDICTS: readonly Verdict[] = ['HEALTHY', 'UNHEALTHY', 'UNKNOWN'];
const testimony = fc.constantFrom('yes', 'no', 'unknown', 'unasked');
const evidence: fc.Arbitrary<Evidence> = fc.record({
  look: fc.constantFrom('ready', 'answers', 'slow', 'dead', 'unknown'),
  gate: testimony,
  primary: testimony,
});
const observation: fc.Arbitrary<Observation> = fc.record({
  verdict: fc.constantFrom(...VERDICTS),
  writable: fc.constantFrom(true, false, null),
  reason: fc.constant(''),
  streak: fc.integer({ min: 1, max: 9 }),
});
const limits: fc.Arbitrary<Limits> = fc.record({
  flipsPerHour: fc.integer({ min: 1, max: 4 }),
  riseWindows: fc.option(fc.integer({ min: 1, max: 9 })),
});
const SITES = ['a', 'b', 'c'];
const heard = fc.tuple(...SITES.map(() => fc.array(observation, { maxLength: 5 })));
const circumstances = fc.record({
  active: fc.constantFrom(...SITES, 'elsewhere', null),
  frozen: fc.boolean(),
  fenced: fc.boolean(),
  resting: fc.boolean(),
  heldDown: fc.boolean(),
  flipsLastHour: fc.nat(4),
});
const QUORUM = { observers: 3, windows: 3 };

function situationOf(
  said: readonly (readonly Observation[])[],
  rest: Omit<Situation, 'sites'>,
): Situation {
  return { ...rest, sites: SITES.map((site, n) => consensusOf(site, said[n] ?? [], QUORUM)) };
}

const calm = { frozen: false, fenced: true, resting: false, heldDown: false, flipsLastHour: 0 };
const strict: Limits = { flipsPerHour: 2, riseWindows: null };
const all = (verdict: Verdict, writable: boolean | null, streak = 3): Observation[] =>
  Array.from({ length: 3 }, () => ({ verdict, writable, reason: '', streak }));

describe('one observer', () => {
  it('calls only that dead which takes no connections and which no witness calls alive', () => {
    fc.assert(
      fc.property(evidence, (found) => {
        const { verdict } = judge(found);
        const dead =
          found.look === 'dead' &&
          (found.gate === 'no' || found.gate === 'unasked') &&
          found.primary !== 'yes';
        expect(verdict === 'UNHEALTHY').toBe(dead);
      }),
      // There are eighty cases; a hundred draws leave some of them out.
      { numRuns: 2_000 },
    );
  });

  it('calls only that healthy which proved it, and nothing when a witness does not know', () => {
    fc.assert(
      fc.property(evidence, (found) => {
        const { verdict, writable } = judge(found);
        if (verdict === 'HEALTHY') expect([found.look, found.gate]).not.toContain('no');
        expect(verdict === 'HEALTHY' && found.look !== 'ready').toBe(false);
        if (found.gate === 'unknown') expect(verdict).toBe('UNKNOWN');
        if (writable) expect(found.primary === 'yes' || found.look === 'ready').toBe(true);
        if (found.primary === 'unknown') expect(writable).toBeNull();
      }),
      { numRuns: 2_000 },
    );
  });

  it('does not call a slow site or one of 5xx dead, whatever the witnesses say', () => {
    fc.assert(
      fc.property(evidence, (found) => {
        fc.pre(found.look === 'slow' || found.look === 'answers');
        expect(judge(found).verdict).toBe('UNKNOWN');
      }),
    );
  });

  it('says nothing when it meets nobody anywhere', () => {
    const dead = {
      look: 'dead',
      opinion: judge({ look: 'dead', gate: 'unasked', primary: 'unasked' }),
    } as const;
    const ready = {
      look: 'ready',
      opinion: judge({ look: 'ready', gate: 'unasked', primary: 'unasked' }),
    } as const;
    const cut = demandContact(new Map([['a', dead], ['b', dead]])); // prettier-ignore
    expect([...cut.values()].map(({ verdict }) => verdict)).toEqual(['UNKNOWN', 'UNKNOWN']);
    const sees = demandContact(new Map<string, typeof dead | typeof ready>([['a', dead], ['b', ready]])); // prettier-ignore
    expect([...sees.values()].map(({ verdict }) => verdict)).toEqual(['UNHEALTHY', 'HEALTHY']);
  });
});

describe('the observers together', () => {
  it('need more than half of all that there are', () => {
    expect([1, 2, 3, 4, 5, 7].map(majority)).toEqual([1, 2, 2, 3, 3, 4]);
    fc.assert(
      fc.property(fc.array(observation, { maxLength: 7 }), (said) => {
        const quorum = { observers: majority(7), windows: 3 };
        const { verdict, writable } = consensusOf('a', said, quorum);
        const agree = said.filter((each) => each.verdict === verdict && each.streak >= 3);
        if (verdict !== 'UNKNOWN') expect(agree.length).toBeGreaterThanOrEqual(4);
        const sayWritable = (value: boolean): number =>
          said.filter((each) => each.writable === value).length;
        expect(writable).toBe(sayWritable(true) >= 4 && sayWritable(false) === 0);
      }),
      { numRuns: 2_000 },
    );
  });

  it('are not made certain by an observer who does not know', () => {
    fc.assert(
      fc.property(fc.array(observation, { maxLength: 5 }), (said) => {
        const known = said.filter(({ verdict }) => verdict !== 'UNKNOWN');
        expect(consensusOf('a', said, QUORUM).verdict).toBe(
          consensusOf('a', known, QUORUM).verdict,
        );
      }),
    );
  });
});

describe('the decision', () => {
  it('moves the name when a site is dead and another one can take over', () => {
    const said = [all('UNHEALTHY', null), all('UNKNOWN', true), all('HEALTHY', true)];
    expect(decide(situationOf(said, { ...calm, active: 'a' }), strict)).toMatchObject({
      action: 'flip',
      from: 'a',
      to: 'c',
    });
  });

  it.each<[string, Observation[], Observation[], Partial<Situation>]>([
    ['too few windows', all('UNHEALTHY', null, 2), all('HEALTHY', true), {}],
    ['one observer short', all('UNHEALTHY', null).slice(1), all('HEALTHY', true), {}],
    ['a standby that is read-only', all('UNHEALTHY', null), all('HEALTHY', false), {}],
    ['a standby of which nobody knows', all('UNHEALTHY', null), all('HEALTHY', null), {}],
    ['a standby that is dead too', all('UNHEALTHY', null), all('UNHEALTHY', null), {}],
    ['nothing heard', [], [], {}],
    ['the kill switch', all('UNHEALTHY', null), all('HEALTHY', true), { frozen: true }],
    ['hold-down', all('UNHEALTHY', null), all('HEALTHY', true), { heldDown: true }],
    ['too many flips', all('UNHEALTHY', null), all('HEALTHY', true), { flipsLastHour: 2 }],
    ['no fence', all('UNHEALTHY', null), all('HEALTHY', true), { fenced: false }],
    ['a provider that rests', all('UNHEALTHY', null), all('HEALTHY', true), { resting: true }],
    ['an unknown address', all('UNHEALTHY', null), all('HEALTHY', true), { active: null }],
  ])('stays with %s', (_, a, b, but) => {
    const situation = situationOf([a, b, []], { ...calm, active: 'a', ...but });
    expect(decide(situation, strict).action).toBe('stay');
  });

  it('never flips on unknown, never past a bound, never to what cannot be written to', () => {
    fc.assert(
      fc.property(heard, circumstances, limits, (said, rest, bounds) => {
        const situation = situationOf(said, rest);
        const decision = decide(situation, bounds);
        if (decision.action === 'stay') return;
        const of = (site: string): Consensus | undefined =>
          situation.sites.find((each) => each.site === site);
        expect(rest).toMatchObject({
          frozen: false,
          fenced: true,
          resting: false,
          heldDown: false,
        });
        expect(rest.flipsLastHour).toBeLessThan(bounds.flipsPerHour);
        expect([decision.from, of(decision.to)?.verdict, of(decision.to)?.writable]).toEqual([
          rest.active,
          'HEALTHY',
          true,
        ]);
        expect(decision.to).not.toBe(decision.from);
        if (bounds.riseWindows === null) expect(of(decision.from)?.verdict).toBe('UNHEALTHY');
        else if (of(decision.from)?.verdict !== 'UNHEALTHY') expect(decision.to).toBe('a');
      }),
      { numRuns: 5_000 },
    );
  });

  it('goes back by itself only when told so, and only after the rise windows', () => {
    const back = (streak: number, riseWindows: number | null): string => {
      const said = [all('HEALTHY', true, streak), all('HEALTHY', true), []];
      return decide(situationOf(said, { ...calm, active: 'b' }), { flipsPerHour: 2, riseWindows })
        .action;
    };
    expect([back(99, null), back(5, 6), back(6, 6)]).toEqual(['stay', 'stay', 'flip']);
  });
});
