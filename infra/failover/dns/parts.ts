import { readFileSync } from 'node:fs';
import type { Failover } from './config.js';
import { Misconfigured } from './config.js';
import { Cloudflare } from './providers/cloudflare.js';
import type { Provider } from './providers/provider.js';
import { Rfc2136 } from './providers/rfc2136.js';
import { Route53 } from './providers/route53.js';
import { readKey } from './wire/tsig.js';
import { Zone } from './zone.js';

/** How long one question to a name server or a provider may take. */
const DNS_TIMEOUT_MS = 3_000;
const API_TIMEOUT_MS = 5_000;

/** The provider that the configuration names. @throws Misconfigured when its key cannot be read */
export function providerOf({ provider, record, zone, families }: Failover): Provider {
  const name = { record, families };
  if (provider.kind === 'cloudflare') {
    return new Cloudflare({ ...provider, ...name, timeoutMs: API_TIMEOUT_MS });
  }
  if (provider.kind === 'route53') {
    return new Route53({ ...provider, ...name, timeoutMs: API_TIMEOUT_MS });
  }
  const { server, keyFile } = provider;
  const key = readTsigKey(keyFile);
  return new Rfc2136({ server, zone, ...name, key, timeoutMs: DNS_TIMEOUT_MS });
}

export function zoneOf({ zone, record, families, authoritative }: Failover): Zone {
  return new Zone({ zone, record, families, authoritative, timeoutMs: DNS_TIMEOUT_MS });
}

function readTsigKey(keyFile: string): ReturnType<typeof readKey> {
  try {
    return readKey(readFileSync(keyFile, 'utf8'));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new Misconfigured([`${keyFile} ${code ? `cannot be read: ${code}` : message}`]);
  }
}
