import { Injectable } from '@nestjs/common';
import { runAsHouse } from '../access/context.js';
import { Database } from '../database/database.js';
import { MarkedMethods } from '../events/marked-methods.js';
import type { MarkedMethod } from '../events/marked-methods.js';
import { MEASURES } from './gauge.js';
import type { GaugeDefinition, Reading } from './gauge.js';

const STATEMENT_LIMIT_MS = 500;
const MAX_READINGS = 100;

/** What a gauge read, or null when it could not be read. */
export interface Measured {
  readonly gauge: GaugeDefinition;
  readonly readings: readonly Reading[] | null;
}

/** Reads the gauges that addons declare. */
@Injectable()
export class Gauges {
  private found: MarkedMethod<GaugeDefinition>[] | null = null;

  constructor(
    private readonly database: Database,
    private readonly marked: MarkedMethods,
  ) {}

  /** The gauges of the composed addons. */
  get definitions(): readonly GaugeDefinition[] {
    return this.methods.map(({ mark }) => mark);
  }

  /** Reads every gauge, one after another: it takes one connection, whatever there is to read. */
  async read(): Promise<Measured[]> {
    const companies = await this.database.rowsWithoutCompany<{ id: string }>(
      'SELECT id FROM kernel_company ORDER BY id',
    );
    const measured: Measured[] = [];
    for (const method of this.methods) {
      const readings = await this.measure(method, companies).catch(() => null);
      measured.push({ gauge: method.mark, readings });
    }
    return measured;
  }

  private get methods(): MarkedMethod<GaugeDefinition>[] {
    return (this.found ??= this.marked.find<GaugeDefinition>(MEASURES));
  }

  private async measure(
    method: MarkedMethod<GaugeDefinition>,
    companies: readonly { readonly id: string }[],
  ): Promise<Reading[]> {
    const sums = new Map<string, Reading>();
    const add = (readings: readonly Reading[]): void => {
      for (const reading of readings) addUp(sums, method.mark, reading);
    };
    if (method.mark.per === 'installation') add(await this.within(method));
    else
      for (const { id } of companies)
        add(await runAsHouse(id, 'metrics', () => this.within(method)));
    return [...sums.values()];
  }

  private async within(method: MarkedMethod<GaugeDefinition>): Promise<readonly Reading[]> {
    return this.database.snapshot(async () => {
      await this.database.rows(`SELECT set_config('statement_timeout', $1, true)`, [
        `${STATEMENT_LIMIT_MS}ms`,
      ]);
      return (await method.call()) as unknown as readonly Reading[];
    });
  }
}

/** @throws Error for what no gauge may say: another label than declared, no number, too much */
function addUp(sums: Map<string, Reading>, gauge: GaugeDefinition, reading: Reading): void {
  const { value, labels = {} } = reading;
  const wanted = [...(gauge.labels ?? [])].sort();
  if (String(Object.keys(labels).sort()) !== String(wanted) || !Number.isFinite(value)) {
    throw new Error(`${gauge.name} read what it does not declare.`);
  }
  const key = JSON.stringify(wanted.map((name) => labels[name]));
  const before = sums.get(key)?.value ?? 0;
  sums.set(key, { value: before + value, labels });
  if (sums.size > MAX_READINGS) throw new Error(`${gauge.name} has too many values of its labels.`);
}
