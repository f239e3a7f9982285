import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';

type Value = string | number | null;

/** A real DuckDB over an export, set up by nothing but what the export itself holds. */
export class Duck {
  private constructor(
    private readonly folder: string,
    private readonly connection: Awaited<ReturnType<DuckDBInstance['connect']>>,
    private readonly instance: DuckDBInstance,
  ) {}

  static async open(folder: string): Promise<Duck> {
    const instance = await DuckDBInstance.create(':memory:', { file_search_path: folder });
    const duck = new Duck(folder, await instance.connect(), instance);
    await duck.connection.run(readFileSync(join(folder, 'schema.sql'), 'utf8'));
    return duck;
  }

  /** Rows of a report's file; whole numbers are bigints. */
  async report(name: string, values: readonly Value[]): Promise<Record<string, unknown>[]> {
    return this.rows(readFileSync(join(this.folder, 'reports', `${name}.sql`), 'utf8'), values);
  }

  async rows(sql: string, values: readonly Value[] = []): Promise<Record<string, unknown>[]> {
    const answer = await this.connection.runAndReadAll(sql, [...values]);
    return answer.getRowObjects();
  }

  close(): void {
    this.connection.closeSync();
    this.instance.closeSync();
  }
}
