import { join } from 'node:path';
import { Injectable } from '@nestjs/common';
import { AddonRegistry, Clock, Database, Events, newId, RETENTION_CLASSES } from '#kernel';
import { SettingService } from '#modules/base';
import { BlockStore } from '../chain/block-store.js';
import type { Block, Tip } from '../chain/block-store.js';
import { Findings, inWords } from '../chain/findings.js';
import { valuesOf } from '../chain/seal.js';
import type { Sealed } from '../chain/seal.js';
import { LogCut, LogRedacted } from '../withdrawal/withdrawal.events.js';
import { digestOf, removing, WithdrawalStore } from '../withdrawal/withdrawal-store.js';
import { eventLine, lineOf, readArchive, writeArchive } from './archive.js';
import type { ArchiveLine, ArchiveReading } from './archive.js';
import { settingOf } from './retention.settings.js';

/** What a cut would remove. */
export interface CutPlan {
  readonly root: Tip;
  /** Every block up to this one goes, and all of its events; 0 when none does. */
  readonly last: Tip;
  readonly blocks: number;
  readonly events: number;
  /** Events behind it of classes that are kept for less time, and the block of each. */
  readonly alone: readonly { readonly id: string; readonly block: number }[];
  /** The instant before which events of a class are old enough. */
  readonly limits: Readonly<Record<string, string>>;
}

/** What was cut. */
export interface Cut {
  readonly number: number;
  readonly archive: string;
  readonly sha256: string;
  readonly events: number;
  readonly thinned: number;
}

const [CREATED_AT, ACTION] = [2, 3];
const PAGE = 1_000;
/** Removed alone in one cut at most; the next one takes the rest. */
const MOST_ALONE = 500_000;
/** They vouch for what was taken out; they leave with their blocks only. */
const ACTS: readonly string[] = [LogCut.name, LogRedacted.name];

/** Retention: what is old enough leaves for an archive, and the seal over the rest stays provable. */
@Injectable()
export class CutService {
  constructor(
    private readonly database: Database,
    private readonly events: Events,
    private readonly clock: Clock,
    private readonly registry: AddonRegistry,
    private readonly settings: SettingService,
    private readonly blocks: BlockStore,
    private readonly withdrawals: WithdrawalStore,
  ) {}

  /** What is old enough in the context's company, and is from before an instant. */
  async plan(before: Date): Promise<CutPlan> {
    const limits = await this.limits(before);
    const classes = new Map(
      RETENTION_CLASSES.flatMap((kept) =>
        this.registry.retentionOf(kept).map((name) => [name, kept] as const),
      ),
    );
    const isOld = (event: Sealed): boolean => {
      const values = valuesOf(event);
      const limit = limits[classes.get(values[ACTION] ?? '') ?? 'tax'] ?? 0;
      return Number(values[CREATED_AT]) < limit;
    };
    const root = await this.database.transaction(() => this.blocks.root());
    const tip = await this.database.transaction(() => this.blocks.tip());
    const plan = {
      root,
      last: root,
      blocks: 0,
      events: 0,
      alone: [] as CutPlan['alone'][number][],
    };
    let isPrefix = true;
    for await (const { block, place } of this.walk(root)) {
      const events: Sealed[] = [];
      for await (const event of this.blocks.eventsOf(place, block)) events.push(event);
      // The last block stays: the next one lies on it.
      isPrefix &&= block.number < tip.number && events.every(isOld);
      if (isPrefix) {
        Object.assign(plan, {
          last: block,
          blocks: plan.blocks + 1,
          events: plan.events + events.length,
        });
      } else {
        for (const event of events) {
          if (plan.alone.length >= MOST_ALONE || ACTS.includes(valuesOf(event)[ACTION] ?? ''))
            continue;
          if (isOld(event)) plan.alone.push({ id: event.id, block: block.number });
        }
      }
    }
    const told = Object.entries(limits).map(([kept, at]) => [kept, new Date(at).toISOString()]);
    return { ...plan, limits: Object.fromEntries(told) as Record<string, string> };
  }

  /**
   * Writes the archive, reads it back and proves it, and only then removes what it holds.
   *
   * @returns null when nothing is old enough
   * @throws Error when the archive is there already, cannot be read back or differs from the seal
   */
  async cut(before: Date, folder: string): Promise<Cut | null> {
    const plan = await this.plan(before);
    if (plan.events === 0 && plan.alone.length === 0) return null;
    const file = join(folder, await this.nameOf(plan));
    await this.archive(plan, before, file);
    const reading = await this.prove(file);
    if (reading.events !== plan.events + plan.alone.length) {
      throw new Error(`${file} does not hold what is to be removed; nothing was removed.`);
    }
    await this.remove(plan, file, reading);
    const { events, last, alone } = plan;
    const number = last.number === plan.root.number ? 0 : last.number;
    return { number, archive: file, sha256: reading.sha256, events, thinned: alone.length };
  }

