import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import type { ClientConfig } from 'pg';
import { fileOf } from './url-file.js';
import type { UrlFile } from './url-file.js';

/** A server of a cluster. */
interface Server {
  readonly host: string;
  readonly port: number;
}

const PROBE_MS = 2_000;
/** How often a server that only reads is asked again: it may be the one that takes over just now. */
const ASK_AGAIN_MS = 100;
const AUTHORITY = /^(postgres(?:ql)?:\/\/(?:[^@/]*@)?)([^/?]+)(.*)$/s;

/**
 * One URL for each server of a URL that names several, by commas as libpq writes them:
 * `postgres://app@db1:5432,db2:5432/ofitec`. What PostgreSQL's own clients need
 * `target_session_attrs=read-write` for is the rule here.
 */
export function serversOf(url: string): string[] {
  const [, before = '', hosts, after = ''] = AUTHORITY.exec(url) ?? [];
  return hosts === undefined ? [url] : hosts.split(',').map((host) => `${before}${host}${after}`);
}

/** What pg's `Client` and `Pool` are given for a URL, which may name several servers. */
export interface Connecting {
  readonly connectionString: string;
  readonly Client?: typeof Client;
  readonly servers?: readonly Server[];
  readonly follows?: UrlFile;
  readonly maxLifetimeSeconds?: number;
}

/** How to reach the database of a URL: of several servers, the one that takes writes. */
export function connecting(url: string): Connecting {
  const follows = fileOf(url);
  const life = follows ? { follows, maxLifetimeSeconds: follows.lifeSeconds } : {};
  const urls = serversOf(follows?.read() ?? url);
  const [connectionString = url] = urls;
  if (urls.length === 1) {
    return { connectionString, ...(follows ? { Client: FollowingClient, ...life } : {}) };
  }
  return { connectionString, Client: WritableClient, servers: urls.map(serverOf), ...life };
}

function serverOf(url: string): Server {
  const { host, port } = new Client({ connectionString: url });
  return { host, port };
}

/** A client for a URL, which may name several servers. */
export function clientTo(url: string, config: ClientConfig = {}): Client {
  const reach = connecting(url);
  return new (reach.Client ?? Client)({ ...config, ...reach });
}

type Settings = ClientConfig & { readonly servers?: readonly Server[]; readonly follows?: UrlFile };
type Done = ((error: Error) => void) | ((error: null, client: Client) => void);

/** A connection with the credentials that its file holds when it is made. */
class FollowingClient extends Client {
  constructor(config?: string | ClientConfig) {
    super(present(typeof config === 'object' ? config : {}));
  }
}

/** The settings of a new connection: what the file says now, if there is one. */
function present(settings: Settings): Settings {
  const { follows } = settings;
  if (!follows) return settings;
  const urls = serversOf(follows.read());
  const [connectionString = ''] = urls;
  return {
    ...settings,
    connectionString,
    ...(urls.length > 1 ? { servers: urls.map(serverOf) } : {}),
  };
}

/**
 * A connection to whichever of several servers takes writes. All of them are asked before each new
 * connection: a pool makes few, and after a failover none may end on the one that lost its place. Who only
 * reads is asked again for two seconds: in a failover it is about to write.
 */
class WritableClient extends Client {
  private readonly settings: Settings;

  constructor(config?: string | ClientConfig) {
    const settings = present(typeof config === 'object' ? config : {});
    super(settings);
    this.settings = settings;
  }

  override connect(): Promise<Client>;
  override connect(done: Done): void;
  override connect(done?: Done): Promise<Client> | void {
    const connected = this.find().then(() => super.connect());
    if (!done) return connected;
    const tell = done as (error: Error | null, client?: Client) => void;
    connected.then(
      () => tell(null, this),
      (error: Error) => tell(error),
    );
  }

  /** @throws Error `ECONNREFUSED` when none of them takes writes in time */
  private async find(): Promise<void> {
    const { servers = [], ...settings } = this.settings;
    const found = new AbortController();
    try {
      const { host, port } = await Promise.any(
        servers.map((server) => demandWritable(settings, server, found.signal)),
      );
      Object.assign(this, { host, port });
    } catch (error) {
      const refused = new Error('none of the database servers takes writes', { cause: error });
      throw Object.assign(refused, { code: 'ECONNREFUSED' });
    } finally {
      found.abort();
    }
  }
}

async function demandWritable(
  settings: Settings,
  server: Server,
  signal: AbortSignal,
): Promise<Server> {
  // The host of a connection string would win over the one that is asked.
  const { connectionString = '', ...others } = settings;
  const url = new URL(connectionString || 'postgres://');
  if (connectionString) [url.hostname, url.port] = [server.host, String(server.port)];
  const probe = new Client({
    ...others,
    ...(connectionString ? { connectionString: url.href } : server),
    connectionTimeoutMillis: PROBE_MS,
    query_timeout: PROBE_MS,
  });
  probe.on('error', () => undefined);
  try {
    await probe.connect();
    for (
      const until = performance.now() + PROBE_MS;
      ;
      await sleep(ASK_AGAIN_MS, null, { signal })
    ) {
      const { rows } = await probe.query<{ readOnly: string }>(
        `SELECT current_setting('transaction_read_only') AS "readOnly"`,
      );
      if (rows[0]?.readOnly === 'off') return server;
      if (performance.now() > until) throw new Error(`${server.host}:${server.port} is read-only`);
    }
  } finally {
    await probe.end().catch(() => undefined);
  }
}
