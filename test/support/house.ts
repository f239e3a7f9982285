import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { OpenAPIObject } from '@nestjs/swagger';
import { Client as Connection } from 'pg';
import type { QueryResultRow } from 'pg';
import { createHttpApplication, readBlueprint } from '../../src/bootstrap.js';
import { Client, signIn } from './client.js';
import type { StatusCheck } from './client.js';
import { statusChecker } from './documented.js';
import { ROOMY_LIMITS } from './limits.js';
import { DEMO_PASSWORD, dropDatabase, makeDatabase } from './server.js';
import type { TestUrls } from './server.js';
import { until } from './until.js';

const UNDELIVERED = `SELECT FROM kernel_event_pending
  UNION ALL SELECT FROM pgboss.job WHERE state IN ('created', 'retry', 'active')`;

/** Protects nothing: what tests seal is theirs. The same for every process over a test database. */
const TEST_SECRET_KEY = 'of the tests only and seals nothing that anybody wants to keep';

const open = new Set<House>();

/** The application on a free port, over its own copy of the demo database. */
export class House {
  private constructor(
    readonly database: string | null,
    readonly urls: TestUrls,
    readonly app: NestFastifyApplication,
    readonly url: string,
    readonly openApi: () => OpenAPIObject,
    /** Where it keeps what it records without its database; removed when it is closed. */
    readonly spool: string,
  ) {
    this.check = statusChecker(openApi());
  }

  private readonly check: StatusCheck;

  /** Starts one; `env` adds to the environment. It is closed when the test file ends. */
  static async open(env: Readonly<Record<string, string>> = {}): Promise<House> {
    const database = `test_${randomBytes(6).toString('hex')}`;
    const urls = await makeDatabase(database, 'demo');
    return House.over(database, urls, env);
  }

  /** A further process' worth of application over a database; null is one that is not ours to drop. */
  static async over(
    database: string | null,
    urls: TestUrls,
    env: Readonly<Record<string, string>> = {},
  ): Promise<House> {
    const spool = join(tmpdir(), `ofitec-test-spool-${randomBytes(6).toString('hex')}`);
    const blueprint = await readBlueprint({
      ALERT_SPOOL: spool,
      ...{ NODE_ENV: 'test', LOG_LEVEL: 'error', SECRET_KEY: TEST_SECRET_KEY },
      ...ROOMY_LIMITS,
      ...env,
    });
    const { app, openApi } = await createHttpApplication(blueprint, urls);
    await app.listen(0, '127.0.0.1');
    const address = app.getHttpServer().address();
    const port = typeof address === 'object' && address ? address.port : 0;
    const house = new House(database, urls, app, `http://127.0.0.1:${port}`, openApi, spool);
    open.add(house);
    return house;
  }

  /** A client of a demo user (or any user with the demo password). */
  async as(login: string): Promise<Client> {
    return signIn(this.url, login, DEMO_PASSWORD, this.check);
  }

  /** A client of nobody. */
  get nobody(): Client {
    return new Client(this.url, null, this.check);
  }

  /** Rows of a query as a role; as the application, of one company when told. */
  async rows<R extends QueryResultRow>(
    role: keyof TestUrls,
    sql: string,
    options: { companyId?: string; values?: unknown[] } = {},
  ): Promise<R[]> {
    const client = new Connection({ connectionString: this.urls[role] });
    await client.connect();
    try {
      const { companyId = '', values = [] } = options;
      await client.query("SELECT set_config('ofitec.company_id', $1, false)", [companyId]);
      return (await client.query<R>(sql, values)).rows;
    } finally {
      await client.end();
    }
  }

  /**
   * Waits until a worker has delivered all that was published, and what that published in turn: what has not
   * happened then does not happen.
   */
  async settled(timeoutMs = 30_000): Promise<void> {
    const isSo = async (): Promise<boolean> => (await this.rows('owner', UNDELIVERED)).length === 0;
    await until('everything is delivered', isSo, timeoutMs);
  }

  async close(): Promise<void> {
    if (!open.delete(this)) return;
    await this.app.close();
    rmSync(this.spool, { recursive: true, force: true });
    const { database } = this;
    if (database !== null && ![...open].some((other) => other.database === database)) {
      await dropDatabase(database);
    }
  }
}

/** Closes what the test file left open. */
export async function closeHouses(): Promise<void> {
  for (const house of open) await house.close();
}
