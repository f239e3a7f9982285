import { createHash } from 'node:crypto';
import { Client as Connection } from 'pg';
import { Installation, kernelAddon, runAsHouse } from '#kernel';
import { auditAddon } from '#modules/audit';
import { BlockStore } from '../../modules/audit/chain/block-store.js';
import { SealService } from '../../modules/audit/chain/seal.service.js';
import { inWords } from '../../modules/audit/chain/findings.js';
import { VerifyService } from '../../modules/audit/chain/verify.service.js';
import type { Anchor } from '../../modules/audit/chain/verify.service.js';
import { ArchiveCheckService } from '../../modules/audit/cut/archive-check.service.js';
import { CutService } from '../../modules/audit/cut/cut.service.js';
import type { House } from './house.js';
import type { TestUrls } from './server.js';
import { until } from './until.js';

/** Whether something was published that an older transaction, of whichever database, holds up. */
const HELD_UP = `SELECT FROM kernel_event
  WHERE transaction_id >= pg_snapshot_xmin(pg_current_snapshot()) LIMIT 1`;

/**
 * Seals everything in the first company, as soon as no transaction of another test's database holds it up.
 *
 * @returns the tip, `NUMBER:HASH`
 */
export async function seal(house: House): Promise<string> {
  const isSettled = async (): Promise<boolean> => (await house.rows('owner', HELD_UP)).length === 0;
  await until('what was published is settled', isSettled);
  return sealSettled(house);
}

/** Seals what is settled in the first company by now. @returns the tip, `NUMBER:HASH` */
export async function sealSettled(house: House): Promise<string> {
  return inCompany(house, async () => {
    const { number, hash } = await house.app.get(SealService, { strict: false }).sealedTip();
    return `${number}:${hash.toString('hex')}`;
  });
}

/** What a verification finds in the first company, in words. */
export async function verify(house: House, anchor?: string): Promise<string[]> {
  const [number, hash = ''] = anchor?.split(':') ?? [];
  const anchors: Anchor[] = anchor ? [{ number: Number(number), hash }] : [];
  return inCompany(house, async () => {
    const verifier = house.app.get(VerifyService, { strict: false });
    return (await verifier.verify(anchors)).findings.map(inWords);
  });
}

/** What an archive says that does not agree with the log it was cut from, in words; in a context of its company. */
export async function checkArchive(house: House, file: string): Promise<string[]> {
  const checks = house.app.get(ArchiveCheckService, { strict: false });
  const { reading, found } = await checks.read(file);
  return (await checks.check(reading, found)).findings.map(inWords);
}

/** What cuts the log. */
export function cutter(house: House): CutService {
  return house.app.get(CutService, { strict: false });
}

/**
 * Takes a database back to before events had a salt, and seals what is there as was done then: written down here
 * as it was, so that what reads it today is not compared with itself. What comes after is for `migrate` to apply.
 *
 * @returns how many blocks
 */
export async function sealBeforeSalts({ owner }: TestUrls, eventsOfBlock: number): Promise<number> {
  const options = { ownerUrl: owner, kernel: kernelAddon, report: () => {} };
  await Installation.asOwner(options, async (installation) => {
    for (const [addon, first] of [
      [auditAddon, 'Withdrawals0003'],
      [kernelAddon, 'Withdrawal0006'],
    ] as const) {
      const names = addon.migrations.map((migration) => new migration().name);
      for (const migration of addon.migrations.slice(names.indexOf(first)).reverse()) {
        await installation.revert(addon, migration);
      }
    }
  });
  const connection = new Connection({ connectionString: owner });
  await connection.connect();
  try {
    const { rows } = await connection.query<OldEvent>(OLD_EVENTS);
    let number = 0;
    let previous: Buffer = Buffer.alloc(32);
    for (let at = 0; at < rows.length; at += eventsOfBlock) {
      number += 1;
      previous = await sealOld(connection, number, rows.slice(at, at + eventsOfBlock), previous);
    }
    return number;
  } finally {
    await connection.end();
  }
}

interface OldEvent {
  readonly id: string;
  readonly company: string;
  readonly transaction: string;
  readonly said: (string | null)[];
}

const OLD_EVENTS = `SELECT id, company_id AS company, transaction_id::text AS transaction,
    ARRAY[id::text, company_id::text, (extract(epoch FROM created_at) * 1000)::bigint::text, action,
      schema_version::text, actor_id::text, actor_login, array_to_json(actor_roles)::text, ip, request_id,
      subject_type, subject_id::text, subject_label, changes::text, reason, payload::text, transaction_id::text] AS said
  FROM kernel_event ORDER BY transaction_id, id`;

async function sealOld(
  connection: Connection,
  number: number,
  events: readonly OldEvent[],
  previous: Buffer,
): Promise<Buffer> {
  const leaves = Buffer.concat(
    events.flatMap(({ id, said }) => [
      Buffer.from(id.replaceAll('-', ''), 'hex'),
      createHash('sha256')
        .update(JSON.stringify(['ofitec.event/1', ...said]))
        .digest(),
    ]),
  );
  const last = events.at(-1);
  const sealedAt = new Date('2026-01-02T03:04:05.678Z');
  const place = [last?.company, number, sealedAt.toISOString(), last?.transaction, last?.id];
  const head = JSON.stringify(['ofitec.block/1', ...place, previous.toString('hex')]);
  const hash = createHash('sha256').update(head).update('\0').update(leaves).digest();
  await connection.query(
    `INSERT INTO audit_block (company_id, number, sealed_at, last_transaction_id, last_event_id, events, leaves,
       previous_hash, hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    [
      ...[last?.company, number, sealedAt, last?.transaction, last?.id],
      ...[events.length, leaves, previous, hash],
    ],
  );
  return hash;
}

async function inCompany<T>(house: House, work: () => Promise<T>): Promise<T> {
  const [id = ''] = await house.app.get(BlockStore, { strict: false }).companies();
  return runAsHouse(id, 'test', work);
}
