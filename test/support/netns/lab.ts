import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { until } from '../until.js';
import type { Program } from '../process.js';
import { Apps, SHOP } from './apps.js';
import { SERVERS as NAME_SERVERS } from './bind.js';
import { Books } from './books.js';
import type { Charge, Probe } from './books.js';
import { Clocks } from './clocks.js';
import { Cluster, MEMBERS } from './cluster.js';
import { DECIDERS, Names } from './names.js';
import { Network } from './network.js';
import { OBSERVERS, Watch } from './watch.js';

/** Below a folder of root's: keepalived runs no script that somebody else could have put there. */
const PLACE = '/var/cache/ofitec-test';
const STILL_MS = 3_000;
const PASSWORD = 'Una clave de prueba 1!';
const HOSTS = {
  ...{ pg1: '10.77.0.1', pg2: '10.77.0.2', pg3: '10.77.0.3' },
  ...{ app1: '10.77.0.11', app2: '10.77.0.12', app3: '10.77.0.13', client: '10.77.0.21' },
  ...{ ns1: '10.77.0.31', ns2: '10.77.0.32' },
  ...{ ob1: '10.77.0.51', ob2: '10.77.0.52', ob3: '10.77.0.53' },
  ...{ de1: '10.77.0.61', de2: '10.77.0.62' },
};

/** The whole house on fourteen hosts, under a load of payments. */
export class HaLab {
  private readonly stills: { from: number; to: number }[] = [];

  private constructor(
    readonly network: Network,
    readonly folder: string,
    readonly cluster: Cluster,
    readonly apps: Apps,
    readonly names: Names,
    readonly watch: Watch,
    readonly clocks: Clocks,
    readonly payer: Program,
    private readonly closing: AbortController,
  ) {
    this.watchClock();
  }

