import { createHash, timingSafeEqual } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { Pool } from 'pg';
import { DataSource } from 'typeorm';
import { Config } from '../config/config.js';
import { kernelConfig } from '../config/kernel.config.js';
import { Pulse } from '../events/pulse.js';
import { Backlog } from './backlog.js';
import type { BacklogFigures } from './backlog.js';
import { Gauges } from './gauges.js';
import type { Measured } from './gauges.js';
import { Latest } from './latest.js';
import type { PoolFigures, PrometheusMeters } from './prometheus-meters.js';
import { Readiness } from './readiness.js';

/** Prometheus gives up after ten seconds by default; the readiness probe alone may take two. */
const PATIENCE = { freshMs: 1_000, patienceMs: 2_000 };

/** The meters of this process, or null while metrics are off. */
export class MetersOfProcess {
  constructor(readonly meters: PrometheusMeters | null) {}
}

/** Answers scrapes: within a few seconds, whatever state the database is in. */
@Injectable()
export class Metrics {
  private readonly token: Buffer | null;
  private readonly backlog: Latest<BacklogFigures>;
  private readonly gauges: Latest<readonly Measured[]>;
  private scraping: Promise<string> | null = null;

  constructor(
    config: Config,
    backlog: Backlog,
    gauges: Gauges,
    private readonly process: MetersOfProcess,
    private readonly readiness: Readiness,
    private readonly pulse: Pulse,
    private readonly dataSource: DataSource,
  ) {
    const { METRICS_TOKEN } = config.of(kernelConfig);
    this.token = METRICS_TOKEN ? digest(METRICS_TOKEN) : null;
    this.backlog = new Latest(() => backlog.count(), PATIENCE);
    this.gauges = new Latest(() => gauges.read(), PATIENCE);
  }

  /** Whether a token stands before the metrics. */
  get hasToken(): boolean {
    return this.token !== null;
  }

  /** Whether an `Authorization` header is the token's. */
  admits(authorization: string | undefined): boolean {
    const given = /^Bearer (.+)$/.exec(authorization ?? '')?.[1] ?? '';
    return this.token !== null && timingSafeEqual(digest(given), this.token);
  }

  /** Media type of what {@link scrape} gives; null while metrics are off. */
  get contentType(): string | null {
    return this.process.meters?.contentType ?? null;
  }

  /** Everything that is measured. Those who ask at once get one answer. @throws Error when off */
  async scrape(): Promise<string> {
    const { meters } = this.process;
    if (!meters) throw new Error('Metrics are off.');
    return (this.scraping ??= this.read(meters).finally(() => (this.scraping = null)));
  }

  private async read(meters: PrometheusMeters): Promise<string> {
    const nothing = (): null => null;
    const [verdict, backlog, gauges] = await Promise.all([
      this.readiness.check().catch(nothing),
      this.backlog.read().catch(nothing),
      this.gauges.read().catch(nothing),
    ]);
    return meters.expose({
      ...{ verdict, backlog, gauges, pool: this.pool() },
      draining: this.readiness.draining,
      workerSilentSeconds: this.pulse.silentSeconds,
    });
  }

  private pool(): PoolFigures {
    const { master } = this.dataSource.driver as unknown as { master: Pool };
    const { totalCount: total, idleCount: idle, waitingCount: waiting } = master;
    return { total, idle, waiting, limit: master.options.max };
  }
}

/** Of equal length whatever was given, as a comparison in constant time needs it. */
function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
