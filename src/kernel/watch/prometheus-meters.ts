import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { BacklogFigures } from './backlog.js';
import { Distribution } from './distribution.js';
import type { GaugeDefinition } from './gauge.js';
import type { Measured } from './gauges.js';
import type { Verdict } from './readiness.js';
import type { Meters, TransactionOutcome, Work, WorkOutcome } from './watch.js';

/** From a cached lookup to the statement timeout, in seconds; 1.2 is what a release must keep (`gate:healthy`). */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 1.2, 2.5, 5, 10, 30];

/** The connection pool of this process at one moment. */
export interface PoolFigures {
  readonly total: number;
  readonly idle: number;
  readonly waiting: number;
  readonly limit: number;
}

/** What is read at the moment of a scrape; null where it could not be read. */
export interface Reads {
  readonly pool: PoolFigures;
  readonly verdict: Verdict | null;
  readonly draining: boolean;
  readonly workerSilentSeconds: number | null;
  readonly backlog: BacklogFigures | null;
  readonly gauges: readonly Measured[] | null;
}

const BACKLOG: Readonly<Record<keyof BacklogFigures, { name: string; help: string }>> = {
  pendingEvents: { name: 'ofitec_queue_pending_events', help: 'Events the relay has not taken' },
  oldestPendingSeconds: {
    name: 'ofitec_queue_oldest_pending_seconds',
    help: 'Age of the oldest event the relay has not taken',
  },
  dueJobs: { name: 'ofitec_queue_due_jobs', help: 'Deliveries that are due' },
  oldestDueSeconds: {
    name: 'ofitec_queue_oldest_due_seconds',
    help: 'How long the oldest due delivery waits',
  },
  delayedJobs: { name: 'ofitec_queue_delayed_jobs', help: 'Deliveries waiting for a further try' },
  activeJobs: { name: 'ofitec_queue_active_jobs', help: 'Deliveries that a worker has in hand' },
  failedJobs: {
    name: 'ofitec_queue_failed_jobs',
    help: 'Deliveries that failed to the end and wait for a person',
  },
};

/** Counts and times in the form that Prometheus reads. */
export class PrometheusMeters implements Meters {
  private readonly registry = new Registry();
  private readonly business = new Map<string, { gauge: Gauge; labels: readonly string[] }>();
  private inFlight = 0;

  private readonly answered = new Map<number, Map<string, Map<string, number>>>();
  private readonly requests = this.counter('ofitec_http_requests_total', 'Requests answered', [
    ...['method', 'route', 'status'],
  ]);
  private readonly requestSeconds = this.distribution(
    'ofitec_http_request_duration_seconds',
    'From the first byte of a request to the last of its answer',
    ['method', 'route'],
  );
  private readonly unreadable = this.counter(
    'ofitec_http_unreadable_total',
    'What came and was no request, or named no readable address',
  );
  private readonly transactionSeconds = this.distribution(
    'ofitec_database_transaction_duration_seconds',
    'From asking for a connection to giving it back, all attempts together',
    ['kind', 'outcome'],
  );
  private readonly retries = this.counter(
    'ofitec_database_transaction_retries_total',
    'Transactions that began again, by reason',
    ['reason'],
  );
  private readonly workSeconds = new Histogram({
    name: 'ofitec_work_duration_seconds',
    help: 'Deliveries and runs of schedules',
    labelNames: ['work', 'name', 'outcome'],
    buckets: BUCKETS,
    registers: [this.registry],
  });
  private readonly scrapeErrors = this.counter(
    'ofitec_scrape_errors_total',
    'What a scrape could not read, and left out',
    ['source'],
  );
  private readonly inFlightGauge = this.gauge(
    'ofitec_http_requests_in_flight',
    'Requests that have no answer yet',
  );
  private readonly pool = this.gauge('ofitec_database_pool_connections', 'Connections by state', [
    'state',
  ]);
  private readonly poolWaiting = this.gauge(
    'ofitec_database_pool_waiting',
    'Transactions that wait for a connection',
  );
  private readonly poolLimit = this.gauge(
    'ofitec_database_pool_limit',
    'Connections that there may be at most',
  );
  private readonly ready = this.gauge('ofitec_ready', '1 when /health/ready answers 200');
  private readonly draining = this.gauge('ofitec_draining', '1 while the process ends');
  private readonly checks = this.gauge(
    'ofitec_health_check',
    'Checks of readiness: 1 up, 0.5 degraded, 0 down',
    ['check'],
  );
  private readonly workerSilence = this.gauge(
    'ofitec_worker_silent_seconds',
    'Since the worker’s loop last went round; absent where no worker runs',
  );
  private readonly backlog = Object.entries(BACKLOG).map(([key, { name, help }]) => ({
    key: key as keyof BacklogFigures,
    gauge: this.gauge(name, help),
  }));

