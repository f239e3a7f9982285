import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { Client as Connection } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BackupLab, chain, openSession, playbook, shop, takeOrder, kernel } from '#test';
import type { House, RestoreEvidence, Standing } from '#test';

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

  const dumps = (): string[] => lab.dumps();

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

  it('copies it elsewhere, and proves the copy by restoring it where it harms nobody', async () => {
    expect((await lab.backup(['setup'], lab.offsite)).code).toBe(0);
    expect((await lab.backup(['setup'], lab.offsite)).output).toMatch(/was there/);
    const copied = await lab.backup(['run', '--only', 'offsite'], lab.offsite);
    expect([copied.code, copied.output]).toEqual([0, copied.output]);
    const script = resolve('infra/backups/pg_restore_smoke_test.sh');
    const { code, output } = await lab.shell(`${script} --json`, lab.offsite);
    expect([code, output]).toEqual([0, output]);
    const said = JSON.parse(output) as RestoreEvidence;
    expect(said.looks.filter(({ good }) => !good)).toEqual([]);
    expect(said.looks.map(({ what }) => what)).toEqual([
      ...['age', 'copy', 'installation', 'restore', 'tables', 'schema', 'audit chain', 'ledger'],
      'sealing',
    ]);
    expect([said.source, said.good]).toEqual(['offsite', true]);
    expect(JSON.parse(readFileSync(said.file, 'utf8'))).toMatchObject({ good: true });
    expect(readdirSync(join(lab.file('backups'), 'scratch'))).toEqual([]);
    expect(lab.alert('restore-test')).toMatchObject({ good: true });
    const status = await lab.told<Standing[]>(['status'], lab.offsite);
    expect([status.code, status.said.map(({ state }) => state)]).toEqual([
      ...[0, ['good', 'good', 'good']],
    ]);
  }, 400_000);

  it('goes on sealing behind the chain in a cluster that was made from a dump', async () => {
    const tip = await chain.seal(house);
    const data = lab.file('restored');
    const args = ['restore', '--dump', dumps()[0] ?? '', '--into', data];
    const dry = await lab.backup([...args, '--dry-run']);
    expect([dry.code, existsSync(data)]).toEqual([0, false]);
    const { code, output } = await lab.backup(args);
    expect([code, output]).toEqual([0, output]);
    const over = (await lab.backup(args)).output;
    expect(over).toContain('is not empty');
    const copy = await lab.startCopy(data);
    try {
      const restored = await lab.house(copy.urls);
      // Nothing was written since the dump: its tip is the live one's or comes before it.
      const before = await chain.seal(restored);
      const client = await restored.as('vendedora');
      expect((await client.get('payments/payments?limit=1')).status).toBe(200);
      await (await restored.as('admin')).get('audit/export?format=jsonl');
      const after = await chain.seal(restored);
      expect(Number(after.split(':')[0])).toBeGreaterThan(Number(before.split(':')[0]));
      expect(await chain.verify(restored, before)).toEqual([]);
      expect(Number(tip.split(':')[0])).toBeGreaterThan(0);
      await restored.close();
    } finally {
      await copy.stop();
    }
  }, 400_000);

  it('does what the playbooks say', async () => {
    for (const page of ['backup_and_restore', 'playbooks/backup_missing']) {
      const blocks = playbook.blocksOf(playbook.pageOf(`runbooks/${page}.md`));
      const ours = blocks.filter(({ host }) => host === 'backup');
      expect([page, ours.length]).toEqual([page, expect.any(Number)]);
      expect(blocks.filter(({ host }) => !['backup', 'fisico'].includes(host))).toEqual([]);
      for (const { text } of ours) {
        const env = { ...lab.offsite, DESTINO: lab.file(`from-${basename(page)}`) };
        const { code, output } = await lab.shell(text, env);
        expect([text, code, output]).toEqual([text, 0, output]);
      }
    }
  }, 400_000);

  it('lets one runner in at a time', async () => {
    // pg_dump waits for a table: the first is still at work, however slow the second one comes.
    const client = new Connection({ connectionString: lab.server.urls.superuser });
    await client.connect();
    await client.query('BEGIN; LOCK TABLE payments_payment IN ACCESS EXCLUSIVE MODE');
    const first = lab.start(['run']);
    await first.until(/dump: pg_dump/, 200_000);
    const second = await lab.backup(['run']);
    await client.end();
    expect([second.code, second.output]).toEqual([1, expect.stringMatching(/Process \d+/)]);
    expect(second.output).toContain(`${first.pid}`);
    expect((await first.end()).code).toBe(0);
  }, 400_000);

  it.each([
    ['dump: pg_dump', 'run'],
    ['dump: counting public.sales', 'run'],
    ['dump: reading it back', 'run'],
    ['offsite: copying the dump', 'run'],
    ['offsite: forgetting', 'run'],
    ['restore: making a cluster', 'restore-test'],
    ['restore: loading the dump', 'restore-test'],
    ['restore-test: verifying the audit chain', 'restore-test'],
  ])(
    'killed at “%s” of %s, the next works',
    async (step, verb) => {
      const before = dumps().filter((name) => !name.startsWith('.'));
      // None is too old: whatever is gone was lost by the kill.
      const offsite = { ...lab.offsite, BACKUP_KEEP_DUMPS: '99' };
      // Some steps last a moment: one that was over before it was killed harmed nobody, and is begun again.
      for (let code: number | null = 0, tries = 0; code !== null; tries += 1) {
        expect([step, tries]).toEqual([step, Math.min(tries, 4)]);
        const victim = lab.start([verb], offsite);
        await victim.until(new RegExp(step), 300_000);
        ({ code } = await victim.end('SIGKILL'));
      }
      // What was good is still there, whole.
      for (const id of before) expect(dumps()).toContain(id);
      const { code, output } = await lab.backup(
        verb === 'run' ? ['run'] : ['restore-test', '--from', 'local'],
        verb === 'run' ? offsite : {},
      );
      expect([code, output]).toEqual([0, output]);
      expect(dumps().filter((name) => name.startsWith('.'))).toEqual([]);
      const scratch = join(lab.file('backups'), 'scratch');
      expect(readdirSync(scratch)).toEqual([]);
      expect(servers(scratch)).toEqual([]);
    },
    400_000,
  );

  it('keeps as many dumps as it is told, and reads back all that is stored', async () => {
    const { code, output } = await lab.backup(['run'], { BACKUP_KEEP_DUMPS: '2' });
    expect([code, dumps().length, output]).toEqual([0, 2, output]);
    const checked = await lab.backup(['check'], lab.offsite);
    expect([checked.code, checked.output]).toEqual([0, checked.output]);
  }, 400_000);

  it('says that it is late, and tells whoever is on duty', async () => {
    const state = join(lab.file('backups'), 'state.json');
    const old = new Date(Date.now() - 40 * 86_400_000).toISOString();
    const text = readFileSync(state, 'utf8');
    writeFileSync(state, text.replace(/("restoreTest": \{\s*"at": )"[^"]+"/, `$1"${old}"`));
    const { code, said } = await lab.told<Standing[]>(['status', '--tell']);
    writeFileSync(state, text);
    expect([code, said.at(-1)]).toEqual([
      2,
      expect.objectContaining({ concern: 'restore-test', state: 'late' }),
    ]);
    expect(lab.alert('restore-test')).toMatchObject({ good: false });
  }, 400_000);

  /** Servers that run on a folder. */
  function servers(folder: string): string[] {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .flatMap((pid) => {
        try {
          return [readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')];
        } catch {
          return [];
        }
      })
      .filter((line) => line.includes('postgres') && line.includes(folder));
  }
});
