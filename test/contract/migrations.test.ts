import { randomBytes } from 'node:crypto';
import { afterEach, describe, expect, it } from '@jest/globals';
import { bootstrap, driftBetween, dropDatabase, kernel, makeDatabase, shippedAddons } from '#test';
import type { TestUrls } from '#test';

const { Installation, inDependencyOrder, kernelAddon } = kernel;
const quiet = (): void => {};

/** Every addon migrates up and down, alone with its dependencies, to what its entities say. */
describe('migrations', () => {
  const made: string[] = [];

  afterEach(async () => {
    for (const name of made.splice(0)) await dropDatabase(name);
  });

  async function emptyDatabase(): Promise<TestUrls> {
    const name = `migrations_${randomBytes(6).toString('hex')}`;
    made.push(name);
    return makeDatabase(name, 'empty');
  }

  it.each(shippedAddons.map((addon) => addon.name))(
    '%s: installs with only its dependencies, goes up, down and up again, without drift',
    async (name) => {
      const addon = shippedAddons.find((each) => each.name === name);
      if (!addon) throw new Error(`no addon ${name}`);
      const { owner } = await emptyDatabase();
      await Installation.asOwner(
        { ownerUrl: owner, kernel: kernelAddon, report: quiet },
        async (installation) => {
          await installation.install([addon]);
          const expected = inDependencyOrder([addon]).map((each) => each.name);
          expect(await installation.installedNames()).toEqual([...expected].sort());
          const entities = [kernelAddon, ...inDependencyOrder([addon])].flatMap(
            (each) => each.entities,
          );
          expect(await driftBetween(owner, entities)).toEqual([]);

          const tables = await installation.tablesOf(addon);
          for (const migration of [...addon.migrations].reverse()) {
            await installation.revert(addon, migration);
          }
          expect(await installation.tablesOf(addon)).toEqual([]);
          await installation.install([addon]);
          expect(await installation.tablesOf(addon)).toEqual(tables);
          expect(await driftBetween(owner, entities)).toEqual([]);
        },
      );
    },
  );

  it('goes down to nothing and up again as a whole', async () => {
    const { owner } = await emptyDatabase();
    await bootstrap.migrate(owner, shippedAddons, quiet);
    await Installation.asOwner(
      { ownerUrl: owner, kernel: kernelAddon, report: quiet },
      async (installation) => {
        for (const addon of [kernelAddon, ...inDependencyOrder(shippedAddons)].reverse()) {
          for (const migration of [...addon.migrations].reverse()) {
            await installation.revert(addon, migration);
          }
        }
        const left = await installation.query<{ name: string }>(
          `SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace
           AND relkind IN ('r', 'p', 'v') ORDER BY 1`,
        );
        expect(left.map(({ name }) => name)).toEqual(['kernel_addon', 'kernel_migration']);
        const functions = await installation.query(
          `SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace`,
        );
        expect(functions).toEqual([]);
      },
    );
    expect(await bootstrap.migrate(owner, shippedAddons, quiet)).toBeGreaterThan(0);
    expect(await bootstrap.migrate(owner, shippedAddons, quiet)).toBe(0);
  });

  it('lets two operators migrate at once', async () => {
    const { owner } = await emptyDatabase();
    const applied = await Promise.all([
      bootstrap.migrate(owner, shippedAddons, quiet),
      bootstrap.migrate(owner, shippedAddons, quiet),
    ]);
    expect(applied.filter((count) => count === 0)).toHaveLength(1);
  });

  it('leaves nothing of a migration that fails', async () => {
    const { owner } = await emptyDatabase();
    const broken = kernel.defineAddon({
      name: 'broken',
      version: '0.1.0',
      summary: 'fails half-way',
      module: class {},
      migrations: [
        class {
          readonly name = 'HalfWay0001';
          async up(runner: { query(sql: string): Promise<unknown> }): Promise<void> {
            await runner.query('CREATE TABLE broken_thing (id uuid)');
            await runner.query('SELECT 1 / 0');
          }
          async down(): Promise<void> {}
        },
      ],
    });
    await Installation.asOwner(
      { ownerUrl: owner, kernel: kernelAddon, report: quiet },
      async (installation) => {
        await expect(installation.install([broken])).rejects.toThrow('division by zero');
        expect(await installation.tablesOf(broken)).toEqual([]);
        expect(await installation.installedNames()).toEqual([]);
      },
    );
  });

  it('lets older code serve over what only expands, and no longer after what contracts', async () => {
    const { owner, application } = await emptyDatabase();
    const step = (name: string, phase: 'expand' | 'contract', sql: string) =>
      class {
        readonly name = name;
        readonly phase = phase;
        async up(runner: { query(text: string): Promise<unknown> }): Promise<void> {
          await runner.query(sql);
        }
        async down(): Promise<void> {}
      };
    const steps = [
      step('Probe0001', 'expand', 'CREATE TABLE probe_card (old text)'),
      step('Probe0002', 'expand', 'ALTER TABLE probe_card ADD COLUMN new text'),
      step('Probe0003', 'contract', 'ALTER TABLE probe_card DROP COLUMN old'),
      step('Probe0004', 'expand', 'ALTER TABLE probe_card ADD COLUMN more text'),
    ];
    const releases = ['0.1.0', '0.2.0', '0.3.0', '0.4.0'].map((version, n) =>
      kernel.defineAddon({
        ...{ name: 'probe', version, depends: [], summary: 'One that grows' },
        ...{ migrations: steps.slice(0, n + 1), module: class Probe {} },
      }),
    );
    const refused = async (): Promise<boolean[]> => {
      const dataSource = kernel.createDataSource({
        ...{ url: application, entities: [], poolSize: 1, applicationName: 'probe' },
      });
      await dataSource.initialize();
      try {
        const found = await Promise.all(
          releases.map((each) => kernel.composeInstalled(dataSource, kernelAddon, [each])),
        );
        return found.map(({ faults }) => faults.some((fault) => fault.includes('newer than')));
      } finally {
        await dataSource.destroy();
      }
    };
    const seen: boolean[][] = [];
    for (const release of releases) {
      await bootstrap.migrate(owner, [release], quiet);
      seen.push(await refused());
    }
    expect(seen).toEqual([
      [false, false, false, false],
      [false, false, false, false],
      [true, true, false, false],
      [true, true, false, false],
    ]);
  });

  it('sees drift: a column too many, one too few, another type, another nullability', async () => {
    const { owner } = await emptyDatabase();
    await bootstrap.migrate(owner, shippedAddons, quiet);
    const entities = [kernelAddon, ...shippedAddons].flatMap((addon) => addon.entities);
    expect(await driftBetween(owner, entities)).toEqual([]);
    await Installation.asOwner(
      { ownerUrl: owner, kernel: kernelAddon, report: quiet },
      async ({ query }) => {
        await query('ALTER TABLE base_branch ADD COLUMN extra text');
        await query('ALTER TABLE base_branch DROP COLUMN address');
        await query('ALTER TABLE sales_order_line ALTER COLUMN quantity TYPE integer');
        await query('ALTER TABLE payments_payment ALTER COLUMN method DROP NOT NULL');
      },
    );
    const drift = await driftBetween(owner, entities);
    expect(drift).toEqual([
      'base_branch.address is missing in the database',
      'base_branch.extra is in no entity',
      'payments_payment.method is nullable in the database only',
      'sales_order_line.quantity is integer, the entity says numeric(12,3)',
    ]);
  });
});
