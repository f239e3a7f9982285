import { createServer } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import type { AddressInfo, Server } from 'node:net';
import { SMTPServer } from 'smtp-server';
import { Clock, Config, Database, kernelAddon, runAsHouse, Worker } from '#kernel';
import { AlertIntakeService } from '../../modules/operational-alerts/alert/alert-intake.service.js';
import type { Occurrence } from '../../modules/operational-alerts/alert/alert.entity.js';
import { RoundService } from '../../modules/operational-alerts/alert/round.service.js';
import { HeartbeatWatchService } from '../../modules/operational-alerts/heartbeat/heartbeat-watch.service.js';
import * as rules from '../../modules/operational-alerts/heartbeat/heartbeat.rule.js';
import { alertsCommands } from '../../modules/operational-alerts/operational-alerts.commands.js';
import { SpoolService } from '../../modules/operational-alerts/spool/spool.service.js';
import { ServerErrorService } from '../../modules/operational-alerts/spool/server-error.service.js';
import { shippedAddons } from '../../src/addons.js';
import type { House } from './house.js';
import { until } from './until.js';

export { isHoliday } from '../../src/kernel/values/holidays.js';
export * from '../../modules/operational-alerts/notification/notice.timing.js';
export { letterOf } from '../../modules/operational-alerts/notification/message.js';

// Instants as texts: a date of Jest's own world is no date to the built application.
export const spanFrom = (rule: rules.Rule, at: string): Promise<rules.Span> =>
  rules.spanFrom(rule, new Date(at));
export const spanAfter = (rule: rules.Rule, at: string): Promise<rules.Span> =>
  rules.spanAfter(rule, new Date(at));

/** A request that a receiver got. */
export interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly at: Date;
}

/** A web server on loopback that keeps what it is sent. */
export class Receiver {
  readonly received: Received[] = [];
  /** What it answers; a redirection leads to another path of its own. */
  status = 204;

  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  static async open(): Promise<Receiver> {
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const { url: path = '', headers } = request;
        receiver.received.push({
          path,
          headers,
          body: String(Buffer.concat(chunks)),
          at: new Date(),
        });
        response.writeHead(receiver.status, { location: '/elsewhere' }).end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const receiver = new Receiver(server, `http://127.0.0.1:${port}`);
    return receiver;
  }

  /** Bodies that came to a path, read as JSON. */
  bodies(path: string): { readonly data: { readonly items: never[] } }[] {
    return this.received
      .filter((each) => each.path === path)
      .map(({ body }) => JSON.parse(body) as { data: { items: never[] } });
  }

  async close(): Promise<void> {
    await new Promise((resolve) => this.server.close(resolve));
  }
}

/** A mail server on loopback that keeps what it is sent. */
export class Mailbox {
  readonly letters: { readonly to: string[]; readonly text: string }[] = [];
  /** Letters that it turns away before it takes one. */
  refusals = 0;

  private constructor(
    private readonly server: SMTPServer,
    readonly url: string,
  ) {}

