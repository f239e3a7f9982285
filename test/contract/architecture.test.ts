import 'reflect-metadata';
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  globSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { faultyAddons, kernel, shippedAddons } from '#test';

/** The rules of the house over every addon, and each rule seen to fail where it is broken. */
describe('boot verification', () => {
  it('finds nothing wrong with what ships', () => {
    expect(kernel.addonFaults([kernel.kernelAddon, ...shippedAddons])).toEqual([]);
  });

  it.each(Object.entries(faultyAddons))('sees %s', (_, { addons, faults }) => {
    expect(kernel.addonFaults(addons)).toEqual(faults);
  });

  it('tells every fault of every addon at once', () => {
    const all = Object.values(faultyAddons).flatMap(({ addons }) => addons);
    const told = kernel.addonFaults(all).join('\n');
    for (const { faults } of Object.values(faultyAddons)) {
      for (const fault of faults) expect(told).toContain(fault);
    }
  });
});

/** dependency-cruiser's rules, each seen to fail in a copy of the sources where it is broken. */
describe('who may import whom', () => {
  let copy: string;
  const root = resolve('.');

  beforeAll(() => {
    copy = mkdtempSync(join(tmpdir(), 'ofitec-architecture-'));
    for (const name of ['src', 'modules', 'migrations', 'infra', 'package.json', 'tsconfig.json']) {
      cpSync(join(root, name), join(copy, name), { recursive: true });
    }
    cpSync(join(root, '.dependency-cruiser.cjs'), join(copy, '.dependency-cruiser.cjs'));
    symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  });

  afterAll(() => rmSync(copy, { recursive: true, force: true }));

  function violations(): string[] {
    const bin = join(root, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
    const args = [
      bin,
      'src',
      'modules',
      'migrations',
      'infra',
      '--config',
      '.dependency-cruiser.cjs',
    ];
    const result = spawnSync(process.execPath, [...args, '--output-type', 'json'], {
      cwd: copy,
      encoding: 'utf8',
      maxBuffer: 100_000_000,
    });
    const { summary } = JSON.parse(result.stdout) as {
      summary: { violations: { rule: { name: string }; from: string }[] };
    };
    return summary.violations
      .filter(({ from }) => from.includes('broken'))
      .map(({ rule }) => rule.name)
      .sort();
  }

  it('sees each broken rule', () => {
    const broken: Readonly<Record<string, string>> = {
      'src/kernel/broken-kernel.ts': `export { salesAddon } from '#modules/sales';`,
      'modules/sales/broken-door.ts': `export { Clock } from '../../src/kernel/values/clock.js';`,
      'modules/audit/broken-neighbour.ts': `export { Order } from '../sales/order/order.entity.js';`,
      'modules/audit/broken-way-in.ts': `export { shippedAddons } from '../../src/addons.js';`,
      'modules/audit/broken-migrations.ts': `export { salesMigrations } from '#migrations/sales';`,
      'infra/failover/broken-house.ts': `export { salesAddon } from '#modules/sales';`,
      'src/broken-infra.ts': `export { readFailover } from '../infra/failover/dns/config.js';`,
      'migrations/audit/broken-migration.ts': `export { Clock } from '#kernel';`,
      'modules/audit/broken-a.ts': `import { b } from './broken-b.js';\nexport const a = (): number => b();`,
      'modules/audit/broken-b.ts': `import { a } from './broken-a.js';\nexport const b = (): number => a();`,
    };
    for (const [name, text] of Object.entries(broken)) writeFileSync(join(copy, name), text);
    expect(violations()).toEqual([
      'addons-know-no-ways-in',
      'addons-own-migrations-only',
      'addons-through-their-door',
      'infra-runs-without-the-house',
      'infra-through-its-door',
      'kernel-knows-no-business',
      'kernel-through-its-door',
      'migrations-stand-alone',
      'no-cycles',
    ]);
  });
});

/**
 * PostgreSQL waits for a rival at the named key only. By a second unique key of the same row it refuses what was to be
 * passed over: of 6,735 times that sixteen inserted one row at once, some one was refused 1,126 times.
 */
const NAMES_A_KEY = /ON CONFLICT\s+(?:\([^)]*\)|ON CONSTRAINT\s+\w+)\s+DO\s+NOTHING/gi;

describe('a row that may be there already', () => {
  it('is passed over by whichever key', () => {
    const sources = globSync('{src,modules,infra,migrations}/**/*.ts');
    expect(sources.length).toBeGreaterThan(700);
    const naming = sources.flatMap((file) =>
      [...readFileSync(file, 'utf8').matchAll(NAMES_A_KEY)].map(([text]) => `${file}: ${text}`),
    );
    expect(naming).toEqual([]);
  });

  it('is seen where a key is named', () => {
    const [by, over] = ['ON CONFLICT (id)\n  DO NOTHING', 'ON CONFLICT (id) DO UPDATE SET a = 1'];
    expect([by.match(NAMES_A_KEY), over.match(NAMES_A_KEY)]).toEqual([[by], null]);
  });
});
