import { lookup } from 'node:dns';
import type { LookupAddress, LookupOptions } from 'node:dns';
import { request as requestHttp } from 'node:http';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { request as requestHttps } from 'node:https';
import { BlockList, isIP } from 'node:net';

const TIMEOUT_MS = 10_000;
/** Of the answer, whose content nobody reads beyond the first line of an error. */
const MAX_ANSWER_BYTES = 4_096;

/** Everything that is not the public internet (IANA special-purpose registries). */
const special = new BlockList();
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
] as const) {
  special.addSubnet(network, prefix, 'ipv4');
}
const global = new BlockList();
global.addSubnet('2000::', 3, 'ipv6');
// Ways to write an IPv4 address, documentation, 6to4 and Teredo: none is a receiver of webhooks.
for (const [network, prefix] of [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
] as const) {
  special.addSubnet(network, prefix, 'ipv6');
}

/** A request that somebody configured over REST, so that it must not reach into the house's network. */
export interface Outgoing {
  readonly url: string;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Hosts that are allowed although they are on a private network. */
  readonly privateHosts: readonly string[];
}

/**
 * Posts JSON to a stranger. Private, loopback and other special addresses are refused unless the
 * operator named their host; the address is checked where the connection is made, so that no second
 * answer of the name server gets around it. Redirections are not followed, and everything is bounded.
 *
 * @throws Error that says what went wrong, without a secret
 */
export async function postOutside(outgoing: Outgoing): Promise<void> {
  const url = new URL(outgoing.url);
  const refusal = refusalOf(url, outgoing.privateHosts);
  if (refusal) throw new Error(refusal);
  const answer = await exchange(url, outgoing);
  const status = answer.statusCode ?? 0;
  answer.destroy();
  if (status < 200 || status > 299) throw new Error(`${url.host} answered ${status}`);
}

/** Why a URL may not be called at all, or null. What its name resolves to is looked at later. */
export function refusalOf(url: URL, privateHosts: readonly string[]): string | null {
  const host = hostOf(url);
  const isNamed = privateHosts.includes(host);
  if (url.username || url.password) return 'a URL must not hold a user or password';
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isNamed)) {
    return 'only https is allowed, or http to a host of ALERT_PRIVATE_HOSTS';
  }
  if (!isNamed && isIP(host) !== 0 && isSpecial(host)) {
    return `${host} is no public address; see ALERT_PRIVATE_HOSTS`;
  }
  return null;
}

/** Whether an address is not on the public internet. */
export function isSpecial(address: string): boolean {
  if (isIP(address) === 4) return special.check(address, 'ipv4');
  return !global.check(address, 'ipv6') || special.check(address, 'ipv6');
}

function exchange(url: URL, { body, headers, privateHosts }: Outgoing): Promise<IncomingMessage> {
  const isNamed = privateHosts.includes(hostOf(url));
  const send = url.protocol === 'https:' ? requestHttps : requestHttp;
  return new Promise((resolve, reject) => {
    const request: ClientRequest = send(
      url,
      {
        method: 'POST',
        agent: false,
        headers: {
          ...headers,
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(body),
          'user-agent': 'ofitec',
        },
        signal: AbortSignal.timeout(TIMEOUT_MS),
        maxHeaderSize: MAX_ANSWER_BYTES * 4,
        ...(isNamed ? {} : { lookup: lookUpPublic }),
      },
      resolve,
    );
    request.on('error', (error) => reject(new Error(`${url.host}: ${error.message}`)));
    request.end(body);
  });
}

type Found = (
  error: NodeJS.ErrnoException | null,
  address: string | LookupAddress[],
  family?: number,
) => void;

/** Resolves a name, and refuses it when any of its addresses is not public. */
function lookUpPublic(host: string, options: LookupOptions, found: Found): void {
  lookup(host, { ...options, all: true }, (error, addresses) => {
    if (error) return found(error, []);
    const stray = addresses.find(({ address }) => isSpecial(address));
    if (stray) return found(new Error(`${host} leads to ${stray.address}, no public address`), []);
    const [first] = addresses;
    if (options.all || !first) return found(null, addresses);
    return found(null, first.address, first.family);
  });
}

function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[(.*)\]$/, '$1').toLowerCase();
}
