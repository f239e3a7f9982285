import { performance } from 'node:perf_hooks';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { DEMO_PASSWORD, House } from '#test';

const ROUNDS = 21;

/**
 * Whether an answer's time tells that an account exists. Each round asks once for every kind, one
 * after the other, and compares within the round: a busy machine slows all of a round down. The
 * median over the rounds forgives the few where it did not. A hash takes most of the time, so that
 * leaving it out is a factor of four or more; the band of two is far from both.
 */
describe('the time of a refused sign-in', () => {
  let house: House;
  const kinds: Record<string, { login: string; password: string }> = {
    'a wrong password': { login: 'vendedora', password: 'no es esta, y es larga' },
    'a login that nobody has': { login: 'nadie.conocido', password: 'no es esta, y es larga' },
    'a disabled user’s right password': { login: 'vendedora.norte', password: DEMO_PASSWORD },
    'a user without a password': { login: 'sin.clave', password: 'no es esta, y es larga' },
    'an initial password that was used': { login: 'usada', password: '' },
  };

  beforeAll(async () => {
    house = await House.open();
    const admin = await house.as('admin');
    const norte = (await admin.get('base/users?login=vendedora.norte')).body.items[0];
    await admin.patch(`base/users/${norte.id}`, { active: false }, norte.version);
    await admin.post('base/users', { login: 'sin.clave', name: 'Nueva', roles: ['vendedora'] });
    const used = { login: 'usada', name: 'Usada', roles: ['vendedora'] };
    const { id } = (await admin.post('base/users', used)).body as { id: string };
    const password = String((await admin.post(`auth/users/${id}/reset`)).body.initialPassword);
    kinds['an initial password that was used'] = { login: 'usada', password };
    expect((await house.nobody.post('auth/login', { login: 'usada', password })).status).toBe(200);
  });

  /** Milliseconds of one refused attempt, and what the answer says beside its request id. */
  async function refused(kind: string): Promise<{ ms: number; said: string }> {
    const start = performance.now();
    const { status, body, headers } = await house.nobody.post('auth/login', kinds[kind] ?? {});
    const ms = performance.now() - start;
    expect([kind, status]).toEqual([kind, 401]);
    const names = Object.keys(headers).sort();
    return { ms, said: JSON.stringify([{ ...body, requestId: '' }, names]) };
  }

  it('is the same for every reason, and so is the answer', async () => {
    const names = Object.keys(kinds);
    const times = new Map<string, number[]>(names.map((name) => [name, []]));
    const said = new Set<string>();
    for (let round = 0; round < ROUNDS; round += 1) {
      // What is measured is a judgement; the slowing of guesses has its own test.
      await house.rows('owner', 'DELETE FROM auth_attempt');
      // Another one begins each round, so that none is always the one after a pause.
      for (let index = 0; index < names.length; index += 1) {
        const kind = names[(round + index) % names.length] ?? '';
        const attempt = await refused(kind);
        times.get(kind)?.push(attempt.ms);
        said.add(attempt.said);
      }
    }
    expect([...said]).toHaveLength(1);
    const usual = times.get('a wrong password') ?? [];
    for (const [kind, measured] of times) {
      const ratio = median(measured.map((ms, round) => ms / (usual[round] ?? NaN)));
      expect([kind, ratio > 0.5 && ratio < 2, ratio]).toEqual([kind, true, ratio]);
    }
  }, 120_000);
});

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}
