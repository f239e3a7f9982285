import { readMark } from '../epoch.js';
import type { Mark } from '../epoch.js';
import type { Server } from '../wire/exchange.js';

/** What the provider holds now, and what a change must still find. */
export interface Published {
  /** IPv4 before IPv6. */
  readonly addresses: readonly string[];
  /** The TXT record beside the name; null when there is none. */
  readonly text: string | null;
  readonly mark: Mark | null;
  /** Whether the world sees the provider's own addresses in front of these (a proxied record). */
  readonly hidden: boolean;
}

/** What the name shall say. */
export interface Change {
  /** One of each family that the name has. */
  readonly addresses: readonly string[];
  readonly mark: Mark;
  readonly ttlSeconds: number;
}

/** Where the name is kept. */
export interface Provider {
  /** Where it takes connections. */
  readonly at: Server;

  /** @throws Error when it cannot be read, or when somebody else writes there too */
  read(): Promise<Published>;

  /**
   * Changes address and mark together, only if both are still as they were read.
   *
   * @returns whether it was written; `refused` when it was not and never will be
   * @throws Error when nobody knows: read again
   */
  replace(from: Published, change: Change): Promise<'written' | 'refused'>;
}

/** The one text beside the name. @throws Error when it is not ours to overwrite */
export function readText(texts: readonly string[], name: string): Pick<Published, 'text' | 'mark'> {
  const [text] = texts;
  if (text === undefined) return { text: null, mark: null };
  const mark = readMark(text);
  if (texts.length > 1 || !mark) {
    throw new Error(`The TXT record ${name} was written by somebody else.`);
  }
  return { text, mark };
}