  constructor(info: { readonly version: string; readonly release: string }) {
    collectDefaultMetrics({ register: this.registry });
    // Present before the first error, so that the first is seen as an increase.
    for (const source of ['queue', 'gauges']) this.scrapeErrors.inc({ source }, 0);
    for (const outcome of ['committed', 'rolled_back', 'unknown']) {
      this.transactionSeconds.at('ordinary', outcome);
    }
    this.gauge('ofitec_build_info', 'Versions, as labels', ['version', 'release', 'node']).set(
      { version: info.version, release: info.release, node: process.versions.node },
      1,
    );
  }

  requestBegan(): void {
    this.inFlight += 1;
  }

  requestEnded(method: string, route: string, status: number, seconds: number): void {
    this.inFlight -= 1;
    let byRoute = this.answered.get(status);
    if (!byRoute) this.answered.set(status, (byRoute = new Map()));
    let byMethod = byRoute.get(route);
    if (!byMethod) byRoute.set(route, (byMethod = new Map()));
    byMethod.set(method, (byMethod.get(method) ?? 0) + 1);
    this.requestSeconds.add(method, route, seconds);
  }

  requestUnreadable(): void {
    this.unreadable.inc();
  }

  transactionEnded(kind: string, outcome: TransactionOutcome, seconds: number): void {
    this.transactionSeconds.add(kind, outcome, seconds);
  }

  transactionRetried(reason: string): void {
    this.retries.inc({ reason });
  }

  workExpected(work: Work, name: string): void {
    const outcomes: readonly WorkOutcome[] = ['succeeded', 'failed'];
    for (const outcome of outcomes) this.workSeconds.zero({ work, name, outcome });
  }

  workEnded(work: Work, name: string, outcome: WorkOutcome, seconds: number): void {
    this.workSeconds.observe({ work, name, outcome }, seconds);
  }

  get contentType(): string {
    return this.registry.contentType;
  }

  /** Everything, with what was read for this scrape; what could not be read is absent. */
  async expose(reads: Reads): Promise<string> {
    const { pool, verdict, backlog, workerSilentSeconds } = reads;
    this.inFlightGauge.set(this.inFlight);
    this.pool.set({ state: 'idle' }, pool.idle);
    this.pool.set({ state: 'busy' }, pool.total - pool.idle);
    this.poolWaiting.set(pool.waiting);
    this.poolLimit.set(pool.limit);
    this.draining.set(reads.draining ? 1 : 0);
    this.ready.set(verdict?.ready ? 1 : 0);
    this.checks.reset();
    for (const [check, { status }] of Object.entries(verdict?.details ?? {})) {
      this.checks.set({ check }, status === 'up' ? 1 : status === 'degraded' ? 0.5 : 0);
    }
    setOrRemove(this.workerSilence, workerSilentSeconds);
    for (const { key, gauge } of this.backlog) setOrRemove(gauge, backlog?.[key] ?? null);
    if (!backlog) this.scrapeErrors.inc({ source: 'queue' });
    this.setBusiness(reads.gauges);
    this.setAnswered();
    return this.registry.metrics();
  }

  private setAnswered(): void {
    this.requests.reset();
    for (const [status, byRoute] of this.answered) {
      for (const [route, byMethod] of byRoute) {
        for (const [method, count] of byMethod) this.requests.inc({ method, route, status }, count);
      }
    }
  }

  private setBusiness(measured: readonly Measured[] | null): void {
    if (!measured) this.scrapeErrors.inc({ source: 'gauges' });
    // A gauge without labels is reset to zero, and removed to nothing.
    for (const { gauge, labels } of this.business.values()) {
      if (labels.length > 0) gauge.reset();
      else gauge.remove();
    }
    for (const { gauge, readings } of measured ?? []) {
      const known = this.businessGauge(gauge);
      if (!readings) this.scrapeErrors.inc({ source: gauge.name });
      for (const { labels = {}, value } of readings ?? []) known.set(labels, value);
    }
  }

  private businessGauge({ name, summary, labels = [] }: GaugeDefinition): Gauge {
    if (!this.business.has(name)) this.scrapeErrors.inc({ source: name }, 0);
    const known = this.business.get(name) ?? { gauge: this.gauge(name, summary, labels), labels };
    this.business.set(name, known);
    return known.gauge;
  }

  private gauge(name: string, help: string, labelNames: readonly string[] = []): Gauge {
    return new Gauge({ name, help, labelNames: [...labelNames], registers: [this.registry] });
  }

  private distribution(
    name: string,
    help: string,
    labelNames: readonly [string, string],
  ): Distribution {
    const distribution = new Distribution({ name, help, labelNames, buckets: BUCKETS });
    this.registry.registerMetric(distribution);
    return distribution;
  }

  private counter(name: string, help: string, labelNames: readonly string[] = []): Counter {
    return new Counter({ name, help, labelNames: [...labelNames], registers: [this.registry] });
  }
}

/** A figure that is not known is absent: zero would be a lie. */
function setOrRemove(gauge: Gauge, value: number | null): void {
  if (value === null) gauge.remove();
  else gauge.set(value);
}
