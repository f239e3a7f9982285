import { Injectable } from '@nestjs/common';
import { Clock, Database, newId } from '#kernel';
import { FeeReader } from '../fee/fee.reader.js';
import type { ReadFee } from '../fee/fee.reader.js';
import type { Findings } from './import.findings.js';
import { NOTHING_READ } from './import.reading.js';
import type { Asked, FileReader, Reading } from './import.reading.js';
import type { SpooledFile } from './spool.js';

const FIELDS = [
  ...['period', 'issuer_name', 'issue_date', 'paid_on', 'voided', 'gross', 'withheld', 'net'],
] as const;

/** $1 company, $2 import, $3 now, $4 the fees as JSON. */
const STORE = `INSERT INTO sii_connector_fee AS f (id, company_id, created_at, updated_at, version,
    import_id, kind, number, issuer_rut, row_number, raw, ${FIELDS.join(', ')})
  SELECT id, $1::uuid, $3::timestamptz, $3::timestamptz, 1, $2::uuid, kind, number, issuer_rut,
    row_number, raw, ${FIELDS.join(', ')}
  FROM jsonb_to_recordset($4::jsonb) AS read (id uuid, kind text, number bigint, issuer_rut text,
    row_number integer, raw text, period text, issuer_name text, issue_date date, paid_on date,
    voided boolean, gross bigint, withheld bigint, net bigint)
  ON CONFLICT ON CONSTRAINT sii_connector_fee_key DO UPDATE
    SET import_id = excluded.import_id, updated_at = excluded.updated_at, version = f.version + 1,
      row_number = excluded.row_number, raw = excluded.raw,
      ${FIELDS.map((name) => `${name} = excluded.${name}`).join(', ')}
    WHERE (${FIELDS.map((name) => `f.${name}`).join(', ')})
      IS DISTINCT FROM (${FIELDS.map((name) => `excluded.${name}`).join(', ')})
  RETURNING f.version`;

/** Reports of fees (boletas de honorarios) that the company received, and withholds of. */
@Injectable()
export class FeeImportService implements FileReader {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  async read(file: SpooledFile, asked: Asked, findings: Findings): Promise<Reading> {
    const reader = new FeeReader(asked, findings);
    for await (const { text } of file.texts()) {
      reader.push(text);
      if (reader.isOver) break;
    }
    if (!reader.isOver) reader.end();
    const fees = this.withoutRepeated(reader.fees, findings);
    if (findings.errors.length > 0) return NOTHING_READ;
    const { companyId } = this.database;
    await this.database.lockName(`sii-connector.ledger ${companyId}`);
    const values = [companyId, asked.importId, this.clock.now(), JSON.stringify(fees.map(rowOf))];
    const stored = await this.database.rowsByPlan<{ version: number }>(STORE, values);
    const changed = stored.filter(({ version }) => version > 1).length;
    if (changed > 0) findings.warn('changed', { row: 0 }, { count: changed });
    const periods = new Set(fees.map(({ period }) => period));
    const documents = reader.fees.length;
    return {
      period: asked.period ?? (periods.size === 1 ? (fees[0]?.period ?? null) : null),
      section: null,
      ...{ documents, imported: stored.length, changed, skipped: documents - stored.length },
    };
  }

  private withoutRepeated(fees: readonly ReadFee[], findings: Findings): ReadFee[] {
    const known = new Map<string, ReadFee>();
    let repeated = 0;
    for (const fee of fees) {
      const key = `${fee.kind} ${fee.number} ${fee.issuerRut}`;
      const before = known.get(key);
      if (!before) known.set(key, fee);
      else if (contentOf(before) === contentOf(fee)) repeated += 1;
      else {
        const words = { document: `${fee.kind} ${fee.number}`, other: before.row };
        findings.error('duplicate', { row: fee.row }, words);
      }
    }
    if (repeated > 0) findings.warn('duplicate-same', { row: 0 }, { count: repeated });
    return [...known.values()];
  }
}

function contentOf({ row: _row, raw: _raw, ...content }: ReadFee): string {
  return JSON.stringify(content);
}

function rowOf(fee: ReadFee): Record<string, unknown> {
  const { kind, number, period, voided, gross, withheld, net, raw } = fee;
  return {
    ...{ id: newId(), kind, number, period, voided, gross, withheld, net, raw },
    ...{ row_number: fee.row, issuer_rut: fee.issuerRut, issuer_name: fee.issuerName },
    ...{ issue_date: fee.issueDate, paid_on: fee.paidOn },
  };
}