  private async prove(file: string): Promise<ArchiveReading> {
    const found = new Findings();
    const reading = await readArchive(file, found);
    if (found.count > 0) {
      const words = found.first.map(inWords).join(', ');
      throw new Error(`${file} differs from the seal, nothing was removed: ${words}`);
    }
    return reading;
  }

  private async archive(plan: CutPlan, before: Date, file: string): Promise<void> {
    const { root, last } = plan;
    const place = ({ number, hash }: Tip): { number: number; hash: string } => ({
      ...{ number, hash: hash.toString('hex') },
    });
    const companyId = await this.database.transaction(async () => this.database.companyId);
    const instants = { before: before.toISOString(), madeAt: this.clock.now().toISOString() };
    await writeArchive(
      file,
      { companyId, from: place(root), to: place(last), ...instants },
      this.lines(plan),
    );
  }

  private async *lines({ root, last, alone }: CutPlan): AsyncGenerator<ArchiveLine> {
    for await (const { block, place } of this.walk(root)) {
      if (block.number > last.number) break;
      yield lineOf(block);
      const taken = await this.database.transaction(() => this.withdrawals.entriesOf(block.number));
      for (const entries of taken) yield { taken: { block: block.number, entries } };
      for await (const event of this.blocks.eventsOf(place, block))
        yield eventLine(event, block.number);
    }
    for (let at = 0; at < alone.length; at += PAGE) {
      const page = alone.slice(at, at + PAGE);
      const blockOf = new Map(page.map(({ id, block }) => [id, block]));
      const events = await this.database.transaction(() =>
        this.withdrawals.sealedIn([...blockOf.keys()]),
      );
      for (const event of events) {
        yield { ...eventLine(event, blockOf.get(event.id) ?? 0), alone: true };
      }
    }
  }

  /** All or nothing: what goes, the record of it, and the event that vouches for the record. */
  private async remove(
    plan: CutPlan,
    file: string,
    { sha256, events }: ArchiveReading,
  ): Promise<void> {
    const act = newId();
    const gone = removing(plan.alone);
    const isCut = plan.last.number > plan.root.number;
    const number = isCut ? plan.last.number : 0;
    const hash = plan.last.hash.toString('hex');
    await this.database.transaction(async () => {
      await this.database.takeTime({ statementMs: 3_600_000, lockMs: 60_000 });
      await this.withdrawals.lockSeal();
      const { companyId } = this.database;
      await this.withdrawals.add(act, gone);
      await this.events.publish(LogCut, {
        id: act,
        subject: { type: 'audit.chain', id: companyId, label: `block ${number}` },
        payload: {
          ...{ number, hash, events: plan.events, thinned: plan.alone.length },
          ...{ digest: digestOf(act, gone), archive: file.split('/').at(-1) ?? '' },
          archiveSha256: sha256,
        },
      });
      let removed = await this.count('SELECT audit_remove_withdrawn($1)::float8 AS n', [act]);
      if (isCut) {
        const { lastTransactionId, lastEventId } = plan.last;
        await this.database.rows(
          `INSERT INTO audit_cut (company_id, number, hash, last_transaction_id, last_event_id, act_id, archive_sha256)
           VALUES ($1, $2, $3, $4, $5, $6, $7)`,
          [
            ...[companyId, number, plan.last.hash, lastTransactionId, lastEventId, act],
            Buffer.from(sha256, 'hex'),
          ],
        );
        removed += await this.count('SELECT audit_cut_prefix($1)::float8 AS n', [number]);
      }
      if (removed !== events) throw new Error('The log changed while it was archived; try again.');
    });
  }

  private async count(sql: string, parameters: readonly unknown[]): Promise<number> {
    const [row] = await this.database.rows<{ n: number }>(sql, parameters);
    return row?.n ?? 0;
  }

  private async limits(before: Date): Promise<Record<string, number>> {
    return this.database.transaction(async () => {
      const limits: Record<string, number> = {};
      for (const kept of RETENTION_CLASSES) {
        const months = await this.settings.value<number>(settingOf(kept));
        const [row] = await this.database.rows<{ at: Date }>(
          'SELECT least($1::timestamptz, $2::timestamptz - make_interval(months => $3)) AS at',
          [before, this.clock.now(), months],
        );
        limits[kept] = row?.at.getTime() ?? 0;
      }
      return limits;
    });
  }

  private async nameOf({ root, last }: CutPlan): Promise<string> {
    const company = await this.database.transaction(async () => this.database.companyId);
    const stamp = this.clock.now().toISOString().replaceAll(/[-:]/g, '').slice(0, 15);
    return `audit-${company.slice(-6)}-${root.number + 1}-${last.number}-${stamp}.jsonl.gz`;
  }

  private async *walk(root: Tip): AsyncGenerator<{ block: Block; place: Tip }> {
    for (let place = root; ;) {
      const [block] = await this.database.transaction(() => this.blocks.after(place.number, 1));
      if (!block) return;
      yield { block, place };
      place = block;
    }
  }
}
