import { existsSync } from 'node:fs';
import { Client } from 'pg';
import { embeddedBinaries } from './binaries.js';
import { Home } from './home.js';
import { PostgresServer } from './postgres-server.js';

/** Where the database is, by role. */
export interface DatabaseUrls {
  readonly application: string;
  readonly owner: string;
}

/** The running embedded database. */
export interface EmbeddedDatabase {
  readonly urls: DatabaseUrls;
  readonly home: Home;
  /** Stops what this process started and gives the home back; leaves another's server alone. */
  stop(): Promise<void>;
}

const DATABASE = 'ofitec';

/** Starts the embedded PostgreSQL of a home and makes its roles and database once. */
export async function startEmbedded(
  home: Home,
  report: (line: string) => void,
): Promise<EmbeddedDatabase> {
  home.take();
  try {
    report('Starting the embedded PostgreSQL');
    const server = await PostgresServer.start(serverOptions(home));
    await prepareCluster(server, home);
    return {
      urls: urlsOf(server, home),
      home,
      stop: async () => {
        await server.stop();
        home.release();
      },
    };
  } catch (error) {
    home.release();
    throw error;
  }
}

/** Uses the embedded PostgreSQL that runs on the home, or starts it for as long as it is needed. */
export async function joinEmbedded(
  home: Home,
  report: (line: string) => void,
): Promise<EmbeddedDatabase> {
  if (home.holder() === null) return startEmbedded(home, report);
  const server = await PostgresServer.find(serverOptions(home));
  if (!server) throw new Error('The embedded PostgreSQL is still starting; try again in a moment.');
  return { urls: urlsOf(server, home), home, stop: async () => {} };
}

/** The embedded database of a home where it runs; null where it does not. Starts and makes nothing. */
export async function findEmbedded(home: Home): Promise<DatabaseUrls | null> {
  const server = existsSync(home.data) ? await PostgresServer.find(serverOptions(home)) : null;
  return server ? urlsOf(server, home) : null;
}

function serverOptions(home: Home): Parameters<typeof PostgresServer.start>[0] {
  return {
    binaries: embeddedBinaries(),
    data: home.data,
    password: home.passwords().superuser,
    settings: { shared_buffers: '128MB', max_connections: '100' },
  };
}

function urlsOf(server: PostgresServer, home: Home): DatabaseUrls {
  const passwords = home.passwords();
  return {
    application: server.url('ofitec_app', passwords.application, DATABASE),
    owner: server.url('ofitec_owner', passwords.owner, DATABASE),
  };
}

async function prepareCluster(server: PostgresServer, home: Home): Promise<void> {
  const passwords = home.passwords();
  await prepareRoles(server, {
    ofitec_owner: passwords.owner,
    ofitec_app: passwords.application,
    ofitec_readonly: passwords.readonly,
  });
  await withClient(server.superuserUrl(), async (client) => {
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [
      DATABASE,
    ]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${DATABASE} OWNER ofitec_owner`);
  });
}

/** Makes the login roles that are missing, with their passwords. */
export async function prepareRoles(
  server: PostgresServer,
  roles: Readonly<Record<string, string>>,
): Promise<void> {
  await withClient(server.superuserUrl(), async (client) => {
    const { rows } = await client.query<{ rolname: string }>('SELECT rolname FROM pg_roles');
    const known = new Set(rows.map((row) => row.rolname));
    for (const [role, password] of Object.entries(roles)) {
      if (known.has(role)) continue;
      await client.query(
        `CREATE ROLE ${client.escapeIdentifier(role)} LOGIN PASSWORD ${client.escapeLiteral(password)}`,
      );
    }
    // As infra/postgresql/roles.sql does.
    await client.query('GRANT pg_read_all_stats TO ofitec_owner');
  });
}

async function withClient<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
