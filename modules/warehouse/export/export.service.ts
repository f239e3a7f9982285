import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { Injectable } from '@nestjs/common';
import { Clock, Database, runAsHouse } from '#kernel';
import { REPORT_QUERIES } from '../report/queries.js';
import { VAULT_TABLES } from '../vault/tables.js';
import type { VaultTable } from '../vault/tables.js';
import { VaultStore } from '../vault/vault-store.js';
import type { Generation } from '../vault/vault-store.js';
import { reportFile, SCHEMA_SQL } from './engine.js';
import { exportedColumns, TableFile } from './parquet.js';
import type { ExportedRow } from './parquet.js';

/** A company in an export, and what one must say to ask its reports. */
interface ExportedCompany {
  readonly companyId: string;
  readonly generation: number;
  readonly events: number;
  readonly loadedUntil: string | null;
  readonly rows: Readonly<Record<string, number>>;
}

interface ExportedFile {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** What an export wrote. */
export interface Exported {
  readonly folder: string;
  readonly files: number;
  readonly rows: number;
  /** SHA-256 of the manifest, in hexadecimal. */
  readonly manifest: string;
}

/** Rows of one page, and of one row group: what is held in memory at a time. Four times as many were no faster. */
const PAGE = 5_000;

/** A company is exported in one snapshot, however long that takes. */
const PATIENCE = { statementMs: 3_600_000, lockMs: 60_000 };

/** Writes the vault for a larger engine: partitioned Parquet files, a manifest, and the reports as SQL. */
@Injectable()
export class ExportService {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly vault: VaultStore,
  ) {}

  /**
   * Writes a folder, which appears under its name when all of it is on disk.
   *
   * @throws Error when it is there already, or nothing was ever loaded
   */
  async export(
    to: string,
    companies: readonly string[],
    progress: (words: string) => void = () => undefined,
  ): Promise<Exported> {
    const folder = resolve(to);
    if (to === '' || existsSync(folder)) throw new Error(`${folder} is there already.`);
    const partial = join(
      dirname(folder),
      `.${basename(folder)}.${randomBytes(6).toString('hex')}.partial`,
    );
    await mkdir(partial, { recursive: true, mode: 0o700 });
    try {
      const written: ExportedCompany[] = [];
      for (const id of companies) {
        const company = await runAsHouse(id, 'ofitec warehouse export', () =>
          this.database.snapshot(() => this.company(partial, progress)),
        );
        if (company) written.push(company);
      }
      if (written.length === 0) throw new Error('Nothing was ever loaded: ofitec warehouse load.');
      await writeQueries(partial);
      const manifest = await this.writeManifest(partial, written);
      await rename(partial, folder);
      await syncFolder(dirname(folder));
      const rows = written.flatMap((each) => Object.values(each.rows));
      const total = rows.reduce((sum, each) => sum + each, 0);
      return { folder, rows: total, ...manifest };
    } finally {
      await rm(partial, { recursive: true, force: true });
    }
  }

  private async company(
    folder: string,
    progress: (words: string) => void,
  ): Promise<ExportedCompany | null> {
    await this.database.takeTime(PATIENCE);
    const current = await this.vault.find('current');
    if (!current) return null;
    const rows: Record<string, number> = {};
    for (const table of VAULT_TABLES) {
      rows[table] = await this.table(folder, table, current, (count) =>
        progress(`${this.database.companyId}: ${table}, ${count} rows`),
      );
    }
    const { generation, events, lastRecordedAt } = current;
    const loadedUntil = lastRecordedAt?.toISOString() ?? null;
    return { companyId: this.database.companyId, generation, events, loadedUntil, rows };
  }

  /** One table of a company, a file for each month of what it tells; an empty one where it tells nothing. */
  private async table(
    folder: string,
    table: VaultTable,
    { generation }: Generation,
    progress: (rows: number) => void,
  ): Promise<number> {
    const { companyId } = this.database;
    const base = join(folder, table, `company=${companyId}`);
    const begin = async (month: string): Promise<TableFile> => {
      const place = join(base, `month=${month}`);
      await mkdir(place, { recursive: true, mode: 0o700 });
      return new TableFile(join(place, 'part-0.parquet'), table);
    };
    let [month, total] = ['0000-00', 0];
    let file: TableFile | null = null;
    for await (const page of this.pages(table, companyId, generation)) {
      for (const [of, rows] of byMonth(page)) {
        if (!file || of !== month) {
          await file?.finish();
          [file, month] = [await begin(of), of];
        }
        await file.write(rows);
        total += rows.length;
      }
      progress(total);
    }
    await (file ?? (await begin(month))).finish();
    return total;
  }

  private async *pages(
    table: VaultTable,
    companyId: string,
    generation: number,
  ): AsyncGenerator<ExportedRow[]> {
    const columns = exportedColumns(table).map(([name, type]) =>
      type === 'date' ? `to_char(${name}, 'YYYY-MM-DD') AS ${name}` : name,
    );
    const cursor = `export_${table}`;
    await this.database.rowsByPlan(
      `DECLARE ${cursor} NO SCROLL CURSOR FOR SELECT ${columns.join(', ')} FROM warehouse_${table}
         WHERE company_id = '${companyId}' AND generation = ${generation}
         ORDER BY recorded_at, event_id, 3, 4`,
      [],
    );
    for (;;) {
      const page = await this.database.rowsByPlan<ExportedRow>(
        `FETCH FORWARD ${PAGE} FROM ${cursor}`,
        [],
      );
      if (page.length > 0) yield page;
      if (page.length < PAGE) break;
    }
    await this.database.rowsByPlan(`CLOSE ${cursor}`, []);
  }

  /** Says what there is, and so closes the export: every file with its hash. */
  private async writeManifest(
    folder: string,
    companies: readonly ExportedCompany[],
  ): Promise<{ files: number; manifest: string }> {
    const files: ExportedFile[] = [];
    for (const path of await filesOf(folder)) {
      const { size } = await stat(path);
      await syncFile(path);
      files.push({ path: relative(folder, path), bytes: size, sha256: await hashOf(path) });
    }
    const createdAt = this.clock.now().toISOString();
    const text = `${JSON.stringify({ format: 1, createdAt, companies, files }, null, 2)}\n`;
    const path = join(folder, 'manifest.json');
    await writeFile(path, text, { mode: 0o600 });
    await syncFile(path);
    return { files: files.length, manifest: createHash('sha256').update(text).digest('hex') };
  }
}

/** The SQL that makes an engine understand the files, and the reports. */
async function writeQueries(folder: string): Promise<void> {
  await writeFile(join(folder, 'schema.sql'), SCHEMA_SQL, { mode: 0o600 });
  await mkdir(join(folder, 'reports'), { mode: 0o700 });
  for (const query of REPORT_QUERIES) {
    const path = join(folder, 'reports', `${query.name}.sql`);
    await writeFile(path, reportFile(query), { mode: 0o600 });
  }
}

/** Rows that follow each other in one month (UTC), month by month. */
function byMonth(page: readonly ExportedRow[]): [string, ExportedRow[]][] {
  const months: [string, ExportedRow[]][] = [];
  for (const row of page) {
    const recordedAt = row['recorded_at'];
    const month = recordedAt instanceof Date ? recordedAt.toISOString().slice(0, 7) : '0000-00';
    const last = months.at(-1);
    if (last?.[0] === month) last[1].push(row);
    else months.push([month, [row]]);
  }
  return months;
}

async function filesOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/** So that the name itself survives a loss of power. */
const syncFolder = syncFile;