  /** Takes about a minute. Close it, also when it could not be opened: it cleans up after itself then. */
  static async open(): Promise<HaLab> {
    mkdirSync(PLACE, { recursive: true });
    const folder = mkdtempSync(join(PLACE, 'lab-'));
    chmodSync(folder, 0o755);
    const network = Network.open(HOSTS);
    network.owns(folder);
    let cluster: Cluster | null = null;
    let apps: Apps | null = null;
    const closing = new AbortController();
    try {
      const clocks = Clocks.make(folder);
      const members = await Cluster.prepare(network, folder, clocks);
      cluster = members;
      // Patroni waits most of its time; the name servers and Prometheus come up meanwhile.
      const [names, watch] = await Promise.all([
        Names.open(network, folder, clocks),
        Watch.open(network, folder),
        members.start().then(async () => settle(members)),
      ]);
      apps = await Apps.open(network, members, folder, clocks);
      // They count their looks while the rest comes up.
      for (const observer of OBSERVERS) names.startObserver(observer);
      startProber(network, members, folder);
      for (const member of MEMBERS) members.startGuard(member);
      void members.serveWishes(closing.signal);
      await names.moveBack();
      for (const decider of DECIDERS) names.startDecider(decider);
      const payer = startPayer(network, folder);
      await Promise.all([names.settled(), payer.until(/ready\n/, 180_000)]);
      return new HaLab(network, folder, members, apps, names, watch, clocks, payer, closing);
    } catch (error) {
      closing.abort();
      apps?.close();
      network.close();
      cluster?.unmount();
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
  }

  /** What the client was answered since an instant. */
  charges(since = 0): Charge[] {
    return linesOf<Charge>(join(this.folder, 'ledger')).filter(({ at }) => at >= since);
  }

  /** Notes when this whole machine stood still, as one does that somebody else stops or starves. */
  private watchClock(): void {
    let last = Date.now();
    const ticks = setInterval(() => {
      const now = Date.now();
      if (now - last > STILL_MS) this.stills.push({ from: last, to: now });
      last = now;
    }, 250);
    this.closing.signal.addEventListener('abort', () => clearInterval(ticks));
  }

  /** For how long this machine stood still after an instant, in milliseconds. */
  stoodStill(since: number): number {
    return this.stills.reduce(
      (sum, { from, to }) => sum + Math.max(0, to - Math.max(from, since)),
      0,
    );
  }

  /** The longest time between two acknowledged payments since an instant, in milliseconds. */
  longestGap(since: number): number {
    const times = this.charges(since - 1_000).flatMap(({ at, status }) =>
      status === 201 ? [at] : [],
    );
    const all = [since, ...times.filter((at) => at > since)];
    const between = (from: number, to: number): number => to - from - this.stoodStill(from) + this.stoodStill(to); // prettier-ignore
    const gaps = all.slice(1).map((at, n) => between(all[n] ?? at, at));
    return Math.max(0, ...gaps, between(all.at(-1) ?? since, Date.now()));
  }

  /** Waits until so many payments were acknowledged after an instant, at an address if told. */
  async paid(since: number, count = 20, via?: string, timeoutMs = 120_000): Promise<void> {
    const paid = (): number => this.acknowledgedBy(via, since);
    await until(`${count} payments`, () => paid() >= count, timeoutMs).catch((error: unknown) => {
      const said = this.charges(Date.now() - 20_000).map(
        ({ status, code }) => `${status} ${code ?? ''}`,
      );
      throw new Error(`${String(error)}; last answers: ${[...new Set(said)].join(', ')}`, {
        cause: error,
      });
    });
  }

  /** How many payments were acknowledged after an instant, at an address if told. */
  acknowledgedBy(via: string | undefined, since: number): number {
    const all = this.charges(since).filter(({ status }) => status === 201);
    return all.filter((each) => via === undefined || each.via === via).length;
  }

  /** Instants at which two servers acknowledged within the same tenth of a second, as texts. */
  doubleAcknowledgements(): string[] {
    const slots = new Map<number, Set<string>>();
    for (const { at, name } of this.probes()) {
      const slot = Math.floor(at / 100);
      slots.set(slot, (slots.get(slot) ?? new Set()).add(name));
    }
    const doubles = [...slots].filter(([, names]) => names.size > 1);
    return doubles.map(
      ([slot, names]) => `${new Date(slot * 100).toISOString()} ${[...names].join(' ')}`,
    );
  }

  /**
   * Stops charging, waits until every charge is acknowledged, reads the leader that etcd's majority
   * names, and goes on charging.
   */
  async books(): Promise<Books> {
    const before = count(this.payer.output, 'paused');
    process.kill(this.payer.pid, 'SIGUSR2');
    try {
      await until('every charge is acknowledged', () => count(this.payer.output, 'paused') > before, 120_000); // prettier-ignore
      return await this.readBooks();
    } finally {
      process.kill(this.payer.pid, 'SIGUSR2');
    }
  }

  /** Nothing is charged meanwhile, so a leader that gives its place away just now is asked again, or its successor. */
  private async readBooks(): Promise<Books> {
    const sql = async (statement: string, database?: string): Promise<string> => {
      const leader = await this.cluster.whole();
      return this.cluster.sql(leader, statement, database === undefined ? {} : { database });
    };
    let books: Books | undefined;
    await until('the leader tells what it holds', async () => {
      const at = Date.now();
      const [charges, probes] = [this.charges(), this.probes()];
      const payments = await sql('SELECT id FROM payments_payment');
      const writes = await sql('SELECT id FROM failover_probe', 'postgres');
      const stored = new Set(payments.split('\n').filter((id) => id !== ''));
      books = new Books(at, charges, stored, probes, new Set(writes.split('\n').map(Number)));
      return true;
    }, 15_000); // prettier-ignore
    if (!books) throw new Error('Nobody told what the leader holds.');
    return books;
  }

  /** Whoever of the servers acknowledged a direct write after an instant. */
  acknowledging(since: number): string[] {
    return [
      ...new Set(
        this.probes()
          .filter(({ at }) => at >= since)
          .map(({ name }) => name),
      ),
    ];
  }

  /** @param logs a folder where what the services said is kept */
  close(logs?: string): void {
    if (logs) {
      mkdirSync(logs, { recursive: true });
      for (const [name, said] of [...this.cluster.logs(), ...this.names.logs()])
        writeFileSync(join(logs, name.replace('/', '-')), said);
      for (const file of ['ledger', 'probes']) cpSync(join(this.folder, file), join(logs, file));
    }
    this.closing.abort();
    this.apps.close();
    this.names.bind.close();
    this.network.close();
    this.cluster.unmount();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private probes(): Probe[] {
    return linesOf(join(this.folder, 'probes'));
  }
}

/** The roles of infra/postgresql, tables, and the demo shop. */
async function settle(cluster: Cluster): Promise<void> {
  const leader = await cluster.whole();
  const postgres = { database: 'postgres' };
  const { network, passwords } = cluster;
  await network.read('client', '/usr/lib/postgresql/15/bin/psql', ['-Xq', '-v', 'ON_ERROR_STOP=1', '-v', 'database=ofitec', '-d', cluster.url([leader], 'postgres', 'postgres'), '-f', resolve('infra/postgresql/roles.sql')]); // prettier-ignore
  for (const [role, key] of [
    ['ofitec_owner', 'owner'],
    ['ofitec_app', 'app'],
    ['ofitec_readonly', 'app'],
  ] as const) {
    // prettier-ignore
    await cluster.sql(leader, `ALTER ROLE ${role} PASSWORD '${passwords[key]}'`, postgres);
  }
  await cluster.sql(leader, 'CREATE TABLE failover_probe (id bigint PRIMARY KEY, node text NOT NULL)', postgres); // prettier-ignore
  await network.read('client', process.execPath, [resolve('dist/test/support/netns/settle.js')], {
    env: {
      DATABASE_URL: cluster.url(MEMBERS, 'ofitec_app'),
      DATABASE_OWNER_URL: cluster.url(MEMBERS, 'ofitec_owner'),
      DEMO_PASSWORD: PASSWORD,
    },
  });
}

/** Tills that know the shop by its name. */
function startPayer(network: Network, folder: string): Program {
  const servers = NAME_SERVERS.map((each) => network.addressOf(each));
  const what = { name: SHOP, port: 3000, servers, password: PASSWORD, ledger: join(folder, 'ledger'), lanes: 3 }; // prettier-ignore
  return network.start('client', process.execPath, [resolve('dist/test/support/netns/payer.js')], {
    env: { PAYER: JSON.stringify(what) },
  });
}

function startProber(network: Network, cluster: Cluster, folder: string): Program {
  const servers = Object.fromEntries(MEMBERS.map((member) => [member, cluster.url([member], 'postgres', 'postgres')])); // prettier-ignore
  return network.start('client', process.execPath, [resolve('dist/test/support/netns/prober.js')], {
    env: { PROBER: JSON.stringify({ servers, file: join(folder, 'probes') }) },
  });
}

function linesOf<T>(file: string): T[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as T);
}

function count(text: string, word: string): number {
  return text.split(word).length - 1;
}
