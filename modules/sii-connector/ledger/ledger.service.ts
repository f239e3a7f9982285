import { Injectable } from '@nestjs/common';
import { Clock, Database } from '#kernel';
import type { Origin } from '../document/document.entity.js';
import { MAX_FINDINGS } from '../import/import.findings.js';
import type { Findings } from '../import/import.findings.js';
import * as sql from './ledger.sql.js';
import { STAGED } from './staged.js';

/** Notes may correct notes; a chain of so many is followed. */
const MAX_CHAIN = 5;

/** What is known of the staged documents without asking the database. */
export interface StagedFacts {
  readonly importId: string;
  readonly origin: Origin;
  /** Of the documents that say none themselves; null when all do. */
  readonly period: string | null;
  readonly hasSummaries: boolean;
  /** Those are totals of the whole month. */
  readonly isTotals: boolean;
  /** Whether one of them is claimed, or corrects another. */
  readonly hasClaims: boolean;
}

interface Repeated {
  readonly first: number;
  readonly last: number;
  /** Rows too many, of all documents. */
  readonly repeated: number;
  readonly contents: number;
  readonly document: string;
}

/** What became of the staged documents. */
export interface Merged {
  readonly added: number;
  readonly changed: number;
  readonly skipped: number;
}

/** The tax documents of the company: each once, as the last file told it. */
@Injectable()
export class LedgerService {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /**
   * Brings documents in front of the ledger, in this transaction.
   *
   * @param lines documents as {@link copyLine} writes them
   */
  async stage(lines: AsyncIterable<string>): Promise<number> {
    await this.database.rowsByPlan(sql.CREATE_STAGE, []);
    return this.database.copyInto(sql.STAGE, Object.keys(STAGED), lines);
  }

  /**
   * Looks among the staged sales for folios that the company gave to other customers: a folio of a
   * type is issued once, so that these are of another issuer, or somebody's customer was changed.
   */
  async compareIssuer({ mine }: { readonly mine: boolean }, findings: Findings): Promise<void> {
    const [found] = await this.database.rowsByPlan<{ count: number; row: number }>(
      sql.SALES_OF_ANOTHER,
      [this.database.companyId],
    );
    if (!found || found.count === 0) return;
    const { count, row } = found;
    findings.doubt('sales-of-another', { row, column: 'Folio' }, { count }, mine);
  }

  /**
   * Merges what is staged; it counts only while there are no errors. Another merge of the company
   * waits for this one.
   *
   * @param count of the staged documents
   */
  async merge(count: number, facts: StagedFacts, findings: Findings): Promise<Merged> {
    const { companyId } = this.database;
    const { importId, origin, period, hasSummaries } = facts;
    await this.database.lockName(`sii-connector.ledger ${companyId}`);
    if (period !== null) await this.database.rowsByPlan(sql.FILL_PERIOD, [period]);
    if (hasSummaries) await this.nameSummaries(facts, findings);
    if (findings.errors.length > 0) return { added: 0, changed: 0, skipped: 0 };
    const values = [companyId, importId, this.clock.now(), origin];
    const added = await this.database.change(sql.INSERT_NEW, values);
    // Whoever is new to the last is in the file once, too: the constraint has looked already.
    const changed = added < count ? await this.takeChanges(values, findings) : 0;
    if (facts.hasClaims || changed > 0) await this.settleClaims(values.slice(0, 3));
    return { added, changed, skipped: count - added - changed };
  }

  private async nameSummaries({ isTotals }: StagedFacts, findings: Findings): Promise<void> {
    await this.database.rowsByPlan(isTotals ? sql.NAME_TOTALS : sql.NAME_SUMMARIES, []);
    const twice = await this.database.rowsByPlan<{ row: number; type: number }>(sql.SUMMED_TWICE, [
      this.database.companyId,
      MAX_FINDINGS,
    ]);
    for (const { row, type } of twice) findings.error('summed-twice', { row }, { type });
  }

  private async takeChanges(values: readonly unknown[], findings: Findings): Promise<number> {
    await this.lookAtStage();
    await this.settleDuplicates(findings);
    if (findings.errors.length > 0) return 0;
    let changed = await this.database.change(sql.TAKE_CHANGES, values);
    if (values.at(-1) === 'dte') changed += await this.addToRcv(values, findings);
    if (changed > 0) findings.warn('changed', { row: 0 }, { count: changed });
    return changed;
  }

  /** Looks for documents that are staged twice: a warning where both say the same, else a fault. */
  private async settleDuplicates(findings: Findings): Promise<void> {
    const found = await this.database.rowsByPlan<Repeated>(sql.DUPLICATES, [MAX_FINDINGS]);
    for (const { first, last, contents, document } of found) {
      if (contents === 1) continue;
      findings.error('duplicate', { row: last, column: 'Folio' }, { document, other: first });
    }
    const [one] = found;
    if (one) findings.warn('duplicate-same', { row: one.last }, { count: one.repeated });
  }

  private async addToRcv(values: readonly unknown[], findings: Findings): Promise<number> {
    const [companyId, importId] = values;
    const differing = await this.database.rowsByPlan<{ row: number; dte: number; rcv: number }>(
      sql.DIFFERING,
      [companyId, importId, MAX_FINDINGS],
    );
    for (const { row, dte, rcv } of differing)
      findings.warn('amounts-differ', { row }, { dte, rcv });
    return this.database.change(sql.ADD_REFERENCES, values.slice(0, 3));
  }

  /** PostgreSQL knows nothing of a temporary table, and joins it badly, unless told to look. */
  private async lookAtStage(): Promise<void> {
    await this.database.rowsByPlan(`ANALYZE ${sql.STAGE}`, []);
  }

  private async settleClaims(values: readonly unknown[]): Promise<void> {
    await this.lookAtStage();
    for (let length = 0; length < MAX_CHAIN; length += 1) {
      if ((await this.database.change(sql.SETTLE_CLAIMS, values)) === 0) return;
    }
  }
}
