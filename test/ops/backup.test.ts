import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BackupLab, chain, openSession, shop, takeOrder, kernel } from '#test';
import type { House, Standing } from '#test';

interface Evidence {
  readonly good: boolean;
  readonly dump: string;
  readonly source: string;
  readonly tables: number;
  readonly file: string;
  readonly looks: readonly { what: string; good: boolean; sentence: string }[];
}

/** Dump, manifest, off-site copy and restore test, over a real PostgreSQL 15 and a real restic. */
describe('backups that are proven by restoring them', () => {
  let lab: BackupLab;
  let house: House;

  beforeAll(async () => {
    lab = await BackupLab.open();
    house = await lab.house();
    await pay(3);
    await chain.seal(house);
  }, 400_000);

  afterAll(async () => {
    await house?.close();
    await lab?.close();
  });

  async function pay(count: number): Promise<void> {
    const client = await house.as('vendedora');
    const centro = await shop(client);
    const open = await client.get('payments/cash-sessions?state=open&limit=1');
    if (open.body.items.length === 0) await openSession(client, centro.registerIds[0] ?? '', 0);
    for (let n = 0; n < count; n += 1) {
      const { id: orderId } = await takeOrder(client, centro, 1, 'TERNO');
      const body = { orderId, method: 'cash', amount: 1_000 };
      const { status, text } = await client.pay('payments/payments', body, kernel.newId());
      expect([status, status === 201 ? '' : text]).toEqual([201, '']);
    }
  }

  const dumps = (): string[] => readdirSync(join(lab.file('backups'), 'dumps'));

  it('dumps with a manifest of the same snapshot', async () => {
    const { code, said, output } = await lab.told<Standing[]>(['run']);
    expect([code, output]).toEqual([0, output]);
    expect(said.map(({ concern, good }) => [concern, good])).toEqual([['dump', true]]);
    expect(dumps()).toHaveLength(1);
    const folder = join(lab.file('backups'), 'dumps', dumps()[0] ?? '');
    const manifest = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8'));
    const [{ sum, rows }] = (await lab.rows(
      'SELECT sum(amount)::text AS sum, count(*)::text AS rows FROM payments_payment',
    )) as [{ sum: string; rows: string }];
    expect(manifest.tables['public.payments_payment']).toMatchObject({
      rows,
      sums: { amount: sum },
    });
    expect(manifest.audit).toHaveLength(1);
    expect(lab.alert('dump')).toMatchObject({ good: true });
  }, 400_000);

  it('restores the dump where it harms nobody, and proves it', async () => {
    const { code, said, output } = await lab.told<Evidence>(['restore-test']);
    expect([code, output]).toEqual([0, output]);
    expect(said.looks.filter(({ good }) => !good)).toEqual([]);
    expect(said.looks.map(({ what }) => what)).toEqual([
      ...['age', 'copy', 'installation', 'restore', 'tables', 'schema', 'audit chain', 'ledger'],
      'sealing',
    ]);
    expect(existsSync(said.file)).toBe(true);
    expect(readdirSync(join(lab.file('backups'), 'scratch'))).toEqual([]);
    expect(lab.alert('restore-test')).toMatchObject({ good: true });
  }, 400_000);
});
