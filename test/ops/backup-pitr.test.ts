import { chownSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BackupLab, chain, DAMAGES, kernel, openSession, playbook, shop, takeOrder } from '#test';
import type { Client, House, Standing } from '#test';

const ARCHIVE_SECONDS = 5;

/** pgBackRest under a real PostgreSQL 15: to a second, after the loss of everything, and damaged. */
describe('physical backups', () => {
  let lab: BackupLab;
  let house: House;
  let client: Client;
  let orderIds: string[];
  const paid: { id: string; at: number }[] = [];

  beforeAll(async () => {
    lab = await BackupLab.open({ archiveSeconds: ARCHIVE_SECONDS });
    house = await lab.house();
    client = await house.as('vendedora');
    const centro = await shop(client);
    await openSession(client, centro.registerIds[0] ?? '', 0);
    const orders = Array.from({ length: 10 }, () => takeOrder(client, centro, 100, 'TERNO'));
    orderIds = (await Promise.all(orders)).map(({ id }) => id);
  }, 400_000);

  afterAll(async () => {
    await house?.close();
    await lab?.close();
  });

  /** One payment. @returns when it was acknowledged */
  async function pay(): Promise<number> {
    const orderId = orderIds[paid.length % orderIds.length] ?? '';
    const body = { orderId, method: 'cash', amount: 100 };
    const { status, body: answer } = await client.pay('payments/payments', body, kernel.newId());
    expect(status).toBe(201);
    paid.push({ id: String(answer.id), at: Date.now() });
    return Date.now();
  }

  async function restored(data: string): Promise<{ ids: string[]; faults: string[] }> {
    const server = await lab.startRestored(data);
    const urls = {
      application: server.url('ofitec_app', 'test', 'ofitec'),
      owner: server.url('ofitec_owner', 'test', 'ofitec'),
    };
    const copy = await lab.house(urls);
    try {
      const rows = await lab.rows<{ id: string }>(
        'SELECT id FROM payments_payment',
        server.superuserUrl('ofitec'),
      );
      return { ids: rows.map(({ id }) => id), faults: await chain.verify(copy) };
    } finally {
      await copy.close();
      await server.stop();
    }
  }

  it('makes its stanza, takes a full backup, then what differs', async () => {
    const made = await lab.backup(['setup'], lab.physical);
    expect([made.code, made.output]).toEqual([0, made.output]);
    const first = await lab.told<Standing[]>(['run', '--only', 'physical'], lab.physical);
    expect([first.code, first.said[0]?.sentence]).toEqual([0, expect.stringMatching(/F: full$/)]);
    const second = await lab.told<Standing[]>(['run', '--only', 'physical'], lab.physical);
    expect([second.code, second.said[0]?.sentence]).toEqual([0, expect.stringMatching(/D: diff$/)]);
    const checked = await lab.backup(['check'], lab.physical);
    expect(checked.output).toMatch(/good +physical backups/);
    const { said } = await lab.told<Standing[]>(['status'], lab.physical);
    expect(said.find(({ concern }) => concern === 'physical')?.state).toBe('good');
  }, 400_000);

  it('goes back to a second: payments before it are there, after it are not', async () => {
    for (let n = 0; n < 3; n += 1) await pay();
    await sleep(1_200);
    const to = `${new Date().toISOString().slice(0, 19)}Z`;
    const before = paid.filter(({ at }) => at < Date.parse(to)).map(({ id }) => id);
    expect(before).toHaveLength(3);
    await sleep(1_200);
    for (let n = 0; n < 3; n += 1) await pay();
    await lab.rows('SELECT pg_switch_wal()');
    const into = lab.file('restored/second');
    const dry = await lab.backup(
      ['restore', '--to', to, '--into', into, '--dry-run'],
      lab.physical,
    );
    expect([dry.code, existsSync(into)]).toEqual([0, false]);
    const env = { ...lab.physical, MOMENTO: to, DESTINO: into };
    const { code, output } = await lab.shell(commands()[0] ?? '', env);
    expect([code, output]).toEqual([0, output]);
    const found = await restored(into);
    expect(found.ids.sort()).toEqual(before.sort());
    expect(found.faults).toEqual([]);
    const again = await lab.backup(['restore', '--to', to, '--into', into], lab.physical);
    expect([again.code, again.output]).toEqual([1, expect.stringContaining('is not empty')]);
  }, 400_000);

  /** The largest file of the full backup's tables, as the repository keeps it. */
  function stored(): string {
    const root = join(lab.file('var/lib/pgbackrest'), 'backup', 'ofitec');
    const full = readdirSync(root).find((name) => /^\d{8}-\d{6}F$/.test(name)) ?? '';
    return lab.largest(join(root, full, 'pg_data', 'base'));
  }

  it.each(DAMAGES)(
    'finds a %s file of the repository',
    async (_, damage) => {
      const { code, said } = await lab.damaged(stored(), damage, () =>
        lab.told<Standing[]>(['check'], lab.physical),
      );
      const [bad, ...others] = said.filter(
        ({ good, concern }) => concern === 'physical' && good === false,
      );
      expect([code, bad?.sentence, others]).toEqual([2, expect.stringContaining('damaged'), []]);
      expect(lab.alert('physical')).toMatchObject({ good: false });
    },
    120_000,
  );

  it('says that the passphrase is lost', async () => {
    const config = lab.file('lost.conf');
    const text = readFileSync(lab.file('pgbackrest.conf'), 'utf8');
    writeFileSync(config, text.replace(/(cipher-pass=).*/, '$1another'), { mode: 0o600 });
    chownSync(config, 65_534, 65_534);
    const env = { ...lab.physical, BACKUP_PGBACKREST_CONFIG: config };
    for (const args of [['status'], ['check'], ['run', '--only', 'physical']]) {
      const { code, output } = await lab.backup(args, env);
      expect([args, code, output]).toEqual([
        args,
        args[0] === 'run' ? 1 : 2,
        expect.stringMatching(/passphrase does not open/),
      ]);
    }
  }, 400_000);

  it('loses little of what was acknowledged when the whole primary is lost', async () => {
    const until = Date.now() + 3 * ARCHIVE_SECONDS * 1_000;
    while (Date.now() < until) {
      await pay();
      await sleep(50);
    }
    lab.server.kill();
    const lostAt = Date.now();
    await house.close();
    await lab.server.stop().catch(() => undefined);
    rmSync(join(lab.folder, 'pg', 'postgres'), { recursive: true, force: true });
    const into = lab.file('restored/latest');
    for (const text of commands().slice(1)) {
      const { code, output } = await lab.shell(text, { ...lab.physical, DESTINO2: into });
      expect([text, code, output]).toEqual([text, 0, output]);
    }
    const { ids, faults } = await restored(into);
    const known = new Set(ids);
    const kept = paid.filter(({ id }) => known.has(id));
    const lost = paid.filter(({ id }) => !known.has(id));
    // A prefix: what was acknowledged first is never lost while something later is there.
    expect(paid.slice(0, kept.length)).toEqual(kept);
    const seconds = (lostAt - (kept.at(-1)?.at ?? 0)) / 1_000;
    expect(seconds).toBeLessThan(ARCHIVE_SECONDS + 10);
    expect(faults).toEqual([]);
    evidence({
      archiveTimeoutSeconds: ARCHIVE_SECONDS,
      secondsLost: seconds,
      payments: lost.length,
    });
  }, 400_000);
});

/** The playbook's commands for pgBackRest, in their order. */
function commands(): string[] {
  const blocks = playbook.blocksOf(playbook.pageOf('runbooks/backup_and_restore.md'));
  return blocks.filter(({ host }) => host === 'fisico').map(({ text }) => text);
}

/** `OFITEC_EVIDENCE=file` keeps what was measured. */
function evidence(measured: object): void {
  const file = process.env['OFITEC_EVIDENCE'];
  if (file) writeFileSync(file, `${JSON.stringify(measured)}\n`);
}
