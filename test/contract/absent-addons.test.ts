import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { bootstrap, dropDatabase, kernel, makeDatabase } from '#test';
import type { TestUrls } from '#test';

const { Installation, kernelAddon } = kernel;
const quiet = (): void => {};

interface Runner {
  query(sql: string): Promise<unknown>;
}

/** A release that brings an addon in is taken back: what the older code, which does not have it, may do then. */
describe('an addon that a newer release brought in', () => {
  const database = `absent_${randomBytes(6).toString('hex')}`;
  const newer = { ...kernelAddon, version: '0.2.0' };
  let urls: TestUrls;

  const step = (name: string, sql: string, phase: 'expand' | 'contract' = 'expand') =>
    class {
      readonly name = name;
      readonly phase = phase;
      async up(runner: Runner): Promise<void> {
        await runner.query(sql);
      }
      async down(): Promise<void> {}
    };

  const base = kernel.defineAddon({
    ...{ name: 'probe', version: '0.1.0', summary: 'One that both have', module: class Probe {} },
    migrations: [step('Probe0001', 'CREATE TABLE probe_card (id uuid PRIMARY KEY, word text)')],
  });

  const novelty = (
    steps: readonly (readonly [string, ('expand' | 'contract')?])[],
    more: Partial<kernel.AddonDefinition> = {},
  ): kernel.Addon =>
    kernel.defineAddon({
      ...{ name: 'novelty', version: '0.2.0', summary: 'One that is new', depends: [base] },
      migrations: steps.map(([sql, phase], n) => step(`Novelty000${n + 1}`, sql, phase)),
      module: class Novelty {},
      ...more,
    });

  beforeAll(async () => {
    urls = await makeDatabase(database, 'empty');
    await bootstrap.migrate(urls.owner, [base], quiet);
  });

  afterAll(() => dropDatabase(database));

  const asOwner = <T>(
    house: kernel.Addon,
    work: (desk: kernel.Installation) => Promise<T>,
  ): Promise<T> =>
    Installation.asOwner({ ownerUrl: urls.owner, kernel: house, report: quiet }, work);

  const asNew = (addon: kernel.Addon): Promise<number> =>
    asOwner(newer, (desk) => desk.install([addon]));

  /** As the release before has it, or as the newer one does. */
  async function composed(
    house: kernel.Addon,
    addons: readonly kernel.Addon[],
  ): Promise<{ absent: string[]; faults: string[] }> {
    const dataSource = kernel.createDataSource({
      ...{ url: urls.application, entities: [], poolSize: 1, applicationName: 'probe' },
    });
    await dataSource.initialize();
    try {
      const found = await kernel.composeInstalled(dataSource, house, addons);
      const faults = found.faults.filter((fault) => fault.includes('novelty'));
      return { absent: found.absent.map(({ name }) => name), faults };
    } finally {
      await dataSource.destroy();
    }
  }

  const older = (): ReturnType<typeof composed> => composed(kernelAddon, [base]);
  const served = { absent: ['novelty'], faults: [] };
  const refused = (words: string): object => ({
    absent: [],
    faults: [
      expect.stringMatching(new RegExp(`^addon novelty is installed, but its code.*${words}`)),
    ],
  });
  const takeOut = (): Promise<void> =>
    asOwner(newer, async (desk) => {
      await desk.forget('novelty');
      await desk.query(`DELETE FROM kernel_migration WHERE addon = 'novelty'`);
      await desk.query('DROP TABLE IF EXISTS novelty_stamp');
      await desk.query('DROP TRIGGER IF EXISTS novelty_guard ON probe_card');
      await desk.query('DROP POLICY IF EXISTS novelty_only ON probe_card');
      await desk.query('ALTER TABLE probe_card DROP CONSTRAINT IF EXISTS novelty_word');
      await desk.query('ALTER TABLE probe_card DROP COLUMN IF EXISTS stamp');
      await desk.query('DROP INDEX IF EXISTS novelty_once');
    });

  const TABLE = 'CREATE TABLE novelty_stamp (id uuid PRIMARY KEY REFERENCES probe_card)';
  const TRIGGER = `CREATE TRIGGER novelty_guard BEFORE UPDATE ON probe_card
    FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()`;

  it('is served without where it has tables of its own, and migrating leaves it as it is', async () => {
    await asNew(novelty([[TABLE], ['ALTER TABLE probe_card ADD COLUMN stamp text']]));
    expect(await older()).toEqual(served);
    expect(await bootstrap.migrate(urls.owner, [base], quiet)).toBe(0);
    expect(await older()).toEqual(served);
    // The release that had it, and lost it, does not start: that is no way back.
    expect(await composed(newer, [base])).toEqual(refused('not here$'));
    await takeOut();
    expect(await older()).toEqual({ absent: [], faults: [] });
  });

  it.each([
    ['a trigger', TRIGGER, 'trigger novelty_guard on probe_card'],
    [
      'a constraint',
      `ALTER TABLE probe_card ADD CONSTRAINT novelty_word CHECK (word <> '')`,
      'constraint novelty_word on probe_card',
    ],
    [
      'a unique index',
      'CREATE UNIQUE INDEX novelty_once ON probe_card (word)',
      'unique index novelty_once on probe_card',
    ],
    [
      'a column that wants a value',
      'ALTER TABLE probe_card ADD COLUMN stamp text NOT NULL',
      'column probe_card.stamp without a default',
    ],
    [
      'a policy',
      'CREATE POLICY novelty_only ON probe_card AS RESTRICTIVE USING (true)',
      'policy novelty_only on probe_card',
    ],
  ])('is not served without where it puts %s on others’ tables', async (_, sql, words) => {
    await asNew(novelty([[TABLE], [sql]]));
    expect(await older()).toEqual(refused(words));
    // Once recorded it stays known, whoever migrates again.
    await asNew(novelty([[TABLE], [sql]]));
    expect(await older()).toEqual(refused(words));
    await takeOut();
  });

  it('is known to bind although the migration after that one failed', async () => {
    const steps = [[TABLE], [TRIGGER], ['SELECT 1 / 0']] as const;
    await expect(asNew(novelty(steps))).rejects.toThrow('division by zero');
    await asNew(novelty(steps.slice(0, 2)));
    expect(await older()).toEqual(refused('trigger novelty_guard'));
    await asNew(novelty([...steps.slice(0, 2), ['DROP TRIGGER novelty_guard ON probe_card']]));
    expect(await older()).toEqual(served);
    await takeOut();
  });

  it('is not served without after what contracts, by its manifest, or as nobody knows how', async () => {
    await asNew(novelty([[TABLE], ['SELECT 1', 'contract']]));
    expect(await older()).toEqual(refused('contract Novelty0002'));
    await takeOut();
    await asNew(novelty([[TABLE]], { indispensable: true }));
    expect(await older()).toEqual(refused('indispensable'));
    await takeOut();
    await asNew(novelty([[TABLE]]));
    const write = (absence: string): Promise<unknown> =>
      asOwner(newer, ({ query }) =>
        query(`UPDATE kernel_addon SET absence = ${absence} WHERE name = 'novelty'`),
      );
    // A word that a release after this one thought of; and a row of one before, which knew of nothing.
    await write(`jsonb_set(absence, '{asks}', '["deliveries", "dancing"]')`);
    expect(await older()).toEqual(refused('without it: dancing$'));
    await write('NULL');
    expect(await older()).toEqual(refused('not here$'));
  });
});
