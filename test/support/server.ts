import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { embeddedBinaries, PostgresServer, prepareRoles } from '#kernel';
import { createHttpApplication, migrate, readBlueprint } from '../../src/bootstrap.js';
import { createDemo } from '../../src/demo.js';
import { postgresOf } from './process.js';

/** One password for every role of the test server: it listens on loopback and dies with the run. */
const TEST_PASSWORD = 'test';
export const DEMO_PASSWORD = 'Una clave de prueba 1!';
const TEMPLATE = 'ofitec_template';
const PREFIX = 'ofitec-test-';
const STALE_MS = 3_600_000;
/** In the folder of a run: the process that it ends with. */
const OWNER = 'run.pid';

/** Where a test database is, by role. */
export interface TestUrls {
  readonly application: string;
  readonly owner: string;
  readonly readonly: string;
  readonly superuser: string;
}

/** Starts the run's PostgreSQL with a migrated, demo-filled template; tells the workers its port. */
export async function startTestServer(): Promise<{ stop: () => Promise<void> }> {
  sweepStale();
  const folder = makeFolder();
  const server = await PostgresServer.start({
    binaries: process.env['OFITEC_TEST_POSTGRES'] ?? embeddedBinaries(),
    data: join(folder, 'postgres'),
    password: TEST_PASSWORD,
    // Logical decoding lets a test see every commit.
    settings: {
      ...{ fsync: 'off', max_connections: '300', shared_buffers: '256MB' },
      wal_level: 'logical',
    },
  });
  process.env['OFITEC_TEST_PORT'] = String(server.port);
  await prepareRoles(server, {
    ofitec_owner: TEST_PASSWORD,
    ofitec_app: TEST_PASSWORD,
    ofitec_readonly: TEST_PASSWORD,
  });
  await fillTemplate();
  return {
    stop: async () => {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The addresses of one database of the run's server. */
function urlsOf(database: string): TestUrls {
  const port = process.env['OFITEC_TEST_PORT'];
  const url = (role: string): string =>
    `postgres://${role}:${TEST_PASSWORD}@127.0.0.1:${port}/${database}`;
  return {
    application: url('ofitec_app'),
    owner: url('ofitec_owner'),
    readonly: url('ofitec_readonly'),
    superuser: url('postgres'),
  };
}

/** Makes a database, empty or a copy of the demo-filled template. */
export async function makeDatabase(name: string, from: 'empty' | 'demo'): Promise<TestUrls> {
  const template = from === 'demo' ? ` TEMPLATE ${TEMPLATE}` : '';
  await asSuperuser(`CREATE DATABASE ${name} OWNER ofitec_owner${template}`);
  return urlsOf(name);
}

/** Drops a database and whoever is still connected to it. */
export async function dropDatabase(name: string): Promise<void> {
  await asSuperuser(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
}

async function asSuperuser(sql: string): Promise<void> {
  const client = new Client({ connectionString: urlsOf('postgres').superuser });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

async function fillTemplate(): Promise<void> {
  await fill(await makeDatabase(TEMPLATE, 'empty'));
}

/** Migrates an empty database and fills it with the demo shop. */
async function fill(urls: { application: string; owner: string }): Promise<void> {
  const blueprint = await readBlueprint({ NODE_ENV: 'test', LOG_LEVEL: 'error' });
  await migrate(urls.owner, blueprint.available, () => {});
  const { app } = await createHttpApplication(blueprint, urls);
  await createDemo(app, DEMO_PASSWORD);
  await app.close();
}

/** A PostgreSQL of a test's own with the demo shop, to kill and to start again where it was. */
export interface OwnServer {
  readonly urls: Omit<TestUrls, 'readonly'>;
  readonly folder: string;
  /** As a power cut would end it. */
  kill(): void;
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts one, filled; stop it. */
export async function startOwnServer(
  given: {
    binaries?: string;
    folder?: string;
    settings?: Readonly<Record<string, string>>;
    isEmpty?: boolean;
  } = {},
): Promise<OwnServer> {
  const folder = given.folder ?? makeFolder();
  chmodSync(folder, 0o755);
  const options = {
    binaries: given.binaries ?? process.env['OFITEC_TEST_POSTGRES'] ?? embeddedBinaries(),
    data: join(folder, 'postgres'),
    password: TEST_PASSWORD,
    settings: given.settings ?? {},
  };
  let server = await PostgresServer.start(options);
  const { port } = server;
  const roles = ['ofitec_owner', 'ofitec_app', 'ofitec_readonly'];
  await prepareRoles(server, Object.fromEntries(roles.map((role) => [role, TEST_PASSWORD])));
  const superuser = new Client({ connectionString: server.superuserUrl() });
  await superuser.connect();
  await superuser.query('CREATE DATABASE ofitec OWNER ofitec_owner');
  await superuser.end();
  const urls = {
    application: server.url('ofitec_app', TEST_PASSWORD, 'ofitec'),
    owner: server.url('ofitec_owner', TEST_PASSWORD, 'ofitec'),
    superuser: server.superuserUrl('ofitec'),
  };
  if (!given.isEmpty) await fill(urls);
  return {
    ...{ urls, folder },
    kill: () => {
      const pid = postgresOf(folder);
      // Number 0 would be this process and all of its own.
      if (pid === null) throw new Error('The PostgreSQL to kill does not run.');
      process.kill(pid, 'SIGKILL');
    },
    restart: async () => {
      server = await PostgresServer.start({
        ...options,
        settings: { ...options.settings, port: String(port) },
      });
    },
    stop: async () => {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), PREFIX));
  chmodSync(folder, 0o755);
  writeFileSync(join(folder, OWNER), String(process.pid));
  return folder;
}

/**
 * Folders of runs that were killed. Their servers, if alive, are of no use to anybody; those of a run beside this
 * one, however long it takes, are.
 */
function sweepStale(): void {
  for (const name of readdirSync(tmpdir()).filter((entry) => entry.startsWith(PREFIX))) {
    const folder = join(tmpdir(), name);
    const stat = statSync(folder, { throwIfNoEntry: false });
    if (!stat || Date.now() - stat.mtimeMs <= STALE_MS || isOwned(folder)) continue;
    rmSync(folder, { recursive: true, force: true });
  }
}

function isOwned(folder: string): boolean {
  const file = join(folder, OWNER);
  const pid = existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0;
  return pid > 0 && existsSync(join('/proc', String(pid)));
}
