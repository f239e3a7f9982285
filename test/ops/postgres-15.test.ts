import { existsSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { run } from '#test';

const BINARIES = '/usr/lib/postgresql/15/bin';

/** The oldest PostgreSQL that the house supports. */
describe('PostgreSQL 15', () => {
  it('passes the contract tests and the money journeys', async () => {
    expect([BINARIES, existsSync(`${BINARIES}/initdb`)]).toEqual([BINARIES, true]);
    const args = ['--experimental-vm-modules', 'node_modules/jest/bin/jest.js'];
    const suites = ['test/contract', 'money-at-once', 'shop-day', 'audit', 'src/kernel/database'];
    const env = { OFITEC_TEST_POSTGRES: BINARIES, CI: 'true' };
    const { code, output } = await run(process.execPath, [...args, ...suites], { env }).end();
    const counts = /\n(\d+) passed, (\d+) failed\n*$/.exec(output);
    expect([code, counts?.[2], code === 0 ? '' : output]).toEqual([0, '0', '']);
    expect(Number(counts?.[1])).toBeGreaterThan(90);
  }, 590_000);
});