  static async open(): Promise<Mailbox> {
    const server = new SMTPServer({
      authOptional: true,
      disabledCommands: ['STARTTLS'],
      logger: false,
      onData(stream, session, done) {
        const chunks: Buffer[] = [];
        stream.on('data', (chunk: Buffer) => chunks.push(chunk));
        stream.on('end', () => {
          if (mailbox.refusals > 0) {
            mailbox.refusals -= 1;
            return done(Object.assign(new Error('not now'), { responseCode: 451 }));
          }
          const to = session.envelope.rcptTo.map(({ address }) => address);
          mailbox.letters.push({ to, text: String(Buffer.concat(chunks)) });
          return done();
        });
      },
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.server.address() as AddressInfo;
    const mailbox = new Mailbox(server, `smtp://127.0.0.1:${port}`);
    return mailbox;
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }
}

/** Sessions that bear a clock which is moved by hours; after a day somebody signs in again. */
export const LONG_SESSIONS = {
  SESSION_COOKIE_AGE_SECONDS: '2592000',
  SESSION_INACTIVITY_TIMEOUT_SECONDS: '86400',
};

/** A house's time, moved by hand. */
export class MovedClock {
  private shiftMs = 0;

  private constructor(private readonly clock: Clock) {
    clock.now = () => new Date(Date.now() + this.shiftMs);
  }

  static of(house: House): MovedClock {
    return new MovedClock(house.app.get(Clock));
  }

  get now(): Date {
    return this.clock.now();
  }

  forward(minutes: number): void {
    this.shiftMs += minutes * 60_000;
  }

  set(instant: string): void {
    this.shiftMs = new Date(instant).getTime() - Date.now();
  }
}

/** A past of alerts and messages about them, in the demo company. */
export async function pastAlerts(house: House, count: number): Promise<void> {
  await house.rows(
    'owner',
    `WITH subscription AS (
       INSERT INTO operational_alerts_subscription (id, company_id, created_at, updated_at, version,
         name, active, channel, address, language, least_severity, types, group_wait_seconds,
         repeat_minutes, after_unacknowledged_minutes)
       SELECT gen_random_uuid(), id, now(), now(), 1, 'past', false, 'email', 'a@example.cl', 'es',
         'info', '{}', 30, 240, 0 FROM base_company LIMIT 1 RETURNING id, company_id
     ), alert AS (
       INSERT INTO operational_alerts_alert (id, company_id, created_at, updated_at, version, type,
         key, fingerprint, scope, severity, state, label, details, causes, occurrences, regressions,
         good_signs, first_seen_at, last_seen_at, opened_at, resolved_at)
       SELECT gen_random_uuid(), company_id, at, at, 1, 'type.number_' || n % 20, 'key ' || n,
         md5(n::text), CASE WHEN n % 200 = 0 THEN 'installation' ELSE 'company' END,
         CASE WHEN n % 100 = 0 THEN 'critical' ELSE 'warning' END,
         CASE WHEN n % 50 = 0 THEN 'open' ELSE 'resolved' END, 'past', '{}', '[]', 1, 0, 0, at, at, at,
         CASE WHEN n % 50 = 0 THEN NULL ELSE at END
       FROM subscription, generate_series(1, $1::integer) AS n,
         LATERAL (SELECT now() - n * interval '1 minute' AS at) AS past
     )
     INSERT INTO operational_alerts_notification (id, company_id, created_at, updated_at, version,
       subscription_id, state, items, more, attempts)
     SELECT gen_random_uuid(), company_id, now() - n * interval '1 minute', now(), 1, id,
       CASE WHEN n % 100 = 0 THEN 'failing' ELSE 'sent' END, '[]', 0, 1
     FROM subscription, generate_series(1, $1::integer) AS n`,
    { values: [count] },
  );
  await house.rows('owner', 'ANALYZE operational_alerts_alert, operational_alerts_notification');
}

/** The demo company, which operates the test's installation. */
export async function operatorOf(house: House): Promise<string> {
  const [row] = await house.app
    .get(Database)
    .rowsWithoutCompany<{ id: string }>('SELECT id FROM kernel_company ORDER BY created_at, id');
  return row?.id ?? '';
}

/** Records an occurrence, as an event or a measurement would. */
export async function occur(
  house: House,
  type: string,
  key: string,
  more: Partial<Occurrence> = {},
): Promise<void> {
  const now = house.app.get(Clock).now();
  const occurrence = { count: 1, firstAt: now, lastAt: now, label: `about ${key}`, ...more };
  await runAsHouse(await operatorOf(house), 'test', () =>
    house.app.get(AlertIntakeService, { strict: false }).record(type, key, occurrence),
  );
}

/** Takes a sign that all is well. */
export async function goodSign(house: House, type: string, key: string): Promise<void> {
  const now = house.app.get(Clock).now();
  await runAsHouse(await operatorOf(house), 'test', () =>
    house.app.get(AlertIntakeService, { strict: false }).good(type, key, now),
  );
}

/** One round of the worker over all companies, now. */
export function makeRound(house: House): Promise<void> {
  return house.app.get(RoundService, { strict: false }).look();
}

/** The worker's own sign of life; the first time it lists the schedules. */
export function beatWorker(house: House): Promise<void> {
  return house.app.get(HeartbeatWatchService, { strict: false }).beat();
}

/** Counts the server errors that were gathered. */
export function countErrors(house: House): Promise<void> {
  return house.app.get(ServerErrorService, { strict: false }).count();
}

/** Brings what is spooled into the database. */
export function replaySpool(house: House): Promise<void> {
  return house.app.get(SpoolService, { strict: false }).replay();
}

/** Starts the worker of a house; stop it. */
export async function startWorker(house: House): Promise<Worker> {
  const worker = house.app.get(Worker);
  await worker.start(house.urls.application);
  return worker;
}

/** Waits until it holds. @throws Error when it does not in time */
export async function eventually(
  condition: () => boolean | Promise<boolean>,
  what = 'it did not happen in time',
  seconds = 30,
): Promise<void> {
  await until(what, condition, seconds * 1_000);
}

/** What `ofitec alerts` says in this process, without the time that a process takes to start. */
export async function command(
  house: House,
  name: 'check' | 'raise',
  options: Readonly<Record<string, string>> = {},
): Promise<{ code: number; lines: readonly string[]; json: unknown }> {
  const found = alertsCommands.find((each) => each.name === name);
  if (!found || !('runAlone' in found)) throw new Error(`There is no ${name}.`);
  const { exitCode, lines, json } = await found.runAlone(
    {
      config: house.app.get(Config),
      addons: [kernelAddon, ...shippedAddons],
      home: 'nowhere',
      databaseUrl: async () => house.urls.application,
    },
    options,
  );
  return { code: exitCode, lines, json };
}
