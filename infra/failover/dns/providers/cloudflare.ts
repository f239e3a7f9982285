import Client, { APIError } from 'cloudflare';
import { markName, writeMark } from '../epoch.js';
import { addressType } from '../wire/message.js';
import { serverOf } from '../wire/exchange.js';
import type { Server } from '../wire/exchange.js';
import type { Family } from '../wire/message.js';
import { readText } from './provider.js';
import type { Change, Provider, Published } from './provider.js';

export interface CloudflareOptions {
  /** The zone's id, or its name. */
  readonly zone: string;
  readonly record: string;
  readonly families: readonly Family[];
  readonly token: string;
  readonly timeoutMs: number;
  /** Another address of the API, for a test. */
  readonly endpoint?: string;
}

interface Seen extends Published {
  /** Ids of the address records, by family. */
  readonly ids: ReadonlyMap<Family, string>;
  readonly textId: string | null;
}

/**
 * Cloudflare. A batch is one transaction of its database, and deletes a record by its id; the mark is
 * deleted and made anew at each change, so a batch that was made for an older mark names an id that
 * is gone, and nothing of it is done. The address is patched, which keeps proxy, comment and tags.
 * How the batch treats an unknown id is read out of its documentation and was not tried on the service.
 */
export class Cloudflare implements Provider {
  private readonly client: Client;
  private zoneId: string | null;

  constructor(private readonly options: CloudflareOptions) {
    const { token, timeoutMs, endpoint, zone } = options;
    this.zoneId = /^[\da-f]{32}$/.test(zone) ? zone : null;
    this.client = new Client({
      apiToken: token,
      timeout: timeoutMs,
      // The actuator itself tries again, after it has read what stands.
      maxRetries: 0,
      ...(endpoint ? { baseURL: endpoint } : {}),
    });
  }

  get at(): Server {
    return serverOf(this.client.baseURL);
  }

  async read(): Promise<Seen> {
    const { record, families } = this.options;
    const texts = await this.find(markName(record), 'TXT');
    const found: { family: Family; id: string; content: string; proxied: boolean }[] = [];
    for (const family of families) {
      const [only, ...more] = await this.find(record, family);
      if (more.length > 0) throw new Error(`${record} has several ${family} records.`);
      if (only) found.push({ family, ...only });
    }
    const hidden = found.some(({ proxied }) => proxied);
    if (hidden && !found.every(({ proxied }) => proxied)) {
      throw new Error(`${record} is proxied for one family and not for the other.`);
    }
    const [text] = texts;
    const plain = texts.map(({ content }) => content.replaceAll(/^"|"$/g, ''));
    return {
      addresses: found.map(({ content }) => content),
      ...readText(plain, markName(record)),
      hidden,
      ids: new Map(found.map(({ family, id }) => [family, id])),
      textId: text?.id ?? null,
    };
  }

  async replace(from: Published, change: Change): Promise<'written' | 'refused'> {
    const { record } = this.options;
    const { ids, textId, hidden } = from as Seen;
    // A proxied record's time to live is Cloudflare's own affair and is written as 1.
    const ttl = hidden ? 1 : change.ttlSeconds;
    const addresses = change.addresses.map((content) => {
      return { name: record, type: addressType(content), content, ttl } as const;
    });
    const patches = addresses.flatMap((each) => {
      const id = ids.get(each.type);
      return id === undefined ? [] : [{ id, ...each }];
    });
    const made = addresses.filter(({ type }) => !ids.has(type));
    const text = writeMark(change.mark);
    const mark = {
      name: markName(record),
      type: 'TXT' as const,
      content: `"${text}"`,
      ttl: change.ttlSeconds,
    };
    try {
      const response = await this.client.dns.records
        .batch({
          zone_id: await this.zone(),
          ...(textId ? { deletes: [{ id: textId }] } : {}),
          ...(patches.length > 0 ? { patches } : {}),
          posts: [...made, mark],
        })
        .asResponse();
      await resultOf(response);
      return 'written';
    } catch (error) {
      if (isGone(error)) return 'refused';
      throw error;
    }
  }

  private async zone(): Promise<string> {
    if (this.zoneId) return this.zoneId;
    const { zone } = this.options;
    for await (const each of this.client.zones.list({ name: zone })) {
      if (each.name === zone) return (this.zoneId = each.id);
    }
    throw new Error(`Cloudflare knows no zone ${zone}, or the token may not see it.`);
  }

  private async find(
    name: string,
    type: 'A' | 'AAAA' | 'TXT',
  ): Promise<{ id: string; content: string; proxied: boolean }[]> {
    const response = await this.client.dns.records
      .list({ zone_id: await this.zone(), name: { exact: name }, type })
      .asResponse();
    const result = await resultOf(response);
    if (!Array.isArray(result)) throw new Error('Cloudflare did not say what it holds.');
    return (result as Held[])
      .filter((each) => each.name === name && each.type === type)
      .map(({ id, content, proxied }) => ({
        id,
        content: content ?? '',
        proxied: proxied === true,
      }));
  }
}

interface Held {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly content: string;
  readonly proxied?: boolean;
}

/**
 * What an answer carries. The client takes a 200 that says `success: false` for an empty list, and
 * whoever acts on emptiness deletes the name.
 */
async function resultOf(response: Response): Promise<unknown> {
  const body = (await response.json()) as { success?: boolean; result?: unknown; errors?: unknown };
  if (body.success === true) return body.result;
  throw new Error(`Cloudflare answers ${response.status}: ${JSON.stringify(body.errors)}`);
}

/** The record to delete is not there any more (81044), or the one to make is there already (81057, 81058). */
function isGone(error: unknown): boolean {
  if (!(error instanceof APIError)) return false;
  const codes = [81_044, 81_057, 81_058];
  return error.errors.some(({ code }) => codes.includes(Number(code)));
}
