import { setTimeout as sleep } from 'node:timers/promises';
import { contentOf, runLine, writeWhole } from '#kernel';
import type { Colour, NginxPlan, Place, TraefikPlan } from './config.js';
import { COLOURS } from './config.js';

const EFFECT_MS = 20_000;
const ASK_MS = 2_000;
/** Under the 72 s after which the application closes a connection that rests: the proxy is first. */
const REST_SECONDS = 60;

export interface Shares {
  readonly weights: Readonly<Record<Colour, number>>;
  readonly generation: number;
}

/** The server in front did not take what it was told; it goes on as before. */
export class ProxyRefused extends Error {}

/** A server in front that sends each colour its share of the requests. */
export interface Proxy {
  readonly name: string;
  /** The file that it reads. */
  readonly file: string;
  text(shares: Shares): string;
  /** Whether it works as the shares say; false also when it does not answer. */
  follows(shares: Shares): Promise<boolean>;
  /** Makes it so, however far an earlier call came. @throws ProxyRefused with the old file back in its place */
  tell(shares: Shares): Promise<void>;
}

type Places = Readonly<Record<Colour, Place>>;

/** nginx: an upstream that it includes, tested and reloaded. */
export class Nginx implements Proxy {
  readonly name = 'nginx';

  constructor(
    private readonly plan: NginxPlan,
    private readonly places: Places,
  ) {}

  get file(): string {
    return this.plan.file;
  }

  text(shares: Shares): string {
    const servers = served(shares).map(
      ([colour, weight]) => `  server ${hostOf(this.places[colour])} weight=${weight};`,
    );
    return [
      ...heading(shares, '#'),
      'upstream ofitec {',
      // Workers count together, so that shares hold for a handful of requests, too.
      '  zone ofitec 256k;',
      ...servers,
      '  keepalive 64;',
      `  keepalive_timeout ${REST_SECONDS}s;`,
      '}',
      'server {',
      `  listen ${this.plan.status};`,
      '  access_log off;',
      `  location / { default_type text/plain; return 200 "${markOf(shares)}\\n"; }`,
      '}',
      '',
    ].join('\n');
  }

  async follows(shares: Shares): Promise<boolean> {
    return (await asked(`http://${this.plan.status}/`))?.trim() === markOf(shares);
  }

  async tell(shares: Shares): Promise<void> {
    const old = await replaced(this.plan.file, this.text(shares));
    try {
      await runLine(this.plan.test);
      await runLine(this.plan.reload);
      await inEffect(() => this.follows(shares));
    } catch (error) {
      await putBack(this.plan.file, old);
      throw new ProxyRefused(`nginx: ${(error as Error).message}`, { cause: error });
    }
  }
}

/** Traefik: a weighted service in its dynamic folder, which it watches itself. */
export class Traefik implements Proxy {
  readonly name = 'traefik';

  constructor(
    private readonly plan: TraefikPlan,
    private readonly places: Places,
  ) {}

  get file(): string {
    return this.plan.file;
  }

  text(shares: Shares): string {
    const weighted = served(shares).flatMap(([colour, weight]) => [
      `          - name: ofitec-${colour}`,
      `            weight: ${weight}`,
    ]);
    return [
      ...heading(shares, '#'),
      'http:',
      '  services:',
      '    ofitec:',
      '      weighted:',
      '        services:',
      ...weighted,
      ...COLOURS.flatMap((colour) => [
        `    ofitec-${colour}:`,
        '      loadBalancer:',
        '        serversTransport: ofitec',
        '        servers:',
        `          - url: "${this.places[colour].url}"`,
      ]),
      '  serversTransports:',
      '    ofitec:',
      '      forwardingTimeouts:',
      '        dialTimeout: 2s',
      '        responseHeaderTimeout: 60s',
      `        idleConnTimeout: ${REST_SECONDS}s`,
      '',
    ].join('\n');
  }

  async follows(shares: Shares): Promise<boolean> {
    const answer = await asked(`${this.plan.api}/api/http/services/ofitec@file`);
    if (answer === null) return false;
    const { weighted } = JSON.parse(answer) as {
      weighted?: { services?: { name: string; weight?: number }[] };
    };
    const told = (weighted?.services ?? []).map(
      ({ name, weight = 1 }) => [name.replace(/^ofitec-|@file$/g, ''), weight] as const,
    );
    return JSON.stringify(told) === JSON.stringify(served(shares));
  }

  async tell(shares: Shares): Promise<void> {
    const old = await replaced(this.plan.file, this.text(shares));
    try {
      await inEffect(() => this.follows(shares));
    } catch (error) {
      await putBack(this.plan.file, old);
      throw new ProxyRefused(`Traefik: ${(error as Error).message}`, { cause: error });
    }
  }
}

/** Colours that get something, with their weight. */
function served({ weights }: Shares): [Colour, number][] {
  return COLOURS.filter((colour) => weights[colour] > 0).map((colour) => [colour, weights[colour]]);
}

function markOf({ weights: { blue, green }, generation }: Shares): string {
  return `generation ${generation}: blue ${blue} %, green ${green} %`;
}

function heading(shares: Shares, comment: string): string[] {
  return [
    `${comment} Written by \`ofitec release\`, ${markOf(shares)}.`,
    `${comment} Whoever edits this by hand loses it with the next one.`,
  ];
}

function hostOf({ url }: Place): string {
  const { hostname, port } = new URL(url);
  return `${hostname}:${port || '80'}`;
}

/** Puts a text into a file. @returns what was there, also if an earlier process was killed after that */
async function replaced(file: string, text: string): Promise<string | null> {
  const there = await contentOf(file);
  if (there === text) return contentOf(`${file}.previous`);
  if (there !== null) await writeWhole(`${file}.previous`, there);
  await writeWhole(file, text);
  return there;
}

async function putBack(file: string, old: string | null): Promise<void> {
  if (old !== null) await writeWhole(file, old);
}

async function inEffect(holds: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + EFFECT_MS;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error('it does not work as its new file says');
    await sleep(100);
  }
}

/** What a loopback address answers, or null. Each time a new connection: an old process may hold the last. */
async function asked(url: string): Promise<string | null> {
  try {
    const answer = await fetch(url, {
      signal: AbortSignal.timeout(ASK_MS),
      headers: { connection: 'close' },
    });
    const body = await answer.text();
    return answer.status === 200 ? body : null;
  } catch {
    return null;
  }
}
