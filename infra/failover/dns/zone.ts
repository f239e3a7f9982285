import { Resolver } from 'node:dns/promises';
import { markName, readMark } from './epoch.js';
import type { Mark } from './epoch.js';
import { writeServer } from './wire/exchange.js';
import type { Server } from './wire/exchange.js';
import type { Family } from './wire/message.js';
import { queryAuthority } from './wire/query.js';

/** What one authoritative server answers. */
export interface ServerView {
  readonly server: string;
  readonly addresses: readonly string[];
  readonly mark: Mark | null;
  /** Of the address; null when there is none. */
  readonly ttlSeconds: number | null;
  /** Why it said nothing that counts. */
  readonly error: string | null;
}

/** What all that answer say together. */
export interface ZoneView {
  readonly servers: readonly ServerView[];
  /** null when they differ or none answers; whoever is silent is not waited for. */
  readonly agreed: { readonly addresses: readonly string[]; readonly mark: Mark | null } | null;
}

/** The name as the world gets it: asked at every authoritative server, past all caches. */
export class Zone {
  private found: readonly Server[] = [];

  constructor(
    private readonly options: {
      readonly zone: string;
      readonly record: string;
      readonly families: readonly Family[];
      readonly authoritative: readonly Server[];
      readonly timeoutMs: number;
      /** Other resolvers than this host's, for a test. */
      readonly resolvers?: readonly string[];
    },
  ) {}

  async look(): Promise<ZoneView> {
    const servers = await Promise.all((await this.servers()).map((server) => this.ask(server)));
    const heard = servers.filter(({ error }) => error === null);
    const views = new Set(heard.map(({ addresses, mark }) => JSON.stringify([addresses, mark])));
    const [first] = heard;
    return { servers, agreed: first && views.size === 1 ? pickAgreed(first) : null };
  }

  private async ask(server: Server): Promise<ServerView> {
    const { record, families, timeoutMs } = this.options;
    const name = writeServer(server);
    try {
      const [text, ...sets] = await Promise.all([
        queryAuthority(server, markName(record), 'TXT', timeoutMs),
        ...families.map(async (family) => queryAuthority(server, record, family, timeoutMs)),
      ]);
      const ttls = sets.flatMap(({ ttlSeconds }) => ttlSeconds ?? []);
      const [only, ...more] = text.values;
      return {
        server: name,
        addresses: sets.flatMap(({ values }) => values),
        mark: only !== undefined && more.length === 0 ? readMark(only) : null,
        ttlSeconds: ttls.length > 0 ? Math.max(...ttls) : null,
        error: null,
      };
    } catch (error) {
      const silent = { addresses: [], mark: null, ttlSeconds: null };
      return { server: name, ...silent, error: (error as Error).message };
    }
  }

  /** The configured servers, or those that the zone names; these are kept when they cannot be asked again. */
  private async servers(): Promise<readonly Server[]> {
    const { authoritative, zone } = this.options;
    if (authoritative.length > 0) return authoritative;
    if (this.found.length > 0) return this.found;
    this.found = await this.named(zone);
    return this.found;
  }

  /** @throws Error when no resolver says in time who serves the zone */
  private async named(zone: string): Promise<Server[]> {
    const { timeoutMs, resolvers } = this.options;
    const resolver = new Resolver({ timeout: timeoutMs, tries: 1 });
    if (resolvers) resolver.setServers([...resolvers]);
    // A resolver asks one server after another, each for its whole time.
    const deadline = setTimeout(() => resolver.cancel(), timeoutMs);
    try {
      const names = await resolver.resolveNs(zone);
      const addresses = await Promise.all(
        names.map((name) =>
          resolver.resolve4(name).catch(() => resolver.resolve6(name).catch(() => [])),
        ),
      );
      return addresses.flat().map((host) => ({ host, port: 53 }));
    } finally {
      clearTimeout(deadline);
    }
  }
}

function pickAgreed({ addresses, mark }: ServerView): ZoneView['agreed'] {
  return { addresses, mark };
}
